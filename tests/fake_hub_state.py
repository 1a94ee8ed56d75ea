"""What the fake Hub remembers: repositories, commits, blobs, accounts and the faults a test asked for. No HTTP here."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property

LFS_BYTES = 10 * 2**20
MODEL_PATTERNS = ("*.bin", "*.ckpt", "*.npz", "*.onnx", "*.parquet", "*.pt", "*.pth", "*.safetensors", "*.zip")
DATASET_PATTERNS = (*MODEL_PATTERNS, "*.jpeg", "*.jpg", "*.png", "*.webp")
DATE = "2026-01-01T00:00:00.000Z"


class RefusalError(Exception):
    """An answer that is no success: what the Hub says in status, X-Error-Code and X-Error-Message."""

    def __init__(self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status, self.message = status, message
        self.body: dict = {"error": message}
        self.headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {}), **(headers or {})}


@dataclass(frozen=True)
class Blob:
    """The content of one file, with the names git and LFS give it."""

    content: bytes
    lfs: bool = False

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def pointer(self) -> bytes:
        return (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.content)}\n".encode()
        )

    @cached_property
    def git_oid(self) -> str:
        """The sha1 of what git itself keeps: the content, or the LFS pointer to it."""
        stored = self.pointer if self.lfs else self.content
        return hashlib.sha1(b"blob %d\0" % len(stored) + stored).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.lfs else self.git_oid

    def entry(self, path: str) -> dict:
        """The file as `tree` and `paths-info` list it."""
        lfs = {"oid": self.sha256, "size": len(self.content), "pointerSize": len(self.pointer)}
        size = {"type": "file", "path": path, "size": len(self.content), "oid": self.git_oid}
        return {**size, "lfs": lfs} if self.lfs else size


@dataclass(frozen=True)
class Commit:
    """A snapshot of all files, and the commit it was made from."""

    title: str
    parent: str | None
    files: Mapping[str, Blob]
    number: int
    sent: tuple[str, ...] = ()
    """The paths that were uploaded for it."""

    @cached_property
    def sha(self) -> str:
        listing = "".join(f"{path} {blob.git_oid}\n" for path, blob in sorted(self.files.items()))
        return hashlib.sha1(f"{self.parent}\n{self.number}\n{self.title}\n{listing}".encode()).hexdigest()

    def file(self, path: str) -> Blob:
        if path not in self.files:
            raise RefusalError(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": self.sha})
        return self.files[path]

    def tree(self, folder: str, *, recursive: bool) -> list[dict]:
        """Files and folders below `folder`, folders first met first."""
        prefix = f"{folder}/" if folder else ""
        below = {path.removeprefix(prefix): blob for path, blob in self.files.items() if path.startswith(prefix)}
        if folder and not below:
            raise RefusalError(404, f"{folder} does not exist on this revision", "EntryNotFound")
        folders = dict.fromkeys(
            "/".join(parts[:depth])
            for parts in (path.split("/") for path in below)
            for depth in range(1, len(parts))
            if recursive or depth == 1
        )
        entries = [
            {"type": "directory", "path": prefix + name, "size": 0, "oid": self._tree_oid(prefix + name)}
            for name in folders
        ]
        return entries + [blob.entry(prefix + path) for path, blob in below.items() if recursive or "/" not in path]

    def _tree_oid(self, folder: str) -> str:
        oids = [blob.git_oid for path, blob in sorted(self.files.items()) if path.startswith(f"{folder}/")]
        return hashlib.sha1("".join(oids).encode()).hexdigest()


class Repository:
    """One repository: its refs (full git name -> commit) and every commit it ever had."""

    def __init__(self, kind: str, repo_id: str, *, private: bool) -> None:
        self.kind, self.id, self.private = kind, repo_id, private
        self.commits: dict[str, Commit] = {}
        self.refs: dict[str, str] = {}
        patterns = DATASET_PATTERNS if kind == "datasets" else MODEL_PATTERNS
        attributes = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in patterns)
        self._append("refs/heads/main", "initial commit", None, {".gitattributes": Blob(attributes.encode())})

    @property
    def owner(self) -> str:
        return self.id.partition("/")[0]

    def resolve(self, revision: str) -> Commit:
        """The commit of a branch, a tag, a full ref, or a whole or shortened commit id."""
        for ref in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            if ref in self.refs:
                return self.commits[self.refs[ref]]
        if len(revision) >= 7:
            for sha, commit in self.commits.items():
                if sha.startswith(revision):
                    return commit
        raise RefusalError(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def commit(
        self, revision: str, title: str, added: Mapping[str, Blob], deleted: Iterable[str], parent: str | None
    ) -> Commit:
        """A new commit on a branch (or a pull request's ref). Raises: RefusalError when `parent` is not its head."""
        head = self.resolve(revision)
        ref = revision if revision in self.refs else f"refs/heads/{revision}"
        if ref not in self.refs:
            raise RefusalError(400, f"{revision} is no branch")
        if parent is not None and not head.sha.startswith(parent):
            raise RefusalError(412, "A commit has happened since. Please refresh and try again.")
        gone = tuple(deleted)
        kept = {
            path: blob
            for path, blob in head.files.items()
            if path not in gone and not any(path.startswith(f"{folder.rstrip('/')}/") for folder in gone)
        }
        return self._append(ref, title, head.sha, {**kept, **added}, tuple(added))

    def create_ref(self, ref: str, starting_point: str) -> None:
        if ref in self.refs:
            raise RefusalError(409, f"Reference already exists: {ref}")
        self.refs[ref] = self.resolve(starting_point).sha

    def open_pull_request(self, base: str) -> int:
        """The number of a new pull request, whose ref starts at the head of `base`."""
        number = 1 + sum(ref.startswith("refs/pr/") for ref in self.refs)
        self.create_ref(f"refs/pr/{number}", base)
        return number

    def is_lfs(self, path: str, size: int, revision: str) -> bool:
        """Whether a file of this name and size goes to LFS: by size, or by the patterns of .gitattributes."""
        attributes = self.resolve(revision).files.get(".gitattributes", Blob(b"")).content.decode()
        patterns = [line.split()[0] for line in attributes.splitlines() if "filter=lfs" in line]
        return size > LFS_BYTES or any(fnmatch(path.rpartition("/")[2], pattern) for pattern in patterns)

    def _append(
        self, ref: str, title: str, parent: str | None, files: Mapping[str, Blob], sent: tuple[str, ...] = ()
    ) -> Commit:
        commit = Commit(title, parent, files, len(self.commits), sent)
        self.commits[commit.sha] = commit
        self.refs[ref] = commit.sha
        return commit


@dataclass(frozen=True)
class Account:
    name: str
    role: str = "write"


@dataclass
class Fault:
    """The next `times` requests of this method and path pattern get this status instead of their answer."""

    method: str
    path: str
    status: int
    message: str = "injected"
    code: str = ""
    times: int = 10**6


@dataclass
class HubState:
    """Everything behind one fake Hub; tests read it to see what arrived."""

    accounts: dict[str, Account] = field(default_factory=dict)
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    lfs: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    _numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def add_account(self, name: str, role: str = "write") -> str:
        """A token of a new account."""
        token = f"hf_{name}{role}{next(self._numbers):024d}"
        self.accounts[token] = Account(name, role)
        return token

    def account(self, token: str | None) -> Account | None:
        """Whose token it is. Raises: RefusalError for a token nobody has."""
        if token is None:
            return None
        if token not in self.accounts:
            raise RefusalError(401, "Invalid credentials in Authorization header")
        return self.accounts[token]

    def create(self, kind: str, repo_id: str, account: Account | None, *, private: bool) -> Repository:
        self._check_write(repo_id.partition("/")[0], account)
        if (kind, repo_id) in self.repositories:
            raise RefusalError(409, "You already created this repo")
        self.repositories[kind, repo_id] = Repository(kind, repo_id, private=private)
        return self.repositories[kind, repo_id]

    def find(self, kind: str, repo_id: str, account: Account | None, *, write: bool = False) -> Repository:
        """A repository this account may see. A private one looks just like a missing one to anybody else."""
        repository = self.repositories.get((kind, repo_id))
        if repository is None or (repository.private and (account is None or account.name != repository.owner)):
            # The real Hub sends no code with its 401; over http the client understands only the code.
            raise RefusalError(
                *((401, "Invalid username or password.") if account is None else (404, "Repository not found")),
                "RepoNotFound",
            )
        if write:
            self._check_write(repository.owner, account)
        return repository

    def fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.method == method and fnmatch(path, fault.path):
                fault.times -= 1
                return fault
        return None

    @staticmethod
    def _check_write(owner: str, account: Account | None) -> None:
        if account is None:
            raise RefusalError(401, "Invalid username or password.")
        if account.name != owner or account.role != "write":
            raise RefusalError(403, f'You don\'t have the rights to write under the namespace "{owner}"')

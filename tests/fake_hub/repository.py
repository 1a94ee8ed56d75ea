"""One repository of the fake Hub: blobs, commits and refs as git has them. No HTTP and no accounts here."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property

LFS_BYTES = 10 * 2**20
GIT_REF = re.compile(r"refs(/[\w.+@%-]+)+", re.ASCII)
DATE = "2026-01-01T00:00:00.000Z"
LFS_SUFFIXES = (
    "7z arrow bin bz2 ckpt ftz gz h5 joblib mlmodel model msgpack npy npz onnx ot parquet pb pickle pkl pt pth rar"
    " safetensors tar tflite tgz wasm xz zip zst"
)
DATASET_SUFFIXES = "lz4 pcm sam raw aac flac mp3 ogg wav bmp gif png tiff jpg jpeg webp mp4 webm"
LFS_PATTERNS = ("*.lfs.*", "*.tar.*", "*tfevents*")


def git_attributes(kind: str) -> Blob:
    """The .gitattributes of a new repository: what goes to LFS whatever its size."""
    suffixes = f"{LFS_SUFFIXES} {DATASET_SUFFIXES if kind == 'datasets' else ''}".split()
    patterns = [*(f"*.{suffix}" for suffix in suffixes), *LFS_PATTERNS]
    return Blob("".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in patterns).encode())


class RefusalError(Exception):
    """An answer that is no success: what the Hub says in status, X-Error-Code and X-Error-Message."""

    def __init__(self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
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

    def sibling(self, path: str) -> dict:
        """The file as the info with `blobs` lists it."""
        size = {"rfilename": path, "size": len(self.content), "blobId": self.git_oid}
        lfs = {"sha256": self.sha256, "size": len(self.content), "pointerSize": len(self.pointer)}
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
    message: str = ""
    author: str = ""

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
    """The refs of one repository (full git name -> commit) and every commit it ever had, its visibility and gate."""

    def __init__(self, kind: str, repo_id: str, *, private: bool, files: Mapping[str, Blob] | None = None) -> None:
        self.kind, self.id = kind, repo_id
        self.visibility = "private" if private else "public"
        self.gated: str | bool = False
        self.access: dict[str, str] = {}
        """For a gated repository: account name -> accepted, pending or rejected."""
        self.likes: set[str] = set()
        self.commits: dict[str, Commit] = {}
        self.refs: dict[str, str] = {}
        start = {".gitattributes": git_attributes(kind), **(files or {})}
        self.append("refs/heads/main", Commit("initial commit", None, start, 0, author=self.owner))

    @property
    def owner(self) -> str:
        return self.id.partition("/")[0]

    @property
    def private(self) -> bool:
        return self.visibility == "private"

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

    def history(self, commit: Commit) -> list[Commit]:
        """`commit` and all before it, newest first."""
        commits = [commit]
        while commits[-1].parent in self.commits:
            commits.append(self.commits[commits[-1].parent])
        return commits

    def last_change(self, commit: Commit, path: str) -> Commit:
        """The newest commit, from `commit` backwards, that changed a file or anything below a folder."""

        def content(at: Commit) -> dict[str, Blob]:
            return {name: blob for name, blob in at.files.items() if name == path or name.startswith(f"{path}/")}

        history = self.history(commit)
        for newer, older in itertools.pairwise(history):
            if content(newer) != content(older):
                return newer
        return history[-1]

    def writable_ref(self, revision: str) -> str:
        """The full name of a branch or of a pull request's ref, the only ones that can be committed to."""
        for ref in (revision, f"refs/heads/{revision}"):
            if ref in self.refs and not ref.startswith("refs/tags/"):
                return ref
        raise RefusalError(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def commit(
        self,
        revision: str,
        title: str,
        added: Mapping[str, Blob],
        deleted: Iterable[str],
        parent: str | None,
        *,
        message: str = "",
        author: str = "",
    ) -> Commit:
        """A new commit on a branch (or a pull request's ref). Raises: RefusalError when `parent` is not its head."""
        ref = self.writable_ref(revision)
        head = self.commits[self.refs[ref]]
        if parent is not None and not head.sha.startswith(parent):
            raise RefusalError(412, "The branch was updated since you opened this page. Please refresh and try again.")
        files = dict(head.files)
        for gone in deleted:
            below = [path for path in files if path == gone or path.startswith(f"{gone.rstrip('/')}/")]
            if not below:
                raise RefusalError(404, f'A file with the name "{gone}" does not exist', "EntryNotFound")
            for path in below:
                del files[path]
        made = Commit(title, head.sha, {**files, **added}, len(self.commits), tuple(added), message, author)
        return self.append(ref, made)

    def append(self, ref: str, commit: Commit) -> Commit:
        self.commits[commit.sha] = commit
        self.refs[ref] = commit.sha
        return commit

    def squash(self, revision: str, title: str, author: str) -> Commit:
        """One commit without a past that holds what the branch holds now."""
        ref = self.writable_ref(revision)
        files = self.commits[self.refs[ref]].files
        return self.append(ref, Commit(title, None, files, len(self.commits), author=author))

    def create_ref(self, ref: str, starting_point: str) -> None:
        commit = self.resolve(starting_point)
        if not GIT_REF.fullmatch(ref) or ".." in ref:
            raise RefusalError(400, f"Invalid reference name: {ref}")
        if ref in self.refs:
            raise RefusalError(409, f"Reference {ref} already exists")
        self.refs[ref] = commit.sha

    def delete_ref(self, ref: str) -> None:
        if ref == "refs/heads/main":
            raise RefusalError(403, "Cannot delete refs/heads/main")
        if ref not in self.refs:
            raise RefusalError(404, f"Invalid rev id: {ref.split('/', 2)[2]}", "RevisionNotFound")
        del self.refs[ref]

    def is_lfs(self, path: str, size: int, revision: str) -> bool:
        """Whether a file of this name and size goes to LFS: by size, or by the patterns of .gitattributes."""
        attributes = self.resolve(revision).files.get(".gitattributes", Blob(b"")).content.decode()
        patterns = [line.split()[0] for line in attributes.splitlines() if "filter=lfs" in line]
        return size > LFS_BYTES or any(fnmatch(path.rpartition("/")[2], pattern) for pattern in patterns)

    def ignored(self, path: str, revision: str, rules: str | None = None) -> bool:
        """Whether .gitignore (the one that is being sent, else the one that is there) names this path."""
        if rules is None:
            rules = self.resolve(revision).files.get(".gitignore", Blob(b"")).content.decode()
        found = False
        for line in (line.strip() for line in rules.splitlines()):
            if line and not line.startswith("#"):
                pattern = line.lstrip("!").strip("/")
                whole = path if "/" in pattern else path.rpartition("/")[2]
                if fnmatch(whole, pattern) or path.startswith(f"{pattern}/"):
                    found = not line.startswith("!")
        return found

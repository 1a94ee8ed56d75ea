"""What the fake Hub remembers: accounts, repositories, LFS objects, and the faults a test asked for. No HTTP here."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .discussion import Discussion
from .faults import Fault as Fault
from .repository import Blob, RefusalError, Repository
from .space import Space, first_page

NAME = re.compile(r"(?!.*(--|\.\.))(?!.*\.git$)\w[\w.-]{0,95}", re.ASCII)


@dataclass(frozen=True)
class Account:
    """A token: whose it is, and what it may do. One account can have several."""

    name: str
    role: str = "write"
    """read, write or fineGrained; a fine-grained one may write to the `scopes` only."""
    scopes: tuple[str, ...] = ()
    """Namespaces and repository ids that a fine-grained token may write to."""
    full_name: str = ""
    organizations: tuple[str, ...] = ()
    reads_gated: bool = False
    """Whether a fine-grained token opens gated repositories of others; other tokens do."""
    pro: bool = True
    """Without it the Hub wants to be paid for a Space that runs code."""

    def owns(self, namespace: str) -> bool:
        return namespace == self.name or namespace in self.organizations

    def may_write(self, namespace: str, repo_id: str | None = None) -> bool:
        if self.role == "fineGrained":
            return namespace in self.scopes or repo_id in self.scopes
        return self.role != "read" and self.owns(namespace)


@dataclass
class HubState:
    """Everything behind one fake Hub; tests read it to see what arrived."""

    accounts: dict[str, Account] = field(default_factory=dict)
    """By token."""
    organizations: dict[str, dict] = field(default_factory=dict)
    """By name: `fullname`, and `private` where its new repositories are private."""
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    moved: dict[tuple[str, str], str] = field(default_factory=dict)
    discussions: dict[tuple[str, str], list[Discussion]] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)
    lfs: dict[str, bytes] = field(default_factory=dict)
    parts: dict[tuple[str, int], bytes] = field(default_factory=dict)
    """Parts of LFS objects that are being sent, by hash and number."""
    part_bytes: int = 16 * 2**20
    """Objects above it are sent in parts of this size."""
    page_size: int | None = None
    """Entries of a page of every listing, where a test wants short ones; otherwise each listing has its own."""
    names_host: bool = True
    """Whether the address of a commit begins with its host; that of some other Hubs does not."""
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    _numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def add_account(
        self, name: str, role: str = "write", *, token: str | None = None, scopes: Iterable[str] = (), **facts
    ) -> str:
        """A token of a new account, or another one of an account there is."""
        token = token or f"hf_{name}{role}{next(self._numbers):024d}"
        self.accounts[token] = Account(name, role, tuple(scopes), **facts)
        return token

    def account(self, token: str | None) -> Account | None:
        """Whose token it is. Raises: RefusalError for a token nobody has."""
        if token is None:
            return None
        if token not in self.accounts:
            raise RefusalError(401, "Invalid credentials in Authorization header")
        return self.accounts[token]

    def create(
        self,
        kind: str,
        repo_id: str,
        account: Account | None,
        *,
        private: bool = False,
        sdk: str | None = None,
        settings: Mapping | None = None,
    ) -> Repository:
        """A new repository. Raises: RefusalError without the right, for a bad name, or where one is already."""
        namespace, _, name = repo_id.partition("/")
        if account is None:
            raise RefusalError(401, "Invalid username or password.")
        if not account.may_write(namespace, repo_id):
            message = f'You don\'t have the rights to create a {kind[:-1]} under the namespace "{namespace}"'
            raise RefusalError(403, message)
        if not NAME.fullmatch(name):
            raise RefusalError(400, f"Invalid repo name: {repo_id}")
        if self.there(kind, repo_id) is not None:
            raise RefusalError(409, f"You already created this {kind[:-1]} repo")
        if kind == "spaces" and sdk != "static" and not account.pro:
            raise RefusalError(402, "Payment required: subscribe to PRO to host a Space that runs code")
        files = first_page(name, sdk) if kind == "spaces" else {}
        self.repositories[kind, repo_id] = Repository(kind, repo_id, private=private, files=files)
        if kind == "spaces":
            self.spaces[repo_id] = Space.asked(sdk, settings or {})
        self.discussions[kind, repo_id] = []
        return self.repositories[kind, repo_id]

    def there(self, kind: str, repo_id: str) -> Repository | None:
        """A repository by its id, in any case."""
        if (kind, repo_id) in self.repositories:
            return self.repositories[kind, repo_id]
        same = (there for there in self.repositories.values() if there.kind == kind)
        return next((there for there in same if there.id.lower() == repo_id.lower()), None)

    def lookup(self, kind: str, repo_id: str) -> Repository | None:
        """A repository by its id, or by one it had before it was moved."""
        return self.there(kind, repo_id) or self.there(kind, self.moved.get((kind, repo_id), repo_id))

    def find(self, kind: str, repo_id: str, account: Account | None, *, write: bool = False) -> Repository:
        """A repository this account may see. A private one looks just like a missing one to anybody else."""
        repository = self.lookup(kind, repo_id)
        if repository is None or (repository.private and not self.may_read(repository, account)):
            # The real Hub sends no code with its 401; over http the client understands only the code.
            raise RefusalError(
                *((401, "Invalid username or password.") if account is None else (404, "Repository not found")),
                "RepoNotFound",
            )
        if write:
            self.check_write(repository, account)
        return repository

    @staticmethod
    def may_read(repository: Repository, account: Account | None) -> bool:
        """Whether it is the account's own, by itself, an organization or a fine-grained token's scope."""
        if account is None:
            return False
        return account.owns(repository.owner) or account.may_write(repository.owner, repository.id)

    def check_gate(self, repository: Repository, account: Account | None) -> None:
        """Raises: RefusalError where the repository is gated and this account is not on its list."""
        if not repository.gated or self.may_read(repository, account):
            return
        restricted = f"Access to {repository.kind[:-1]} {repository.id} is restricted"
        if account is None:
            raise RefusalError(
                401, f"{restricted}. You must have access to it and be authenticated to access it.", "GatedRepo"
            )
        if account.role == "fineGrained" and not account.reads_gated:
            message = "Please enable access to public gated repositories in your fine-grained token settings"
            raise RefusalError(403, f"{message} to view this repository.")
        status = repository.access.get(account.name)
        if status != "accepted":
            raise RefusalError(
                403,
                f"{restricted} and you are not in the authorized list. Visit its page to ask for access."
                if status is None
                else f"Your request to access {repository.kind[:-1]} {repository.id} is {status}.",
                "GatedRepo",
            )

    def check_write(self, repository: Repository, account: Account | None) -> None:
        if account is None:
            raise RefusalError(401, "Invalid username or password.")
        if account.may_write(repository.owner, repository.id):
            return
        if account.role == "read":
            raise RefusalError(403, "Forbidden: you must use a write token to upload to a repository")
        raise RefusalError(403, f'You don\'t have the rights to write under the namespace "{repository.owner}"')

    def delete(self, repository: Repository) -> None:
        del self.repositories[repository.kind, repository.id]
        self.discussions.pop((repository.kind, repository.id), None)
        self.spaces.pop(repository.id, None) if repository.kind == "spaces" else None

    def move(self, repository: Repository, new_id: str) -> None:
        """Renames it; the old id goes on leading to it."""
        kind, old_id = repository.kind, repository.id
        if self.there(kind, new_id) is not None:
            raise RefusalError(409, f"A {kind[:-1]} repository called {new_id} already exists")
        repository.id = new_id
        self.repositories[kind, new_id] = self.repositories.pop((kind, old_id))
        self.discussions[kind, new_id] = self.discussions.pop((kind, old_id), [])
        if kind == "spaces":
            self.spaces[new_id] = self.spaces.pop(old_id)
        self.moved = {
            key: new_id if key[0] == kind and there == old_id else there for key, there in self.moved.items()
        } | {(kind, old_id): new_id}

    def fault_for(self, method: str, path: str) -> Fault | None:
        return next((fault for fault in self.faults if fault.meets(method, path)), None)

    def store(self, content: bytes) -> Blob:
        """An LFS object that is there from now on."""
        blob = Blob(content, lfs=True)
        self.lfs[blob.sha256] = content
        return blob

"""A discussion or pull request of the fake Hub, and how a pull request's changes meet its branch."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field

from .repository import DATE, Blob, Commit, RefusalError, Repository


@dataclass
class Discussion:
    """What was said, and for a pull request which branch it is for."""

    number: int
    title: str
    author: str
    is_pull_request: bool = False
    status: str = "open"
    base: str = "main"
    start: str | None = None
    """The commit that a pull request began at."""
    merge_commit: str | None = None
    events: list[dict] = field(default_factory=list)

    @property
    def ref(self) -> str:
        return f"refs/pr/{self.number}"

    def note(self, kind: str, author: str, data: dict) -> dict:
        """Adds an event: a comment, a commit, another status or title."""
        name = hashlib.sha1(f"{self.number} {len(self.events)}".encode()).hexdigest()[:24]
        event = {"id": name, "type": kind, "createdAt": DATE, "author": {"name": author}, "data": data}
        self.events.append(event)
        return event

    def comment(self, author: str, text: str) -> dict:
        return self.note("comment", author, {"edited": False, "hidden": False, "latest": {"raw": text}})

    def find_comment(self, name: str) -> dict:
        for event in self.events:
            if event["id"] == name and event["type"] == "comment":
                return event
        raise RefusalError(404, f"There is no comment {name}")

    def summary(self, repository: Repository) -> dict:
        """As the list of discussions has it."""
        return {
            "num": self.number,
            "title": self.title,
            "status": self.status,
            "author": {"name": self.author},
            "isPullRequest": self.is_pull_request,
            "createdAt": DATE,
            "repo": {"name": repository.id, "type": repository.kind[:-1]},
            "pinned": False,
        }

    def details(self, repository: Repository) -> dict:
        """All of it."""
        whole = {**self.summary(repository), "events": self.events}
        if not self.is_pull_request:
            return whole
        changes = {"base": f"refs/heads/{self.base}"}
        if self.merge_commit:
            changes["mergeCommitId"] = self.merge_commit
        difference = "".join(
            _difference(path, *versions) for path, versions in sorted(self._changes(repository).items())
        )
        return {
            **whole,
            "changes": changes,
            "diff": difference,
            "filesWithConflicts": [] if self.merge_commit else self.conflicts(repository),
        }

    def conflicts(self, repository: Repository) -> list[str]:
        """The files that both this and the branch have changed since it began, and not alike."""
        base = repository.resolve(self.base).files
        return [path for path, (old, new) in self._changes(repository).items() if base.get(path) not in (old, new)]

    def merge(self, repository: Repository, author: str) -> Commit:
        """Puts the changes onto the branch. Raises: RefusalError where that cannot be."""
        if not self.is_pull_request or self.status != "open":
            raise RefusalError(400, f"A pull request that is {self.status} cannot be merged")
        if self.conflicts(repository):
            raise RefusalError(409, "The pull request conflicts with its branch")
        changes = self._changes(repository)
        base = repository.resolve(self.base).files
        added = {path: new for path, (_, new) in changes.items() if new is not None}
        deleted = [path for path, (_, new) in changes.items() if new is None and path in base]
        made = repository.commit(self.base, f"{self.title} (#{self.number})", added, deleted, None, author=author)
        self.status, self.merge_commit = "merged", made.sha
        self.note("status-change", author, {"status": "merged"})
        return made

    def _changes(self, repository: Repository) -> dict[str, tuple[Blob | None, Blob | None]]:
        """Path -> what was there when it began, and what is there now."""
        old, new = repository.commits[self.start].files, repository.resolve(self.ref).files
        return {
            path: (old.get(path), new.get(path))
            for path in dict.fromkeys((*old, *new))
            if old.get(path) != new.get(path)
        }


def _difference(path: str, old: Blob | None, new: Blob | None) -> str:
    before, after = (
        (blob.pointer if blob.lfs else blob.content).decode(errors="replace").splitlines(keepends=True) if blob else []
        for blob in (old, new)
    )
    return "".join(difflib.unified_diff(before, after, f"a/{path}", f"b/{path}"))

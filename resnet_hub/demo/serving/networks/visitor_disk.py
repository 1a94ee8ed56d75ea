"""What networks that visitors chose take of the disk: kept apart from the owner's, within a total and for a time."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from time import monotonic, time
from weakref import finalize

from huggingface_hub import constants

from resnet_hub.errors import HubError

PREFIX = "resnet-hub-visitors-"
MB = 1_000_000


@dataclass
class _Entry:
    """One repository on the disk."""

    size: int
    """Bytes; while it is loaded, those that are expected."""
    used: float
    """When it was asked for last, in seconds of the clock."""
    busy: int = 0
    """Loads that are under way."""


class VisitorDisk:
    """A cache of downloads of its own; the repository that was asked for longest ago makes room. Thread-safe.

    It lies beside the owner's cache, and is removed with the page; what a page that was killed has left is removed
    when it is as old as no page would keep it.
    """

    def __init__(
        self, most_mb: int, hours: int, dropped: Callable[[str], object], clock: Callable[[], float] = monotonic
    ) -> None:
        """An empty cache.

        Args:
            most_mb: Megabytes that all of them may take together.
            hours: How long one is kept after it was asked for last.
            dropped: Is told the repository whose files are about to go.
            clock: Seconds.
        """
        self.most = most_mb * MB
        self.seconds = hours * 3600.0
        self._dropped = dropped
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = Lock()
        self._home: Path | None = None

    @contextmanager
    def room_for(self, repo_id: str, coming: int) -> Iterator[Path]:
        """The folder for a download of so many bytes, once there is room.

        Raises:
            HubError: There is none, whatever makes room.
        """
        with self._lock:
            entry = self._entries.setdefault(repo_id, _Entry(0, self._clock()))
            entry.busy += 1
            try:
                self._make_room(repo_id, entry, coming)
            except HubError:
                self._done(repo_id, entry)
                raise
        try:
            yield self._folder()
        finally:
            with self._lock:
                self._done(repo_id, entry)

    def used(self, repo_id: str) -> None:
        """Notes that a network of this repository was asked for."""
        with self._lock:
            if repo_id in self._entries:
                self._entries[repo_id].used = self._clock()
                self._entries.move_to_end(repo_id)

    def drop_old(self) -> float | None:
        """Drops what nobody has asked for in time; returns in how many seconds the next is due, if there is one."""
        with self._lock:
            for repo_id, entry in list(self._entries.items()):
                if not entry.busy and self._clock() - entry.used >= self.seconds:
                    self._drop(repo_id)
            left = [entry.used for entry in self._entries.values()]
            return max(0.0, min(left) + self.seconds - self._clock()) if left else None

    def _make_room(self, repo_id: str, entry: _Entry, coming: int) -> None:
        entry.size = max(entry.size, coming)
        idle = [name for name, other in self._entries.items() if not other.busy]
        while self._excess() > 0:
            if not idle:
                raise HubError("serving.no_disk", name=repo_id, size=coming / MB, most=self.most // MB)
            self._drop(idle.pop(0))

    def _excess(self) -> float:
        """Bytes beyond the total, or beyond what is free of the disk."""
        waited_for = sum(entry.size for entry in self._entries.values() if entry.busy)
        free = shutil.disk_usage(self._folder()).free
        return max(sum(entry.size for entry in self._entries.values()) - self.most, waited_for - free)

    def _done(self, repo_id: str, entry: _Entry) -> None:
        entry.busy -= 1
        entry.used = self._clock()
        entry.size = _bytes_of(self._place(repo_id))
        self._entries.move_to_end(repo_id)
        if not entry.busy and not entry.size:
            del self._entries[repo_id]

    def _drop(self, repo_id: str) -> None:
        self._dropped(repo_id)
        del self._entries[repo_id]
        shutil.rmtree(self._place(repo_id), ignore_errors=True)

    def _place(self, repo_id: str) -> Path:
        """Where the client of the Hub keeps a repository."""
        return self._folder() / f"models--{repo_id.replace('/', '--')}"

    def _folder(self) -> Path:
        if self._home is None:
            beside = Path(constants.HF_HUB_CACHE).parent
            beside.mkdir(parents=True, exist_ok=True)
            for left in beside.glob(f"{PREFIX}*"):
                if time() - left.stat().st_mtime > self.seconds:
                    shutil.rmtree(left, ignore_errors=True)
            self._home = Path(mkdtemp(prefix=PREFIX, dir=beside))
            finalize(self, shutil.rmtree, self._home, ignore_errors=True)
        self._home.mkdir(exist_ok=True)
        self._home.touch()
        return self._home


def _bytes_of(folder: Path) -> int:
    """Bytes of the files below it, of which links take none."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())

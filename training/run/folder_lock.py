"""One run at a time writes into a folder: a lock that ends with its process, however that ends."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from resnet_hub.errors import TrainingError

try:
    import fcntl
except ImportError:  # Windows: there, nothing but the recipe file keeps two runs apart
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = ".lock"


class FolderLock:
    """Holds a folder for this process. The system lets go of it when the process ends, be it killed.

    Unlike `flock`, `lockf` belongs to the process alone: DataLoader workers that outlive a killed run do not hold it.
    """

    def __init__(self, folder: Path) -> None:
        """Takes the lock. Raises: TrainingError when another run has it; OSError when the folder cannot be written."""
        self.file = folder / LOCK_FILE
        while True:
            self._descriptor: int | None = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o644)
            self._take(folder)
            with suppress(FileNotFoundError):
                if os.fstat(self._descriptor).st_ino == self.file.stat().st_ino:
                    return
            os.close(self._descriptor)  # a run that just ended has removed this file: it locks nothing any more

    def release(self) -> None:
        """Lets go of the folder; a second call does nothing."""
        if self._descriptor is not None:
            self.file.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, folder: Path) -> None:
        if fcntl is None or self._descriptor is None:
            return
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                return  # a file system without locks
            os.close(self._descriptor)
            raise TrainingError("run.locked", folder=str(folder)) from error

"""Shared memory, through which loader workers hand over batches: whether this machine has enough, before the first."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

from resnet_hub.errors import TrainingError

SHARED = Path("/dev/shm")  # where the kernel has it, not a place for files of ours
AHEAD = 2
"""Batches that each worker makes ahead of time."""


def check_shared_memory(size: tuple[int, int, int], images: int, workers: int) -> None:
    """Finds out whether the batches of all processes of this machine fit in; each process asks about its own machine.

    Containers have 64 MB of it where nobody asks for more, and a worker that finds none is killed.

    Args:
        size: Of an image: channels, height, width; a byte each.
        images: In a batch.
        workers: Of each process.

    Raises:
        TrainingError: They do not.
    """
    needed = AHEAD * workers * images * math.prod(size) * int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if not needed or not SHARED.is_dir():
        return
    free = shutil.disk_usage(SHARED).free
    if free < needed:
        raise TrainingError("loading.no_shared_memory", needed=needed / 1e6, free=free / 1e6, workers=workers)

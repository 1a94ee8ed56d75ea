"""A cache of decoded images in memory-mapped files, shared by all processes of a machine: later epochs do not decode.

An image lies there as the unchanging first part of a transform leaves it: whether it is cached changes no pixel.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np
import PIL
import psutil
import torch
import xxhash
from huggingface_hub import cached_assets_path

from resnet_hub.images import Opened, channels_of

from ..splits import Split

logger = logging.getLogger(__name__)

Prepared = Opened | np.ndarray
"""A prepared image, or its pixels uint8 (H, W, C) out of a cache."""
MEMORY_SHARE, DISK_SHARE = 0.5, 0.25
"""Of what is free: how much the cached images of a run may take where nothing is said."""
CHECKSUM = 8
"""Bytes for each image at the head of a file."""


class Preparing(Protocol):
    """The unchanging part of a transform, as a cache needs to know it."""

    @property
    def channels(self) -> int:
        """Channels of a prepared image."""

    def prepared_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of an image after `prepare`."""

    def signature(self) -> str:
        """A text that differs where `prepare` gives other pixels of the same size."""


class ImageCache:
    """Index -> prepared image, or None until it has been kept once. Any number of processes may read and keep.

    An image is kept with a checksum of its pixels: what another process has written in part is not taken for it. It is
    checked where it is read the first time, by whichever of the processes that have this cache: they share the marks.
    """

    def __init__(self, file: Path, sizes: np.ndarray, channels: int) -> None:
        """Opens the file, or makes it at its full length.

        Args:
            file: Where the images lie; its name stands for their content.
            sizes: Width and height of each prepared image, (N, 2).
            channels: Channels of each.

        Raises:
            OSError: The file cannot be made, for want of room, say.
        """
        self.file, self.sizes, self.channels = file, sizes, channels
        lengths = sizes[:, 0].astype(np.int64) * sizes[:, 1] * channels
        self._starts = CHECKSUM * len(sizes) + np.concatenate([[0], np.cumsum(lengths)])
        if not file.exists():
            _reserve(file, int(self._starts[-1]))
        if file.stat().st_size != self._starts[-1]:
            raise OSError(f"{file} has another length than its images")
        os.utime(file)
        self._map: np.ndarray | None = None
        self._checked = torch.zeros(len(sizes), dtype=torch.bool).share_memory_()

    def __len__(self) -> int:
        return len(self.sizes)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_map": None}  # a DataLoader worker maps the file by itself

    @property
    def _bytes(self) -> np.ndarray:
        if self._map is None:
            self._map = np.asarray(np.memmap(self.file, np.uint8, "r+"))  # slices of a memmap itself are slow to make
        return self._map

    def _checksum(self, index: int) -> np.ndarray:
        return self._bytes[CHECKSUM * index : CHECKSUM * (index + 1)].view(np.uint64)

    def get(self, index: int) -> np.ndarray | None:
        """The image's pixels, uint8 (H, W, C), if it is there and whole; read-only, out of the file."""
        if index >= len(self):
            return None
        pixels = self._bytes[self._starts[index] : self._starts[index + 1]]
        if not self._checked[index]:
            wanted = self._checksum(index)[0]
            if not wanted or xxhash.xxh3_64_intdigest(pixels.data) != wanted:
                return None
            self._checked[index] = True
        pixels.flags.writeable = False
        width, height = self.sizes[index].tolist()
        return pixels.reshape(height, width, self.channels)

    def keep(self, index: int, image: Opened) -> None:
        """Writes a prepared image, where there is room for it."""
        if index >= len(self) or image.size != tuple(self.sizes[index]) or channels_of(image) != self.channels:
            return
        pixels = np.frombuffer(image.tobytes(), np.uint8)
        self._bytes[self._starts[index] : self._starts[index + 1]] = pixels
        self._checksum(index)[0] = xxhash.xxh3_64_intdigest(pixels.data)


def open_caches(
    parts: list[tuple[Split, Preparing]], limit_gb: float | None, folder: Path | None = None
) -> list[ImageCache | None]:
    """A cache for each split and transform, the first ones first as long as there is room; None where there is none.

    Of a split that does not fit whole, its first images are cached. Least recently used files of earlier runs are
    evicted (LRU) where the room is needed.

    Args:
        parts: Splits whose images were looked at, so that their sizes are known; others are not cached.
        limit_gb: Gigabytes in all, also of earlier runs; None takes a share of what is free.
        folder: Where the files lie; beside what the Hub's client caches where absent.
    """
    try:
        folder = folder or cached_assets_path("resnet_hub", namespace="decoded")
        limit = _free_bytes(folder) if limit_gb is None else int(limit_gb * 1e9)
        return _opened(folder, parts, limit) if limit else [None] * len(parts)
    except OSError as error:
        logger.warning("cache  none: %s; every epoch decodes", error.strerror or error)
        return [None] * len(parts)


def _opened(folder: Path, parts: list[tuple[Split, Preparing]], limit: int) -> list[ImageCache | None]:
    caches: list[ImageCache | None] = []
    images = cached = 0
    left, mine = limit, set()
    for split, transform in parts:
        sizes = _prepared_sizes(split, transform)
        ends = np.cumsum(sizes[:, 0].astype(np.int64) * sizes[:, 1] * transform.channels + CHECKSUM)
        fitting = int(np.searchsorted(ends, left, side="right"))
        images, cached = images + len(split), cached + fitting
        if not fitting:
            caches.append(None)
            continue
        sizes = sizes[:fitting]
        file = folder / f"{_key(split, transform, sizes)}.pixels"
        mine.add(file.name)
        left -= int(ends[fitting - 1])
        _make_room(folder, mine, left)
        caches.append(ImageCache(file, sizes, transform.channels))
    logger.info("cache  %s of %s images, %.1f GB in %s", f"{cached:,}", f"{images:,}", (limit - left) / 1e9, folder)
    return caches


def _prepared_sizes(split: Split, transform: Preparing) -> np.ndarray:
    """Width and height of each image after preparation, int32 (N, 2); none where the images were not looked at."""
    if split.sizes is None:
        return np.zeros((0, 2), np.int32)
    known, inverse = np.unique(split.sizes, axis=0, return_inverse=True)
    prepared = np.array([transform.prepared_size(width, height) for width, height in known.tolist()], np.int32)
    return prepared[inverse.ravel()]


def _key(split: Split, transform: Preparing, sizes: np.ndarray) -> str:
    """A name for the first images of a split, prepared: equal content has an equal name, wherever it came from."""
    digests = b"" if split.digests is None else np.ascontiguousarray(split.digests[: len(sizes)]).tobytes()
    described = f"1 {PIL.__version__} {transform.signature()} ".encode()
    return hashlib.sha256(described + sizes.tobytes() + digests).hexdigest()[:32]


def _make_room(folder: Path, mine: set[str], room: int) -> None:
    """LRU eviction: removes files of earlier runs until the others take at most `room` bytes."""
    others = [(file.stat(), file) for file in folder.glob("*.pixels") if file.name not in mine]
    total = sum(status.st_size for status, _ in others)
    for status, file in sorted(others, key=lambda other: other[0].st_mtime):
        if total <= room:
            return
        file.unlink(missing_ok=True)  # a run that has it mapped keeps it
        total -= status.st_size


def _reserve(file: Path, length: int) -> None:
    """Makes the file with room for all of it; where another process is quicker, its file is taken."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as made:
            # Without room of its own a mapped file ends the process, once the disk is full, instead of raising.
            getattr(os, "posix_fallocate", lambda file, _, length: os.truncate(file, length))(made.fileno(), 0, length)
        with suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def _free_bytes(folder: Path) -> int:
    return int(min(MEMORY_SHARE * psutil.virtual_memory().available, DISK_SHARE * shutil.disk_usage(folder).free))

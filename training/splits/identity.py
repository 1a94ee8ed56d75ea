"""Rows of encoded images -> what tells, without reading them, whether they are those of an earlier run."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from datasets import Dataset

from ..inspection import Identity

ODD = np.uint64(0x9E3779B97F4A7C15)
"""Spreads row numbers over 64 bits (the golden ratio of 2^64)."""


def identify(rows: Dataset) -> Identity:
    """The identity of images in files, by path, size and time; of images in rows, by the fingerprint of the rows.

    A file's time is that of its last change, in nanoseconds. A fingerprint follows from what the rows were read from
    and what was done to them since; the files of the Arrow cache are looked at too.

    The key of a file that cannot be looked at is 0. The outline knows a file by its name and folder, and by its size.
    """
    cells = rows.data.table.column(rows.column_names[0])
    base = np.uint64(_hash("|".join([rows._fingerprint, *_cache_files(rows)])))
    apart = np.concatenate([np.zeros(0, bool), *(_lie_in_files(chunk) for chunk in cells.chunks)])
    order = None if rows._indices is None else rows._indices.column(0).to_numpy()
    keys = np.arange(1, len(rows) + 1, dtype=np.uint64) * ODD ^ base
    sizes = np.concatenate([np.zeros(0, np.int64), *(_bytes_of(chunk) for chunk in cells.chunks)])
    apart, sizes = (apart, sizes) if order is None else (apart[order], sizes[order])
    outline = xxhash.xxh3_64()
    paths = pa.chunked_array([chunk.field("path") for chunk in cells.chunks], pa.string())
    paths = paths if order is None else paths.take(pa.array(order))
    folders: set[str] = set()
    for row in np.flatnonzero(apart).tolist():
        path = paths[row].as_py()
        keys[row], sizes[row] = _look_at_file(path)
        folder, _, name = path.rpartition(os.sep)
        folders.add(folder)
        outline.update(f"{folder.rpartition(os.sep)[2]}/{name}|".encode("utf-8", "surrogatepass"))
    outline.update(sizes.tobytes())
    place = os.path.commonpath([Path(folder).absolute() for folder in folders]) if folders else None
    return Identity(place or f"rows {rows._fingerprint}", keys, outline.hexdigest())


def _lie_in_files(cells: pa.StructArray) -> np.ndarray:
    """Which cells hold no bytes but a path; the bytes themselves are not looked at."""
    bytes_, path = cells.field("bytes"), cells.field("path")
    return (bytes_.is_null().to_numpy(zero_copy_only=False)) & path.is_valid().to_numpy(zero_copy_only=False)


def _bytes_of(cells: pa.StructArray) -> np.ndarray:
    """How many bytes each cell holds, 0 where it holds a path, int64 (N,); from the offsets, so no image is read."""
    return pc.fill_null(pc.binary_length(cells.field("bytes")), 0).to_numpy(zero_copy_only=False).astype(np.int64)


def _look_at_file(path: str) -> tuple[int, int]:
    """The key and the size of a file."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path for each of a million files takes seconds
    except (OSError, ValueError):
        return 0, 0
    return _hash(f"{path}|{status.st_size}|{status.st_mtime_ns}"), status.st_size


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def _cache_files(rows: Dataset) -> list[str]:
    """The Arrow files behind the rows, with size and time."""
    named = []
    for file in rows.cache_files:
        status = Path(file["filename"]).stat()
        named.append(f"{status.st_size} {status.st_mtime_ns}")
    return named

"""Findings of earlier runs on disk: an image that is as it was is not opened again."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import PIL
from huggingface_hub import cached_assets_path
from PIL import features

import resnet_hub.images

from .descriptor import LENGTH
from .findings import Findings
from .images import Identity
from .quality import MEASURES

logger = logging.getLogger(__name__)

MOST_BYTES = 2 * 10**9
"""Of all files together; the least recently used ones go first."""
COLUMNS: Mapping[str, tuple[type, tuple[int, ...]]] = {
    "keys": (np.uint64, ()),
    "digests": (np.uint64, ()),
    "sizes": (np.int32, (2,)),
    "measures": (np.float32, (len(MEASURES),)),
    "known": (np.uint64, ()),
    "descriptors": (np.uint8, (LENGTH,)),
}
"""What a file of findings holds: type and shape of a row of each array."""
FINDINGS = tuple(COLUMNS)[1:]
ROWS = tuple(COLUMNS)[:4]
"""Those that have a row for each image."""
PAIRS: Mapping[str, tuple[type, tuple[int, ...]]] = {"pairs": (np.float64, (3,))}


def findings_folder() -> Path:
    """Where the files lie, beside what the Hub's client caches."""
    return cached_assets_path("resnet_hub", namespace="inspections")


def recall(identity: Identity) -> Findings:
    """What is known of images by their keys; rows with a digest of 0 have to be looked at."""
    found = Findings.none(len(identity.keys))
    file = _file(identity.place)
    arrays = _read(file, COLUMNS)
    if arrays is None or not len(arrays["keys"]):
        return found
    if len({len(arrays[name]) for name in ROWS}) > 1 or len(arrays["known"]) != len(arrays["descriptors"]):
        _discard(file, "lengths")
        return found
    order = np.argsort(arrays["keys"], kind="stable")
    keys = arrays["keys"][order]
    places = np.searchsorted(keys, identity.keys).clip(max=len(keys) - 1)
    rows = (
        np.flatnonzero((keys[places] == identity.keys) & (identity.keys != 0)) if len(keys) else np.zeros(0, np.int64)
    )
    earlier = Findings(*(arrays[name] for name in FINDINGS))
    return found.put(rows, earlier.take(order[places[rows]]))


def keep(identity: Identity, findings: Findings) -> None:
    """Writes what was found, but for images that could not be decoded; what cannot be written is said."""
    rows = np.flatnonzero((findings.digests != 0) & (identity.keys != 0))
    if not len(rows):
        return
    kept = findings.take(rows)
    arrays = {"keys": identity.keys[rows]} | {name: getattr(kept, name) for name in FINDINGS}
    _write(_file(identity.place), lambda file: np.savez(file, **arrays))


def recall_pairs(known: np.ndarray) -> np.ndarray | None:
    """The near-duplicates among images of these digests, float64 (P, 3), if they were looked for before."""
    arrays = _read(_file(_digest_of(known)), PAIRS)
    return None if arrays is None or (arrays["pairs"][:, :2] >= len(known)).any() else arrays["pairs"]


def keep_pairs(known: np.ndarray, pairs: Sequence[tuple[int, int, float]]) -> None:
    """Writes the near-duplicates among images of these digests."""
    table = np.array(pairs, np.float64).reshape(-1, 3)
    _write(_file(_digest_of(known)), lambda file: np.savez(file, pairs=table))


def _digest_of(known: np.ndarray) -> str:
    return f"pairs {hashlib.sha256(np.ascontiguousarray(known).tobytes()).hexdigest()}"


def _file(place: str) -> Path:
    return findings_folder() / f"{hashlib.sha256(f'{decoder()} {place}'.encode()).hexdigest()[:32]}.npz"


@cache
def decoder() -> str:
    """A text that is another where the same file may give other pixels, or the same pixels other findings."""
    sources = hashlib.sha256()
    for module in (resnet_hub.images.__file__, __file__):
        for source in sorted(Path(module or "").parent.glob("*.py")):
            sources.update(source.read_bytes())
    libraries = [f"{name} {features.version(name)}" for name in ("jpg", "webp", "avif", "zlib", "libtiff")]
    return " ".join([PIL.__version__, *libraries, np.__version__, sources.hexdigest()])


def _read(file: Path, columns: Mapping[str, tuple[type, tuple[int, ...]]]) -> dict[str, np.ndarray] | None:
    """The arrays of a file; None where there is none, or it is damaged, which is said."""
    if not file.exists():
        return None
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in columns}
        for name, (kind, row) in columns.items():
            if arrays[name].dtype != kind or arrays[name].shape[1:] != row or not arrays[name].ndim:
                raise ValueError(name)
        os.utime(file)
    except Exception as error:  # zipfile, zlib and numpy raise nearly every type on a damaged file
        _discard(file, error)
        return None
    return arrays


def _discard(file: Path, error: object) -> None:
    logger.warning("the findings of earlier runs in %s are damaged (%s); the images are looked at again", file, error)
    with suppress(OSError):
        file.unlink()


def _write(file: Path, write: Callable[[Path], object]) -> None:
    temporary = file.with_name(f"{os.getpid()}-{file.name}")
    try:
        write(temporary)
        temporary.replace(file)
        _make_room(file)
    except OSError as error:
        logger.warning("the findings could not be kept for the next run (%s)", error.strerror or error)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _make_room(newest: Path) -> None:
    """LRU eviction."""
    files = sorted(newest.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > MOST_BYTES and file != newest:
            file.unlink(missing_ok=True)

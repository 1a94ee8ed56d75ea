"""Thumbnails -> pairs that may show the same, in time that grows little faster than their number.

Each image is described by its lowest frequencies, as a whole and as the crops that it may have been cut to; crops of
one that fall close to another whole are candidates. Close vectors are found by locality-sensitive hashing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .descriptor import SIDE

FREQUENCIES = 6
"""Cosines along a side of the description."""
CLOSE = 0.9
"""Cosine of the angle between descriptions from which a pair is a candidate."""
TABLES = 14
"""Hash tables; a pair that is missed in one is found in another."""
ENOUGH = 256
"""Images from which a set tells by itself what is usual in it."""
BLOCK = 1 << 20
"""Candidates that are compared at a time."""
_WHOLE, _SLIGHTLY, _BOTH_SIDES = (0.0, 1.0), tuple((start, 0.95) for start in (0.0, 0.025, 0.05)), (0.05, 0.9)
WINDOWS = (
    (_WHOLE, _WHOLE),
    *((x, y) for x in _SLIGHTLY for y in _SLIGHTLY),
    (_BOTH_SIDES, _BOTH_SIDES),
    *((edge, _WHOLE) for edge in _SLIGHTLY[::2]),
    *((_WHOLE, edge) for edge in _SLIGHTLY[::2]),
)
"""Crops by which an image is looked up: start and length of the part that is kept, across and down."""


@dataclass(frozen=True)
class Candidates:
    """Pairs that may be near-duplicates."""

    first: np.ndarray
    """Indices, int64 (P,)."""
    second: np.ndarray
    window: np.ndarray
    """Which of `WINDOWS` of the first is closest to the second."""
    closeness: np.ndarray
    """Cosine between their descriptions."""

    def __len__(self) -> int:
        return len(self.first)

    def take(self, which: np.ndarray) -> Candidates:
        """Some of them."""
        return Candidates(self.first[which], self.second[which], self.window[which], self.closeness[which])


def find_candidates(thumbnails: np.ndarray) -> Candidates:
    """The candidates among thumbnails, float32 or uint8 (N, SIDE, SIDE); each unordered pair once."""
    raw = _frequencies(thumbnails, WINDOWS[0])
    middle, scale = _usual(raw)
    wholes = _unit((raw - middle) / scale)
    rng = np.random.default_rng(0)
    bits = max(1, int(np.ceil(np.log2(max(2, len(thumbnails))))))
    tables = [_Table.of(wholes, rng.normal(size=(wholes.shape[1], bits)).astype(np.float32)) for _ in range(TABLES)]
    found: list[Candidates] = []
    for window, sides in enumerate(WINDOWS):
        crops = wholes if sides == WINDOWS[0] else _unit((_frequencies(thumbnails, sides) - middle) / scale)
        per_table = [part for table in tables for part in table.close(crops, wholes, window)]
        found.append(_unique(per_table, len(thumbnails)))
    return _unique(found, len(thumbnails))


@dataclass(frozen=True)
class _Table:
    """Vectors by the side of some planes that they lie on."""

    planes: np.ndarray
    order: np.ndarray
    keys: np.ndarray
    """Sorted."""

    @classmethod
    def of(cls, wholes: np.ndarray, planes: np.ndarray) -> _Table:
        keys = _sides(wholes, planes)
        order = np.argsort(keys, kind="stable")
        return cls(planes, order.astype(np.int32), keys[order])

    def close(self, crops: np.ndarray, wholes: np.ndarray, window: int) -> Iterator[Candidates]:
        """The close ones among pairs of a crop and a whole that lie on the same side of all planes."""
        asked = _sides(crops, self.planes)
        low, high = (np.searchsorted(self.keys, asked, side) for side in ("left", "right"))
        ends = np.cumsum(high - low)
        start = 0
        while start < len(asked):  # as many images at a time as give a block of candidates
            before = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + BLOCK, "right")))
            count = (high - low)[start:stop]
            first = np.repeat(np.arange(start, stop), count)
            place = np.arange(len(first)) - np.repeat(ends[start:stop] - count - before, count)
            second = self.order[low[first] + place].astype(np.int64)
            closeness = np.einsum("pd,pd->p", crops[first], wholes[second])
            close = (closeness > CLOSE) & (first != second)
            yield Candidates(first[close], second[close], np.full(close.sum(), window, np.int8), closeness[close])
            start = stop


def _sides(vectors: np.ndarray, planes: np.ndarray) -> np.ndarray:
    return (vectors @ planes > 0) @ (1 << np.arange(planes.shape[1]))


def _frequencies(thumbnails: np.ndarray, window: tuple[tuple[float, float], tuple[float, float]]) -> np.ndarray:
    """The lowest cosines of a crop but for its mean brightness, float32 (N, FREQUENCIES**2 - 1)."""
    across, down = (_cosines(*side) for side in window)
    parts = [
        (down @ thumbnails[start : start + 4096].astype(np.float32) @ across.T).reshape(-1, FREQUENCIES**2)[:, 1:]
        for start in range(0, len(thumbnails), 4096)
    ]
    return np.concatenate(parts)


def _cosines(start: float, length: float) -> np.ndarray:
    """Cosines over a part of a side, times the interpolation that gets it, (FREQUENCIES, SIDE)."""
    steps = np.arange(SIDE // 2) + 0.5
    places = np.clip((start + length * steps / len(steps)) * SIDE - 0.5, 0, SIDE - 1)
    sampling = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(SIDE)))
    cosines = np.cos(np.pi * steps * np.arange(FREQUENCIES)[:, None] / len(steps))
    return (cosines @ sampling).astype(np.float32)


def _usual(views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of each frequency: those of the set, or of photographs in general where it is small."""
    if len(views) >= ENOUGH:
        return views.mean(0), views.std(0) + 1e-3
    row, column = np.divmod(np.arange(1, FREQUENCIES**2), FREQUENCIES)
    return np.zeros(views.shape[1], np.float32), (1 / np.hypot(row, column)).astype(np.float32)


def _unit(views: np.ndarray) -> np.ndarray:
    return views / np.maximum(np.linalg.norm(views, axis=1, keepdims=True), 1e-6)


def _unique(found: list[Candidates], count: int) -> Candidates:
    """Each unordered pair once, as its closest crop."""
    joined = Candidates(
        *(np.concatenate([getattr(part, name) for part in found]) for name in Candidates.__annotations__)
    )
    joined = joined.take(np.argsort(-joined.closeness, kind="stable"))
    low, high = np.minimum(joined.first, joined.second), np.maximum(joined.first, joined.second)
    _, first_time = np.unique(low * count + high, return_index=True)
    return joined.take(np.sort(first_time))

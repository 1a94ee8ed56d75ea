"""Near-duplicates: pairs of images that show the same, but resized, encoded anew, cropped a little or lighter."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .alignment import BATCH, Placement, evidence, likeness, thumbnails
from .candidates import WINDOWS, find_candidates
from .descriptor import SIDE
from .findings_cache import keep_pairs, recall_pairs

logger = logging.getLogger(__name__)

ALIKE = 0.92
"""Correlation of details from which two images show the same."""
CLEAR = 24.0
"""Evidence that two images show the same; only pictures of very little detail have to be more alike for it."""
STRANGERS = 1000
"""Pairs drawn at random that tell how alike the images of a set usually are."""
DEVIATIONS = 10
"""Standard deviations above the usual, in Fisher's z, that a pair has to be at least: digits are all alike."""
MOST_CANDIDATES = 8
"""Candidates for each image that are looked at more closely; of more, the closest."""


class NearPair(NamedTuple):
    """Two images that show nearly the same."""

    first: int
    second: int
    distance: float
    """0 for equal details, 1 for unrelated ones."""


def find_near_duplicates(descriptors: np.ndarray) -> list[NearPair]:
    """The pairs among images, first < second, the nearest first; a function of the descriptors alone.

    Images without details, such as blank ones, are in no pair. Turned or mirrored copies are not found.

    Args:
        descriptors: Of `describe`, uint8 (N, LENGTH); equal images should be in it once.
    """
    count = len(descriptors)
    if count < 2:
        return []
    candidates = find_candidates(descriptors.reshape(-1, SIDE, SIDE))
    if len(candidates) > MOST_CANDIDATES * count:
        logger.warning(
            "%s pairs of images are much alike; of these the %s closest are looked at as near-duplicates",
            f"{len(candidates):,}",
            f"{MOST_CANDIDATES * count:,}",
        )
        candidates = candidates.take(np.arange(MOST_CANDIDATES * count))
    found, said = _likeness(descriptors, candidates.first, candidates.second, candidates.window)
    alike = np.flatnonzero((found >= _threshold(descriptors)) & (said >= CLEAR))
    alike = alike[np.argsort(-found[alike], kind="stable")]
    rows = zip(candidates.first[alike].tolist(), candidates.second[alike].tolist(), found[alike].tolist(), strict=True)
    return [NearPair(min(one, other), max(one, other), max(0.0, 1 - alike)) for one, other, alike in rows]


def known_near_duplicates(known: np.ndarray, descriptors: np.ndarray) -> list[NearPair]:
    """The same, from an earlier run where images of just these digests were compared.

    Args:
        known: The different digests, uint64 (N,).
        descriptors: Of these.
    """
    earlier = recall_pairs(known)
    if earlier is not None:
        return [NearPair(int(first), int(second), distance) for first, second, distance in earlier.tolist()]
    found = find_near_duplicates(descriptors)
    keep_pairs(known, found)
    return found


def group_pairs(pairs: Sequence[tuple[int, int, float]], count: int) -> np.ndarray:
    """A number for each of `count` images, equal for those that pairs connect, int64 (count,): the lowest index."""
    if not pairs:
        return np.arange(count)
    from scipy.sparse import coo_matrix  # here, because it takes a third of a second to import
    from scipy.sparse.csgraph import connected_components

    rows = np.array([(first, second) for first, second, _ in pairs], np.int64)
    links = coo_matrix((np.ones(len(rows), bool), (rows[:, 0], rows[:, 1])), shape=(count, count))
    _, component = connected_components(links, directed=False)
    _, lowest = np.unique(component, return_index=True)
    return lowest[component]


def _threshold(descriptors: np.ndarray) -> float:
    """How alike two images have to be: more than any two of the set could be by chance."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, len(descriptors), (2, STRANGERS))
    apart = first != second
    found, _ = _likeness(descriptors, first[apart], second[apart], np.zeros(apart.sum(), np.int64))
    z = np.arctanh(np.clip(found, -0.9999, 0.9999))
    return max(ALIKE, float(np.tanh(z.mean() + DEVIATIONS * z.std()))) if len(descriptors) >= 256 else ALIKE


def _likeness(
    descriptors: np.ndarray, first: np.ndarray, second: np.ndarray, window: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How alike pairs are, and how much evidence that is, (P,) each."""
    found = [(np.zeros(0, np.float32), np.zeros(0, np.float32))]
    for start in range(0, len(first), BATCH):
        part = slice(start, start + BATCH)
        one, other = thumbnails(descriptors[first[part]]), thumbnails(descriptors[second[part]])
        alike = likeness(one, other, _placement(window[part]))
        found.append((alike, np.minimum(evidence(alike, one), evidence(alike, other))))
    alike, said = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return alike, said


def _placement(window: np.ndarray) -> Placement:
    sides = np.array(WINDOWS, np.float32)[window]  # (P, 2, 2): start and length, across and down
    start, length = sides[..., 0], sides[..., 1]
    return Placement(length, (start + length / 2 - 0.5) * SIDE)

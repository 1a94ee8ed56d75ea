"""Near-duplicates: pairs of images that show the same photograph, resized, encoded anew, cropped a little or lighter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class NearPair(NamedTuple):
    """Two images that show nearly the same."""

    first: int
    second: int
    distance: float
    """0 for equal thumbnails, 1 for unrelated ones."""


def find_near_duplicates(descriptors: np.ndarray) -> list[NearPair]:
    """The pairs among images, first < second, the nearest first.

    Args:
        descriptors: Of `describe`, uint8 (N, LENGTH).
    """
    raise NotImplementedError


def group_pairs(pairs: Sequence[tuple[int, int, float]], count: int) -> np.ndarray:
    """A number for each of `count` images, equal for those that pairs connect, int64 (count,): the lowest index."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows = np.array([(first, second) for first, second, _ in pairs], np.int64).reshape(-1, 2)
    links = coo_matrix((np.ones(len(rows), bool), (rows[:, 0], rows[:, 1])), shape=(count, count))
    _, component = connected_components(links, directed=False)
    _, lowest = np.unique(component, return_index=True)
    return lowest[component]

"""Where in the image the evidence is, in words: the place of the strongest, and the other places that are as good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from resnet_hub.explain.saliency.heat_maps import HeatMap

PEAK = 0.75
"""A region counts as a place of its own where it reaches this part of the strongest evidence."""
VALLEY = 0.7
"""Two places are apart where all ways between them lead below this part of the strongest evidence."""
SUMMIT = 0.95
"""From this part of the strongest evidence of a region on, a place is as good as its very maximum."""
SPREAD = 0.5
"""Evidence is everywhere where more than this part of the image reaches `PEAK`."""


class Place(StrEnum):
    """Where in the image the evidence is: a key that a page puts into words."""

    UPPER_LEFT = "upper_left"
    UPPER = "upper"
    UPPER_RIGHT = "upper_right"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    LOWER_LEFT = "lower_left"
    LOWER = "lower"
    LOWER_RIGHT = "lower_right"
    EVERYWHERE = "everywhere"
    NOWHERE = "nowhere"


@dataclass(frozen=True)
class Evidence:
    """Where in the image the evidence is, in words."""

    place: Place
    """The ninth of the image that holds the strongest evidence; or everywhere, or nowhere.

    Where it reaches into several ninths, that with most of it."""
    others: tuple[Place, ...] = ()
    """Further ninths with a region of their own that is nearly as strong, the strongest first."""
    at_edge: bool = False
    """Whether the strongest evidence reaches the border of what the network saw, so that more may lie beyond it."""


@dataclass(frozen=True)
class _Region:
    """Neighboring pixels that all hold at least `VALLEY` of the strongest evidence."""

    strongest: float
    ninth: Place
    """Which one has most of it, among those that reach its summit."""
    at_edge: bool
    """Whether a pixel as strong as that one lies on the border of the image."""


def evidence(found: HeatMap) -> Evidence:
    """Where the evidence is: at the maximum of the map, and in each separate region that reaches `PEAK` of it.

    A region is what hangs together at `VALLEY` of the maximum, so two summits of one hill are one place.
    """
    if found.is_empty:
        return Evidence(Place.NOWHERE)
    if (found.values >= PEAK).mean() > SPREAD:
        return Evidence(Place.EVERYWHERE)
    regions = sorted(_regions(found.values), key=lambda region: -region.strongest)
    places = list(dict.fromkeys(region.ninth for region in regions))
    return Evidence(places[0], tuple(places[1:]), regions[0].at_edge)


def evidence_place(found: HeatMap) -> Place:
    """Where the strongest evidence is, in one word: a ninth of the image, everywhere or nowhere."""
    return evidence(found).place


def _ninth(inside: np.ndarray) -> Place:
    """The ninth that holds a region, of which the map (H, W) shows nothing else.

    A summit on the line between two ninths is a pixel's width from being in the other one: what decides then is where
    more of the strong evidence is.
    """
    height, width = inside.shape
    strongest = inside.max()
    rows, columns = ((6 * np.arange(side) + 3) // (2 * side) for side in (height, width))
    mass = np.zeros(9)
    np.add.at(mass, 3 * rows[:, None] + columns, np.clip(inside - PEAK * strongest, 0, None))
    summit = np.zeros(9)
    np.maximum.at(summit, 3 * rows[:, None] + columns, inside)
    return list(Place)[int(np.where(summit >= SUMMIT * strongest, mass, -1).argmax())]


def _regions(values: np.ndarray) -> Iterator[_Region]:
    """The regions of a map (H, W) that reach `PEAK`."""
    labels = connected(values >= VALLEY)
    for label in np.unique(labels[values >= PEAK]):
        inside = np.where(labels == label, values, 0)
        strongest = float(inside.max())
        rows, columns = np.nonzero(inside >= strongest - 1e-3)
        height, width = values.shape
        edge = rows.min() == 0 or columns.min() == 0 or rows.max() == height - 1 or columns.max() == width - 1
        yield _Region(strongest, _ninth(inside), bool(edge))


def connected(mask: np.ndarray) -> np.ndarray:
    """A number from 1 for each region of true pixels that touch, also at a corner, of a mask (H, W); 0 elsewhere."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    parents = [0]  # of each run of pixels in a row, the number of a run that it touches; 0 is no run

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = run = parents[parents[run]]
        return run

    runs: list[tuple[int, int, int]] = []  # row, first pixel, pixel behind the last
    above: range = range(0)
    for row in range(height):
        starts, ends = np.flatnonzero(steps[row] == 1).tolist(), np.flatnonzero(steps[row] == -1).tolist()
        first = len(parents)
        for start, end in zip(starts, ends, strict=True):
            run = len(parents)
            parents.append(run)
            runs.append((row, start, end))
            for other in above:
                _, left, right = runs[other - 1]
                if left <= end and start <= right:
                    parents[root(other)] = root(run)
        above = range(first, len(parents))
    numbers: dict[int, int] = {}
    labels = np.zeros(mask.shape, dtype=np.int32)
    for run, (row, start, end) in enumerate(runs, 1):
        labels[row, start:end] = numbers.setdefault(root(run), len(numbers) + 1)
    return labels

"""Images that two splits have in common: the same pixels, or nearly the same picture."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass

import numpy as np

from resnet_hub.errors import DataError, counted

from .split import Split

logger = logging.getLogger(__name__)

SHOWN = 5
"""How many pairs of images a report spells out."""


@dataclass(frozen=True)
class Overlap:
    """Images of one split that another has too."""

    split: str
    other: str
    images: tuple[tuple[int, int], ...]
    """The index in the one and in the other."""
    near: bool = False
    """Whether they are near-duplicates, and not the same to the pixel."""


def overlaps(split: Split, other: Split) -> list[Overlap]:
    """The images of `split` that `other` has too, to the pixel or nearly; as far as both were looked at."""
    if split.digests is None or other.digests is None:
        return []
    same = np.isin(split.digests, other.digests)
    found = [_twins(split, other, split.digests, other.digests, same, near=False)]
    if split.groups is not None and other.groups is not None:
        nearly = np.isin(split.groups, other.groups) & ~same
        found.append(_twins(split, other, split.groups, other.groups, nearly, near=True))
    return [shared for shared in found if shared.images]


def _twins(
    split: Split, other: Split, marks: np.ndarray, others: np.ndarray, shared: np.ndarray, *, near: bool
) -> Overlap:
    order = np.argsort(others, kind="stable")
    rows = np.flatnonzero(shared)
    twins = order[np.searchsorted(others[order], marks[rows])]
    return Overlap(split.name, other.name, tuple(zip(rows.tolist(), twins.tolist(), strict=True)), near)


def without_overlaps(train: Split, *others: Split | None, drop: bool = False) -> tuple[Split, list[Overlap]]:
    """The first split and what images any two have in common, which is logged.

    Args:
        train: The first.
        others: The others; absent ones count for nothing.
        drop: Whether the first is returned without the images that others have too.

    Raises:
        DataError: Nothing is left of it.
    """
    pairs = itertools.combinations([split for split in (train, *others) if split is not None], 2)
    found = [shared for pair in pairs for shared in overlaps(*pair)]
    splits = {split.name: split for split in (train, *others) if split is not None}
    doubled: set[int] = set()
    for shared in found:
        dropped = drop and shared.split == train.name
        doubled |= {index for index, _ in shared.images} if dropped else set()
        images = (
            (splits[shared.split].image(index)[1], splits[shared.other].image(twin)[1])
            for index, twin in shared.images[:SHOWN]
        )
        logger.warning(
            "%s of %s %s in %s too%s (%s%s); %s",
            counted(len(shared.images), "image", "images"),
            shared.split,
            "is" if len(shared.images) == 1 else "are",
            shared.other,
            ", as near-duplicates" if shared.near else "",
            "; ".join(map((" is nearly " if shared.near else " is ").join, images)),
            "; ..." if len(shared.images) > SHOWN else "",
            "left out of train"
            if dropped
            else "figures measured there tell less than they seem to"
            + ("; --drop-duplicates leaves them out of train" if shared.split == train.name else ""),
        )
    kept = np.setdiff1d(np.arange(len(train)), list(doubled))
    if not len(kept):
        raise DataError("data.only_duplicates")
    return train.select(kept) if doubled else train, found

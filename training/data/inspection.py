"""Every image opened once before training: which cannot be decoded, which are the same, and how large they are."""

from __future__ import annotations

import itertools
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import xxhash
from accelerate import PartialState
from accelerate.utils import gather_object
from tqdm import tqdm

from resnet_hub.errors import DataError, ImageError
from resnet_hub.preprocessing import Opened, open_image

from ..layouts import refuse_stranger
from .split import Split

logger = logging.getLogger(__name__)

SHOWN = 5
"""How many pairs of images a report spells out."""


@dataclass(frozen=True)
class Inspection:
    """What was found in a split."""

    faults: dict[int, str]
    """Index -> "name (reason)" of the images that cannot be decoded."""
    digests: np.ndarray
    """Hash of the decoded pixels, uint64 (N,)."""
    sizes: np.ndarray
    """Width and height in pixels, int32 (N, 2)."""

    def noted(self, split: Split) -> Split:
        """The split with what was found of each image."""
        return replace(split, digests=self.digests, sizes=self.sizes)


@dataclass(frozen=True)
class Overlap:
    """Images of one split that another has too."""

    split: str
    other: str
    images: tuple[tuple[int, int], ...]
    """The index in the one and in the other."""


def inspect(split: Split) -> Inspection:
    """Opens every image of a split, each process a share, and returns the findings on every process.

    Doing so before training costs as much as one epoch's decoding; a run that stops in its third hour costs more.
    """
    state = PartialState()
    share = range(state.process_index, len(split), state.num_processes)
    with ThreadPoolExecutor() as pool:
        looks = tqdm(
            pool.map(lambda index: look(split, index), share),
            total=len(share),
            desc=f"checking {split.name}",
            unit=" images",
            leave=False,
            disable=None if state.is_main_process else True,
        )
        found = list(looks)
    digests, sizes = np.zeros(len(split), np.uint64), np.zeros((len(split), 2), np.int32)
    faults: dict[int, str] = {}
    mine = (share, {index: fault for index, (fault, *_) in zip(share, found, strict=True) if fault})
    parts = gather_object(
        [(*mine, np.array([row[1] for row in found], np.uint64), np.array([row[2] for row in found]))]
    )
    for rows, bad, hashes, extents in parts:
        if len(rows):
            digests[rows], sizes[rows] = hashes, extents
            faults |= bad
    return Inspection(dict(sorted(faults.items())), digests, sizes)


def look(split: Split, index: int) -> tuple[str | None, int, tuple[int, int]]:
    """What is wrong with an image, a hash of its pixels, and its width and height."""
    content, name = split.image(index)
    try:
        refuse_stranger(content, name)
        image = open_image(content, name=name)
    except ImageError as error:
        return str(error), 0, (0, 0)
    return None, digest(image), image.size


def digest(image: Opened) -> int:
    """64 bits that are equal for equal pixels, however the image was encoded and named.

    Among a million different images two are taken for the same with a chance of 1 in 40 million.
    """
    hashed = xxhash.xxh3_64(f"{image.mode} {image.size}".encode())
    hashed.update(image.tobytes())
    return hashed.intdigest()


def overlap(split: Split, other: Split) -> Overlap | None:
    """The images of `split` that `other` has too; None where there are none."""
    if split.digests is None or other.digests is None:
        return None
    order = np.argsort(other.digests, kind="stable")
    shared = np.flatnonzero(np.isin(split.digests, other.digests))
    twins = order[np.searchsorted(other.digests[order], split.digests[shared])]
    pairs = tuple((int(index), int(twin)) for index, twin in zip(shared, twins, strict=True))
    return Overlap(split.name, other.name, pairs) if pairs else None


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
    found = [shared for pair in pairs if (shared := overlap(*pair))]
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
            "%d images of %s are in %s too (%s%s); %s",
            len(shared.images),
            shared.split,
            shared.other,
            "; ".join(map(" is ".join, images)),
            "; ..." if len(shared.images) > SHOWN else "",
            "they are left out of train"
            if dropped
            else "figures measured there tell less than they seem to"
            + ("; --drop-duplicates leaves them out of train" if shared.split == train.name else ""),
        )
    kept = np.setdiff1d(np.arange(len(train)), list(doubled))
    if not len(kept):
        raise DataError("data.only_duplicates")
    return train.select(kept) if doubled else train, found

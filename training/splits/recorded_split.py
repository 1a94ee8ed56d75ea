"""`RecordedSplit`: which images a run trained on and which it held out, to find them again whatever they are called."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import xxhash
from accelerate import PartialState

from resnet_hub.errors import DataError

from .split import Split

logger = logging.getLogger(__name__)

ROLES = ("train", "validation", "test")
NEW = -1
"""In place of a role: an image that the run did not have."""
UNKNOWN = -2
"""In place of a role: an image that the run did not hold out, and may have trained on."""
SAME_DATASET = 0.5
"""Share of a run's held-out images above which a dataset is taken for the run's own, where nobody named a split."""
MIXERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))
"""Odd numbers that spread sums of products over 64 bits."""


@dataclass(frozen=True)
class RecordedPart:
    """The images of one split of a run, in its order."""

    name: str
    """What the run called it: "train", "validation", "20% of train"."""
    digests: np.ndarray
    """What each image shows, as in `Split`, uint64 (N,)."""
    targets: np.ndarray
    """What each image is: its class number, or of several targets a hash, int64 (N,)."""


@dataclass(frozen=True)
class RecordedSplit:
    """Which images a run trained on, and which it held out."""

    parts: Mapping[str, RecordedPart]
    """By role: train, validation and, where the run had one, test."""
    knows_trained: bool = True
    """Whether the run looked at the images that it trained on; if not, train is empty here."""

    @classmethod
    def of(cls, train: Split | str, validation: Split, test: Split | None) -> Self | None:
        """The record of the splits of a run; None where one that was held out was not looked at.

        Args:
            train: Of images that were not looked at before they were trained on, their name is enough.
            validation: Held out.
            test: Held out, where there is one.
        """
        nothing = np.zeros(0, np.uint64)
        name, digests = (train, None) if isinstance(train, str) else (train.name, train.digests)
        targets = nothing.view(np.int64) if isinstance(train, str) or digests is None else target_numbers(train.labels)
        parts = {"train": RecordedPart(name, nothing if digests is None else digests, targets)}
        for role, split in zip(ROLES[1:], (validation, test), strict=True):
            if split is None:
                continue
            if split.digests is None:
                return None
            parts[role] = RecordedPart(split.name, split.digests, target_numbers(split.labels))
        return cls(parts, digests is not None)

    @property
    def names(self) -> list[str]:
        """What the run called its splits."""
        return [part.name for part in self.parts.values()]

    def place(self, asked: str | None, splits: Collection[str]) -> tuple[str, str | None] | None:
        """Where to find images that a run held out.

        Args:
            asked: validation, test, or the name of a split of the run; None stands for validation.
            splits: Those of the dataset; none of them is called `asked`.

        Returns:
            The split of the dataset, and the role of the images to take out of it, None for all. None where the run has
            no such part or the dataset no such split.
        """
        named = {part.name: role for role, part in self.parts.items()}
        role = named.get(asked or "validation", asked or "validation")
        if role not in self.parts:
            return None
        if self.parts[role].name in splits:
            return self.parts[role].name, None
        train = self.parts["train"].name
        return (train, role) if role != "train" and train in splits else None

    def held_out(self, split: Split, role: str, *, asked: bool, labeled: bool = True) -> np.ndarray | None:
        """The rows of a split that the run held out from it, in the run's order, with a line on what is not as it was.

        Args:
            split: Looked at.
            role: The role of those images.
            asked: Whether they were asked for. If not, and most of them are not there, the dataset is taken for another
                one, and None returned, which stands for all rows.
            labeled: Whether the targets of the split are known, to be compared.

        Raises:
            DataError: None of them is there.
        """
        part = self.parts[role]
        rows, changed = find_rows(part, split, labeled=labeled)
        held, found, images = (f"{number:,}" for number in (len(part.digests), len(rows), len(split)))
        if not asked and len(rows) <= SAME_DATASET * len(part.digests):
            _say("%s: %s of the %s images that the run held out are in it, so all are taken", split.name, found, held)
            return None
        if not len(rows):
            raise DataError("data.no_held_out_image", split=split.name, count=held, name=part.name)
        _say(
            "%s: the %s images of %s that the run held out; --split %s takes all %s",
            *(part.name, found, split.name, split.name, images),
        )
        if found != held:
            _say("  %s of the %s are not there any more", f"{len(part.digests) - len(rows):,}", held)
        if changed:
            _say("  %s of them have another target than in the run", f"{changed:,}")
        return rows

    def roles(self, digests: np.ndarray) -> np.ndarray:
        """The place in `ROLES` of each image, int8 (N,); `NEW` for those that the run did not have.

        They are `UNKNOWN` where nobody looked at what the run trained on.

        An image that is in several splits counts where it tells most: in train before validation, and that before test.
        """
        found = np.full(len(digests), NEW if self.knows_trained else UNKNOWN, np.int8)
        for place, role in reversed(list(enumerate(ROLES))):
            if role in self.parts:
                found[np.isin(digests, self.parts[role].digests)] = place
        return found


def target_numbers(labels: np.ndarray) -> np.ndarray:
    """Targets as in `Split` as one number each, int64 (N,): class numbers as they are, others as a hash."""
    if labels.ndim == 1:
        return labels.astype(np.int64)
    hashed = (xxhash.xxh3_64_intdigest(row.tobytes()) for row in np.ascontiguousarray(labels))
    return np.fromiter(hashed, np.uint64, len(labels)).view(np.int64)


def find_rows(part: RecordedPart, split: Split, *, labeled: bool = True) -> tuple[np.ndarray, int]:
    """The rows of a split that hold the images of a part, in the order of the part, and how many have another target.

    Of images that are equal as many are taken as the part has, those first whose targets are equal too.
    """
    if split.digests is None:
        raise ValueError(f"the images of {split.name} were not looked at")
    if not labeled:
        rows = _matched(_identities(part.digests), _identities(split.digests))
        return rows[rows >= 0], 0
    targets = target_numbers(split.labels)
    rows = _matched(_identities(part.digests, part.targets), _identities(split.digests, targets))
    open_places, open_rows = np.flatnonzero(rows < 0), np.setdiff1d(np.arange(len(split)), rows)
    again = _matched(_identities(part.digests[open_places]), _identities(split.digests[open_rows]))
    rows[open_places[again >= 0]] = open_rows[again[again >= 0]]
    return rows[rows >= 0], int(np.sum(again >= 0))


def _identities(digests: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
    """A different number for each image, uint64 (N,): the first, second, ... of equal ones have the same everywhere."""
    image, target, repeated = MIXERS
    keys = digests * image
    if targets is not None:
        keys = keys + targets.view(np.uint64) * target
    order = np.argsort(keys, kind="stable")
    _, first, counts = np.unique(keys[order], return_index=True, return_counts=True)
    repetition = np.empty(len(keys), np.uint64)
    repetition[order] = np.arange(len(keys)) - np.repeat(first, counts)
    return keys + repetition * repeated


def _matched(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The place in `found` of each of `wanted`, int64 (N,); -1 where it is not there."""
    if not len(found):
        return np.full(len(wanted), -1)
    order = np.argsort(found)
    places = order[np.minimum(np.searchsorted(found[order], wanted), len(found) - 1)]
    return np.where(found[places] == wanted, places, -1)


def _say(line: str, *values: object) -> None:
    if PartialState().is_main_process:
        logger.info(line, *values)

"""Near-duplicates of a dataset -> a number for each image that they share, and a line about what images look like."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from accelerate import PartialState

from ..hardware import main_process_first
from ..inspection import FLAGS, group_pairs, joined, known_near_duplicates, quality_flags
from .split import Split

logger = logging.getLogger(__name__)

SHOWN = 3
"""How many names a line spells out."""


def grouped(splits: Mapping[str, Split]) -> dict[str, Split]:
    """The splits with a group for each image that was looked at, equal for equal images and near-duplicates.

    Says how many near-duplicates each split has, and which of its images are blank, blurred, dark, bright or tiny.
    """
    looked_at = {name: split.findings for name, split in splits.items() if split.findings is not None}
    whole = joined(list(looked_at.values()))
    pairs = main_process_first(lambda: known_near_duplicates(whole.known, whole.descriptors))
    group_of = group_pairs(pairs, len(whole.known))
    done = dict(splits)
    for name, findings in looked_at.items():
        groups = group_of[np.searchsorted(whole.known, findings.digests)]
        flags = quality_flags(findings.measures, findings.sizes)
        marks = np.stack([flags[flag] for flag in FLAGS], 1)
        done[name] = replace(splits[name], groups=groups, flags=marks, findings=None)
        if PartialState().is_main_process:
            _log_quality(splits[name], flags)
            _log_near(done[name])
    return done


def _log_quality(split: Split, flags: Mapping[str, np.ndarray]) -> None:
    texts = [
        f"{flag} {flagged.sum():,} ({_names(split, np.flatnonzero(flagged))})"
        for flag, flagged in flags.items()
        if flagged.any()
    ]
    if texts:
        logger.warning("images of %s that may be of little use: %s", split.name, ", ".join(texts))


def _log_near(split: Split) -> None:
    """Says how many images of a split are nearly the same as another of it, and have other pixels."""
    if split.groups is None or split.digests is None:
        return
    _, first, group = np.unique(split.groups, return_index=True, return_inverse=True)
    others = np.flatnonzero(split.digests != split.digests[first[group]])
    if len(others):
        pairs = [f"{split.image(row)[1]} is nearly {split.image(first[group[row]])[1]}" for row in others[:SHOWN]]
        logger.warning(
            "%s images of %s are near-duplicates of others of it (%s%s)",
            f"{len(others):,}",
            split.name,
            "; ".join(pairs),
            "; ..." if len(others) > SHOWN else "",
        )


def _names(split: Split, rows: np.ndarray) -> str:
    return ", ".join(split.image(row)[1] for row in rows[:SHOWN]) + (", ..." if len(rows) > SHOWN else "")

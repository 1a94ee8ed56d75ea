"""Rows of splits -> images with targets, without those that have none or cannot be decoded."""

from __future__ import annotations

import logging
from dataclasses import replace

import datasets
import numpy as np
from datasets import Dataset, DatasetDict

from resnet_hub.errors import DataError, Phrase

from ..inspection import Findings, inspect, same_images
from ..layouts import Ledger
from ..settings import AGAIN, LAZY, RunSettings
from ..splits import Split, leave_out_rows
from ..targets import Target, has_target, read_targets

logger = logging.getLogger(__name__)

SHOWN = 5
"""How many names an error or a report spells out."""


def encoded(rows: Dataset, image_column: str) -> Dataset:
    """The rows with their images alone, as they are encoded."""
    return rows.select_columns([image_column]).cast_column(image_column, datasets.Image(decode=False))


def read_splits(
    tables: DatasetDict, names: list[str], image_column: str, target: Target, settings: RunSettings, ledger: Ledger
) -> tuple[dict[str, Split], list[str]]:
    """The splits of these names without images that have no target or cannot be decoded, and the latter's names.

    A split that nothing is left of is not among them, unless it is the first: then that is an error.
    """
    splits, bad = {}, []
    for name in names:
        if name != names[0] and _is_unlabeled(tables[name], tables[names[0]], target):
            targets = np.full((len(tables[name]), 1), np.nan, np.float32)
            ledger.decide(Phrase("data.no_target_column", split=name, columns=", ".join(target.columns)))
        else:
            targets = read_targets(tables[name], name, target)
        labeled = has_target(targets)
        split = Split(name, encoded(tables[name], image_column), targets)
        leave_out_rows(ledger, Phrase("ledger.no_target"), split, np.flatnonzero(~labeled))
        split = split if labeled.all() else split.select(np.flatnonzero(labeled))
        if name == names[0] and getattr(settings, "check", None) == LAZY:
            same_images(split)
        else:
            split, faults = sound(split, again=getattr(settings, "check", None) == AGAIN)
            bad += faults
            ledger.leave_out("rows", Phrase("ledger.undecodable"), faults)
        if len(split):
            splits[name] = split
    refuse_bad(bad, settings.max_bad_images)
    if names[0] not in splits:
        if bad:
            raise DataError("data.no_decodable_images", split=names[0])
        raise DataError("data.no_labeled_images", split=names[0])
    return splits, bad


def _is_unlabeled(rows: Dataset, train: Dataset, target: Target) -> bool:
    """Whether a split has what train has but for its targets, as the images have that a competition asks about."""
    return not rows.features.keys() & set(target.columns) and rows.features.keys() <= train.features.keys()


def sound(split: Split, *, again: bool = False) -> tuple[Split, list[str]]:
    """The images that can be decoded, with what was found of them, and the names of the others."""
    found = inspect(split, again=again)
    good = np.ones(len(split), bool)
    good[list(found.faults)] = False
    return noted(split, found.findings).select(np.flatnonzero(good)), list(found.faults.values())


def noted(split: Split, findings: Findings) -> Split:
    """The split with what was found of each image."""
    return replace(split, digests=findings.digests, sizes=findings.sizes, findings=findings)


def refuse_bad(bad: list[str], allowed: int) -> None:
    """Raises: DataError where more images cannot be decoded than are allowed."""
    if len(bad) > allowed:
        shown = "; ".join(bad[:SHOWN]) + ("; ..." if len(bad) > SHOWN else "")
        raise DataError("data.undecodable_images", count=len(bad), images=shown)

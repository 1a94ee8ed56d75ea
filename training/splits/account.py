"""What happens to the rows of a dataset -> its ledger, and the ledger's lines -> the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from accelerate import PartialState
from datasets import DatasetDict

from resnet_hub.cli import printable
from resnet_hub.errors import Phrase

from ..layouts import RECORDED, Ledger, Unit, quoted
from ..targets import Target
from .split import Split

logger = logging.getLogger(__name__)


def ledger_of(dataset: str) -> Ledger:
    """An empty ledger for what --dataset says; names in it start from the folder, where it is one."""
    path = Path(dataset).expanduser().absolute()
    return Ledger(str(path) if path.is_dir() else str(path.parent) if path.exists() else "")


def see_rows(ledger: Ledger, tables: DatasetDict, names: Sequence[str]) -> None:
    """Counts the rows of a dataset, those of splits that a run does not use among them.

    Args:
        ledger: The dataset's.
        tables: All its splits.
        names: The splits in use.
    """
    for name, rows in tables.items():
        ledger.see("rows", len(rows))
        if name not in names:
            first = (f"row {index} of {name}" for index in range(min(len(rows), RECORDED)))
            ledger.leave_out("rows", Phrase("ledger.unused_split", split=name), first, len(rows))


def leave_out_rows(ledger: Ledger, reason: Phrase, split: Split, indices: Sequence[int] | np.ndarray) -> None:
    """Notes rows of a split that are not used, by the names of their images."""
    ledger.leave_out("rows", reason, (split.image(int(index))[1] for index in indices[:RECORDED]), len(indices))


def use_splits(ledger: Ledger, splits: Iterable[Split | None], target: Target) -> None:
    """Notes the rows that are used in the end, by class where each has one."""
    for split in filter(None, splits):
        counts: Mapping[str, int] = {"all": len(split)}
        if target.task == "single_label":
            numbers, images = np.unique(split.labels, return_counts=True)
            counts = {target.names[number]: int(count) for number, count in zip(numbers, images, strict=True)}
        ledger.use_rows(split.name, counts)


def note_single_images(ledger: Ledger, train: Split, target: Target) -> None:
    """Notes the classes of which no image can be held out."""
    if target.task != "single_label":
        return
    numbers, images = np.unique(train.labels, return_counts=True)
    names = [target.names[number] for number in numbers[images == 1]]
    if names:
        ledger.decide(Phrase("data.not_measured", count=f"{len(names):,}", names=quoted(names)))


def note_absent_classes(ledger: Ledger, train: Split, split: Split, target: Target) -> None:
    """Notes the classes of train of which a split that the dataset brings has no image."""
    if target.task != "single_label":
        return
    names = [target.names[number] for number in np.setdiff1d(train.labels, split.labels)]
    if names:
        ledger.decide(Phrase("data.absent_classes", split=split.name, count=f"{len(names):,}", names=quoted(names)))


def log_ledger(ledger: Ledger, unit: Unit | None = None) -> None:
    """Logs what the main process has not logged yet: decisions, and what was left out, of all or of one unit.

    Names are those of strangers, so whatever a terminal would act on is escaped.
    """
    log_decisions(ledger)
    if not PartialState().is_main_process:
        return
    for line in ledger.left_out_lines(unit):
        logger.warning("%s", printable(str(line)))


def log_decisions(ledger: Ledger) -> None:
    """Logs the decisions that the main process has not logged yet."""
    decisions = ledger.untold()
    for decision in decisions if PartialState().is_main_process else ():
        logger.info("%s", printable(str(decision)))

"""Rows of a dataset -> what a run needs of it: images, targets, class names, and splits that never leak."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from accelerate import PartialState
from datasets import Dataset, IterableDataset

from resnet_hub.errors import DataError, Phrase

from ..hardware import main_process_first
from ..layouts import Ledger
from ..settings import LAZY, FinetuneRecipe
from ..splits import (
    Overlap,
    RecordedSplit,
    Split,
    corrected,
    grouped,
    leave_out_rows,
    ledger_of,
    log_ledger,
    note_absent_classes,
    note_single_images,
    see_rows,
    stratified_split,
    use_splits,
    without_overlaps,
)
from ..targets import Target, find_columns, find_target, other_image_columns, other_label_columns
from .errors import dataset_errors
from .load_dataset import asked_columns, dataset_commit, load_splits, open_streams
from .read_splits import SHOWN, read_splits, refuse_bad, sound
from .streams import Stream, open_stream

logger = logging.getLogger(__name__)

VALIDATION_NAMES = ("validation", "val", "valid", "dev")
MEASURED_NAMES = (*VALIDATION_NAMES, "test")


@dataclass(frozen=True)
class Data:
    """The dataset of a run: splits, names of the outputs, task, and what was found in it."""

    train: Split | Stream
    validation: Split
    test: Split | None
    label_names: tuple[str, ...]
    """Names of the outputs: classes in index order, or the targets of a regression."""
    split_hash: str
    """SHA-256 over which image with which target went where; equal hashes mean equal splits."""
    bad_images: tuple[str, ...] = ()
    """Names of the images left out because they cannot be decoded."""
    revision: str | None = None
    """The commit of a Hub dataset."""
    task: str = "single_label"
    """single_label, multi_label or regression."""
    overlaps: tuple[Overlap, ...] = ()
    """Images that are in two splits, as they were found; some may have been left out of train since."""
    ledger: Ledger = field(default_factory=Ledger)
    """What became of each file and row of the dataset."""

    @property
    def recorded(self) -> RecordedSplit | None:
        """Which image went where, to be found again; of a stream, which were held out."""
        train = self.train if isinstance(self.train, Split) else self.train.name
        return RecordedSplit.of(train, self.validation, self.test)

    @property
    def facts(self) -> dict[str, object]:
        """What all processes must have alike, each under the name that a person knows it by."""
        sizes = {f"the number of images of {split.name}": len(split) for split in self.splits}
        return {**sizes, "the classes": ", ".join(self.label_names), "the images (hash of the split)": self.split_hash}

    @property
    def splits(self) -> tuple[Split | Stream, ...]:
        """Train, validation and, where there is one, test."""
        return (self.train, self.validation) if self.test is None else (self.train, self.validation, self.test)


def load_data(recipe: FinetuneRecipe) -> Data:
    """The dataset of a run, the same on every process.

    A validation split is cut from train where there is none; a test split is never tuned on.

    Raises:
        DataError: What the dataset lacks, with what it has instead.
    """
    if recipe.streaming:
        return _stream_data(recipe)
    ledger = ledger_of(recipe.dataset)
    tables = main_process_first(lambda: load_splits(recipe.dataset, recipe.layout, ledger, asked_columns(recipe)))
    log_ledger(ledger, "files")
    train_name, validation_name, names = _names_in_use(tables)
    see_rows(ledger, tables, names)
    image_column, columns = find_columns(tables[train_name], recipe.image_column, recipe.label_column)
    _note_other_columns(tables[train_name], image_column, columns, recipe, ledger)
    target = find_target(tables[train_name], columns, recipe.task)
    splits, bad = read_splits(tables, names, image_column, target, recipe, ledger)
    splits = grouped(corrected(splits, target, recipe.labels, ledger))

    train, test = splits[train_name], splits.get("test")
    _refuse_one_answer(train, target)
    if validation_name in splits:
        validation = splits[validation_name]
    elif validation_name:
        raise DataError("data.unlabeled_validation", split=validation_name)
    else:
        note_single_images(ledger, train, target)
        kept, held_out = stratified_split(train.labels, recipe.val_fraction, recipe.seed, train.groups)
        validation = train.select(held_out, f"{recipe.val_fraction:.0%} of {train_name}")
        train = train.select(kept)
        if recipe.check == LAZY:
            validation, faults = sound(validation)
            bad += faults
            ledger.leave_out("rows", Phrase("ledger.undecodable"), faults)
            refuse_bad(bad, recipe.max_bad_images)
    if not len(validation):
        alike = train.groups is not None and len(np.unique(train.groups)) < len(train)
        raise DataError("data.only_near_duplicates" if alike else "data.nothing_to_hold_out", split=train_name)
    whole = train
    train, overlaps = without_overlaps(whole, validation, test, drop=recipe.drop_duplicates)
    if len(train) < len(whole):
        doubled = {index for pair in overlaps if pair.split == whole.name for index, _ in pair.images}
        leave_out_rows(ledger, Phrase("ledger.duplicate"), whole, sorted(doubled))
    for split in filter(None, (validation, test)):
        _refuse_unknown_classes(train, split, target)
        if split.name in tables:
            note_absent_classes(ledger, train, split, target)
    use_splits(ledger, (train, validation, test), target)
    if recipe.check == LAZY:
        ledger.decide(Phrase("data.not_looked_at", split=train.name))
    log_ledger(ledger, "rows")
    ledger.decide(target.reason)
    if PartialState().is_main_process:
        logger.info("task   %s: %s", target.task, target.reason)
    fingerprint = _fingerprint(train, validation, test)
    revision = dataset_commit(tables)
    return Data(
        train, validation, test, target.names, fingerprint, tuple(bad), revision, target.task, tuple(overlaps), ledger
    )


def _note_other_columns(
    rows: Dataset | IterableDataset,
    image_column: str,
    columns: tuple[str, ...],
    recipe: FinetuneRecipe,
    ledger: Ledger,
) -> None:
    """Notes which columns could be meant as well, unless somebody chose."""
    others = [other_label_columns(rows, columns) if recipe.label_column is None else None]
    others += [other_image_columns(rows, image_column) if recipe.image_column is None else None]
    for line in filter(None, others):
        ledger.decide(line)


def _stream_data(recipe: FinetuneRecipe) -> Data:
    """The same of a dataset that is not loaded first: a stream to train on, and a bounded part to measure with."""
    ledger = ledger_of(recipe.dataset)
    tables, revision = main_process_first(
        lambda: open_streams(recipe.dataset, recipe.layout, ledger, asked_columns(recipe))
    )
    log_ledger(ledger, "files")
    _, validation_name, names = _names_in_use(tables)
    with dataset_errors(f"--dataset {recipe.dataset!r}", recipe.dataset):
        stream, others = open_stream(tables, recipe, names)
    target, splits, bad = stream.target, {}, []
    _note_other_columns(tables[names[0]], stream.image_column, target.columns, recipe, ledger)
    for name, split in others.items():
        ledger.see("rows", len(split))
        splits[name], faults = sound(split)
        bad += faults
        ledger.leave_out("rows", Phrase("ledger.undecodable"), faults)
    refuse_bad(bad, recipe.max_bad_images)
    validation, test = splits[validation_name or "validation"], splits.get("test")
    for split in filter(None, (validation, test)):
        if not len(split):
            raise DataError("data.unmeasurable_stream", split=split.name)
    use_splits(ledger, (validation, test), target)
    ledger.decide(Phrase("data.not_looked_at", split=stream.name))
    log_ledger(ledger, "rows")
    _, overlaps = without_overlaps(validation, test)
    ledger.decide(target.reason)
    if PartialState().is_main_process:
        logger.info("task   %s: %s", target.task, target.reason)
        if target.task == "single_label" and (known := len(np.unique(stream.labels))) < len(target.names):
            logger.warning(
                "the first %s images of the stream hold %d of %d classes; where files are sorted by class, "
                "raise --shuffle-buffer",
                f"{len(stream.labels):,}",
                known,
                len(target.names),
            )
    fingerprint = _fingerprint(validation, test)
    return Data(
        stream, validation, test, target.names, fingerprint, tuple(bad), revision, target.task, tuple(overlaps), ledger
    )


def _names_in_use(tables: Mapping[str, object]) -> tuple[str, str | None, list[str]]:
    """The names of the split to train on and of the one to validate on, and of all in use, train first.

    Raises:
        DataError: There is none to train on.
    """
    train = next((name for name in ("train", *tables) if name in tables and name not in MEASURED_NAMES), None)
    if train is None:
        raise DataError("data.no_train_split", splits=", ".join(tables))
    validation = next((name for name in VALIDATION_NAMES if name in tables), None)
    return train, validation, list(dict.fromkeys([train, validation or train, *(["test"] if "test" in tables else [])]))


def _fingerprint(*splits: Split | None) -> str:
    """A hash over what every image shows and its target, split by split."""
    total = hashlib.sha256()
    for split in filter(None, splits):
        total.update(f"|{len(split)}|".encode())
        # What images show is not known before they are looked at; then it is which images they are.
        shown = split.identity().keys if split.digests is None else split.digests
        total.update(np.ascontiguousarray(shown).tobytes() + np.ascontiguousarray(split.labels).tobytes())
    return total.hexdigest()


def _refuse_one_answer(train: Split, target: Target) -> None:
    """Raises: DataError where every image has the same target."""
    if len(np.unique(train.labels, axis=0)) > 1:
        return
    if target.task == "single_label":
        raise DataError("data.one_class", name=target.names[train.labels[0]])
    raise DataError("data.one_target", columns=", ".join(target.columns))


def _refuse_unknown_classes(train: Split, split: Split, target: Target) -> None:
    if target.task == "regression":
        return
    known, used = (
        part.labels if part.labels.ndim == 1 else np.flatnonzero(part.labels.any(0)) for part in (train, split)
    )
    extra = [target.names[label] for label in np.setdiff1d(used, known)]
    if extra:
        raise DataError("data.classes_not_in_train", split=split.name, classes=", ".join(map(repr, extra[:SHOWN])))

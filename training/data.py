"""Rows of a dataset -> what a run needs of it: pictures, targets, class names, and splits that never leak."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

import datasets
import numpy as np
from accelerate import PartialState
from datasets import Dataset, DatasetDict

from resnet_hub.errors import DataError
from training.columns import find_columns, find_image_column, known_classes
from training.hardware import main_process_first
from training.inspection import Overlap, inspect, overlap
from training.recipe import FinetuneRecipe
from training.settings.run import RunSettings
from training.sources import dataset_commit, load_splits
from training.split import Split, stratified_split
from training.targets import Target, find_target, has_target, read_targets

__all__ = ["SHOWN", "Data", "Split", "load_data", "load_pictures", "load_split"]

logger = logging.getLogger(__name__)

SHOWN = 5
"""How many names an error or a report spells out."""
VALIDATION_NAMES = ("validation", "val", "valid", "dev")


@dataclass(frozen=True)
class Data:
    """All that a run takes from its dataset."""

    train: Split
    validation: Split
    test: Split | None
    label_names: tuple[str, ...]
    """Names of the outputs: classes in index order, or the numbers of a regression."""
    split_hash: str
    """SHA-256 over which picture with which target went where; equal hashes mean equal splits."""
    bad_pictures: tuple[str, ...] = ()
    """Names of the pictures left out because they cannot be decoded."""
    revision: str | None = None
    """The commit of a Hub dataset."""
    task: str = "single_label"
    """single_label, multi_label or regression."""
    overlaps: tuple[Overlap, ...] = ()
    """Pictures that are in two splits, as they were found; some may have been left out of train since."""

    @property
    def splits(self) -> tuple[Split, ...]:
        """Train, validation and, where there is one, test."""
        return (self.train, self.validation) if self.test is None else (self.train, self.validation, self.test)


def load_data(recipe: FinetuneRecipe) -> Data:
    """The dataset of a run, the same on every process.

    A validation split is cut from train where there is none; a test split is never tuned on.

    Raises:
        DataError: What the dataset lacks, with what it has instead.
    """
    tables = main_process_first(lambda: load_splits(recipe.dataset))
    train_name = "train" if "train" in tables else next(iter(tables))
    validation_name = next((name for name in VALIDATION_NAMES if name in tables and name != train_name), None)
    names = list(dict.fromkeys([train_name, validation_name or train_name, *(["test"] if "test" in tables else [])]))
    image_column, columns = find_columns(tables[train_name], recipe.image_column, recipe.label_column)
    target = find_target(tables[train_name], columns, recipe.task)
    splits, bad = _read_splits(tables, names, image_column, target, recipe)

    train, test = splits[train_name], splits.get("test") if train_name != "test" else None
    _refuse_one_answer(train, target)
    if validation_name in splits:
        validation = splits[validation_name]
    elif validation_name:
        raise DataError(f"split {validation_name!r} has no labelled pictures; remove it, and one is cut from train")
    else:
        kept, held_out = stratified_split(train.labels, recipe.val_fraction, recipe.seed)
        validation = train.select(held_out, f"{recipe.val_fraction:.0%} of {train_name}")
        train = train.select(kept)
    if not len(validation):
        raise DataError(f"no class has two pictures, so none can be held out of {train_name}; add pictures")
    train, overlaps = _told_overlaps(train, validation, test, drop=recipe.drop_duplicates)
    for split in filter(None, (validation, test)):
        _refuse_unknown_classes(train, split, target)
    if PartialState().is_main_process:
        logger.info("task   %s: %s", target.task, target.reason)
    fingerprint = _fingerprint(train, validation, test)
    revision = dataset_commit(tables)
    return Data(train, validation, test, target.names, fingerprint, tuple(bad), revision, target.task, tuple(overlaps))


def load_split(settings: RunSettings, name: str | None, label_names: tuple[str, ...], task: str = "auto") -> Split:
    """One split to measure on, its targets in the order of `label_names`.

    Args:
        settings: Names the dataset, its columns and how many bad pictures are allowed.
        name: The split; validation, else test, else the only one where absent.
        label_names: What the network's outputs are called.
        task: What the outputs are, as in `Data`.

    Raises:
        DataError: There is no such split, or it has classes that the network lacks.
    """
    name, rows = _load_rows(settings, name)
    image_column, columns = find_columns(rows, settings.image_column, settings.label_column)
    target = find_target(rows, columns, task).named(label_names)
    splits, _ = _read_splits(DatasetDict({name: rows}), [name], image_column, target, settings)
    return splits[name]


def load_pictures(settings: RunSettings, name: str | None) -> tuple[Split, list[str | None]]:
    """One split to predict on, every row of it, and the class of each row by name where the dataset says it.

    Args:
        settings: Names the dataset and its columns.
        name: The split; chosen as in `load_split` where absent.

    Raises:
        DataError: There is no such split, or no column of pictures.
    """
    name, rows = _load_rows(settings, name)
    image_column = find_image_column(rows, settings.image_column)
    return Split(name, _encoded(rows, image_column), np.full(len(rows), -1)), known_classes(rows, settings.label_column)


def _load_rows(settings: RunSettings, name: str | None) -> tuple[str, Dataset]:
    tables = main_process_first(lambda: load_splits(settings.dataset))
    name = name or next((usual for usual in (*VALIDATION_NAMES, "test") if usual in tables), next(iter(tables)))
    if name not in tables:
        raise DataError(f"there is no split {name!r}; the dataset has {', '.join(tables)}")
    return name, tables[name]


def _encoded(rows: Dataset, image_column: str) -> Dataset:
    return rows.select_columns([image_column]).cast_column(image_column, datasets.Image(decode=False))


def _read_splits(
    tables: DatasetDict, names: list[str], image_column: str, target: Target, settings: RunSettings
) -> tuple[dict[str, Split], list[str]]:
    """The splits of these names without pictures that have no target or cannot be decoded, and the latter's names.

    A split that nothing is left of is not among them, unless it is the first: then that is an error.
    """
    splits, bad = {}, []
    main = PartialState().is_main_process
    for name in names:
        targets = read_targets(tables[name], name, target)
        labelled = has_target(targets)
        split = Split(name, _encoded(tables[name], image_column), targets)
        if main and not labelled.all():
            logger.warning("%s rows of %s have no target and are left out", f"{np.sum(~labelled):,}", name)
        split = split if labelled.all() else split.select(np.flatnonzero(labelled))
        found = inspect(split)
        bad += found.faults.values()
        good = np.ones(len(split), bool)
        good[list(found.faults)] = False
        if good.any():
            splits[name] = found.noted(split).select(np.flatnonzero(good))
    if len(bad) > settings.max_bad_pictures:
        raise DataError(
            f"{len(bad)} pictures cannot be decoded ({'; '.join(bad[:SHOWN])}{'; ...' if len(bad) > SHOWN else ''}); "
            f"mend or remove them, or leave them out with --max-bad-pictures {len(bad)}"
        )
    if names[0] not in splits:
        kind = "pictures that can be decoded" if bad else "labelled pictures"
        raise DataError(f"split {names[0]!r} has no {kind}; choose another --dataset or --label-column")
    if bad and main:
        logger.warning("%d pictures cannot be decoded and are left out: %s", len(bad), "; ".join(bad))
    return splits, bad


def _told_overlaps(train: Split, validation: Split, test: Split | None, *, drop: bool) -> tuple[Split, list[Overlap]]:
    """Train, without what other splits have too if it is to be dropped, and what was found, which the log tells."""
    pairs = [(train, validation), *([(train, test), (validation, test)] if test else [])]
    found = [shared for pair in pairs if (shared := overlap(*pair))]
    splits = {split.name: split for split in (train, validation, test) if split}
    doubled: set[int] = set()
    for shared in found:
        dropped = drop and shared.split == train.name
        doubled |= {index for index, _ in shared.pictures} if dropped else set()
        pictures = (
            (splits[shared.split].picture(index)[1], splits[shared.other].picture(twin)[1])
            for index, twin in shared.pictures[:SHOWN]
        )
        logger.warning(
            "%d pictures of %s are in %s too (%s%s); %s",
            len(shared.pictures),
            shared.split,
            shared.other,
            "; ".join(map(" is ".join, pictures)),
            "; ..." if len(shared.pictures) > SHOWN else "",
            "they are left out of train"
            if dropped
            else "figures measured there tell less than they seem to"
            + ("; --drop-duplicates leaves them out of train" if shared.split == train.name else ""),
        )
    kept = np.setdiff1d(np.arange(len(train)), list(doubled))
    if not len(kept):
        raise DataError("every picture of train is in another split too, so --drop-duplicates leaves nothing to train")
    return train.select(kept) if doubled else train, found


def _fingerprint(*splits: Split | None) -> str:
    """A hash over what every picture shows and what is to be learned of it, split by split."""
    total = hashlib.sha256()
    for split in filter(None, splits):
        total.update(f"|{len(split)}|".encode())
        total.update(np.ascontiguousarray(split.digests).tobytes() + np.ascontiguousarray(split.labels).tobytes())
    return total.hexdigest()


def _refuse_one_answer(train: Split, target: Target) -> None:
    """Raises: DataError where every picture has the same target."""
    if len(np.unique(train.labels, axis=0)) > 1:
        return
    if target.task == "single_label":
        raise DataError(
            f"the dataset has one class only, {target.names[train.labels[0]]!r}; a classifier needs at least two, "
            "each with its pictures in a folder of its own: folder/cats/1.jpg"
        )
    raise DataError(f"every picture has the same target in {', '.join(target.columns)}; there is nothing to learn")


def _refuse_unknown_classes(train: Split, split: Split, target: Target) -> None:
    if target.task == "regression":
        return
    known, used = (
        part.labels if part.labels.ndim == 1 else np.flatnonzero(part.labels.any(0)) for part in (train, split)
    )
    extra = [target.names[label] for label in np.setdiff1d(used, known)]
    if extra:
        raise DataError(
            f"classes in {split.name} that train lacks: {', '.join(map(repr, extra[:SHOWN]))}; "
            f"add pictures of them to train, or remove them from {split.name}"
        )

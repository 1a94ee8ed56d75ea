"""Rows of a dataset -> what a run needs of it: pictures, class numbers, class names, and splits that never leak."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import datasets
import numpy as np
from accelerate import PartialState
from accelerate.utils import gather_object
from datasets import Dataset, DatasetDict
from tqdm import tqdm

from resnet_hub.errors import DataError, ImageError
from resnet_hub.preprocessing import open_image
from training.columns import class_names, class_numbers, find_columns, find_image_column, known_classes
from training.hardware import main_process_first
from training.recipe import FinetuneRecipe
from training.settings.run import RunSettings
from training.sources import dataset_commit, load_splits

logger = logging.getLogger(__name__)

SHOWN = 5
"""How many names an error or a report spells out."""
VALIDATION_NAMES = ("validation", "val", "valid", "dev")


@dataclass(frozen=True)
class Split:
    """Pictures of one split and their classes."""

    name: str
    rows: Dataset
    """One column, the pictures still encoded, as bytes or paths."""
    labels: np.ndarray
    """Class numbers, int64 (N,)."""

    def __len__(self) -> int:
        return len(self.labels)

    def picture(self, index: int) -> tuple[bytes | str, str]:
        """The encoded picture, as bytes or a path, and a name for it."""
        cell = self.rows[int(index)][self.rows.column_names[0]] or {}
        name = cell.get("path") or f"row {index} of {self.name}"
        return cell.get("bytes") or cell.get("path") or b"", str(name)

    @property
    def paths(self) -> list[str | None]:
        """Where each picture came from, or its name, where the dataset says it; the pictures are not read."""
        column = self.rows.with_format("arrow").select_columns(self.rows.column_names)
        return [cell for batch in column.iter(10_000) for cell in batch[0].combine_chunks().field("path").to_pylist()]

    def select(self, kept: np.ndarray, name: str | None = None) -> Split:
        """The same with these pictures only."""
        return Split(name or self.name, self.rows.select(kept), self.labels[kept])


@dataclass(frozen=True)
class Data:
    """All that a run takes from its dataset."""

    train: Split
    validation: Split
    test: Split | None
    label_names: tuple[str, ...]
    split_hash: str
    """SHA-256 over which picture of which class went where; equal hashes mean equal splits."""
    bad_pictures: tuple[str, ...] = ()
    """Names of the pictures left out because they cannot be decoded."""
    revision: str | None = None
    """The commit of a Hub dataset."""


def load_data(recipe: FinetuneRecipe) -> Data:
    """The dataset of a run, the same on every process.

    A validation split is cut from train where there is none; a test split is never tuned on.

    Raises:
        DataError: What the dataset lacks, with what it has instead.
    """
    tables = main_process_first(lambda: load_splits(recipe.dataset))
    train_name = "train" if "train" in tables else next(iter(tables))
    validation_name = next((name for name in VALIDATION_NAMES if name in tables and name != train_name), None)
    names_in_use = [train_name, *filter(None, [validation_name]), *(["test"] if "test" in tables else [])]
    splits, label_names, bad = _read_splits(tables, list(dict.fromkeys(names_in_use)), recipe)

    train, test = splits[train_name], splits.get("test") if train_name != "test" else None
    if validation_name:
        validation, parts = splits[validation_name], (train.labels, splits[validation_name].labels)
    else:
        parts = stratified_split(train.labels, recipe.val_fraction, recipe.seed)
        validation = train.select(parts[1], f"{recipe.val_fraction:.0%} of {train_name}")
        train = train.select(parts[0])
    if not len(validation):
        raise DataError(f"no class has two pictures, so none can be held out of {train_name}; add pictures")
    for split in filter(None, (validation, test)):
        _refuse_unknown_classes(train, split, label_names)
    fingerprint = hashlib.sha256(b"|".join(part.astype(np.int64).tobytes() for part in parts)).hexdigest()
    return Data(train, validation, test, label_names, fingerprint, tuple(bad), dataset_commit(tables))


def load_split(settings: RunSettings, name: str | None, label_names: tuple[str, ...]) -> Split:
    """One split to measure on, its classes numbered as in `label_names`.

    Args:
        settings: Names the dataset, its columns and how many bad pictures are allowed.
        name: The split; validation, else test, else the only one where absent.
        label_names: The classes of the network.

    Raises:
        DataError: There is no such split, or it has classes that the network lacks.
    """
    name, rows = _load_rows(settings, name)
    splits, _, _ = _read_splits(DatasetDict({name: rows}), [name], settings, label_names)
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
    tables: DatasetDict, names: list[str], settings: RunSettings, label_names: tuple[str, ...] | None = None
) -> tuple[dict[str, Split], tuple[str, ...], list[str]]:
    """The splits of these names without undecodable pictures, the class names, and the names of those pictures."""
    image_column, label_column = find_columns(tables[names[0]], settings.image_column, settings.label_column)
    known = class_names(tables[names[0]], label_column)
    splits, bad = {}, []
    for name in names:
        labels = class_numbers(tables[name], name, label_column, label_names or known)
        split = Split(name, _encoded(tables[name], image_column), labels)
        faults = undecodable(split)
        bad += faults.values()
        kept = np.array([index for index in range(len(split)) if index not in faults and labels[index] >= 0], np.int64)
        if len(kept):
            splits[name] = split.select(kept)
    if len(bad) > settings.max_bad_pictures:
        raise DataError(
            f"{len(bad)} pictures cannot be decoded ({'; '.join(bad[:SHOWN])}{'; ...' if len(bad) > SHOWN else ''}); "
            f"mend or remove them, or leave them out with --max-bad-pictures {len(bad)}"
        )
    if names[0] not in splits:
        raise DataError(f"split {names[0]!r} has no labelled pictures; choose another --dataset or --label-column")
    present = np.unique(splits[names[0]].labels)
    if label_names is None and len(present) < 2:
        raise DataError(
            f"the dataset has one class only, {known[present[0]]!r}; a classifier needs at least two, "
            "each with its pictures in a folder of its own: folder/cats/1.jpg"
        )
    if bad and PartialState().is_main_process:
        logger.warning("%d pictures cannot be decoded and are left out: %s", len(bad), "; ".join(bad))
    return splits, label_names or known, bad


def undecodable(split: Split) -> dict[int, str]:
    """Index -> "name (reason)" of the pictures that cannot be decoded; every one is tried, each process a share.

    Doing so before training costs as much as one epoch's decoding; a run that stops in its third hour costs more.
    """
    state = PartialState()

    def fault(index: int) -> tuple[int, str] | None:
        content, name = split.picture(index)
        try:
            open_image(content, name=name)
        except ImageError as error:
            return index, str(error)
        return None

    share = range(state.process_index, len(split), state.num_processes)
    with ThreadPoolExecutor() as pool:
        checks = tqdm(
            pool.map(fault, share),
            total=len(share),
            desc=f"checking {split.name}",
            unit=" pictures",
            leave=False,
            disable=None if state.is_main_process else True,
        )
        found = [check for check in checks if check]
    return dict(sorted(gather_object(found)))


def stratified_split(labels: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (kept, held out), each sorted: of every class this share is held out, at least one of two pictures.

    A function of its arguments alone, so every process cuts the same.
    """
    rng = np.random.default_rng(seed)
    held_out = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        count = max(1, round(fraction * len(members))) if len(members) > 1 else 0
        held_out.append(members[:count])
    out = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(labels)), out), out


def _refuse_unknown_classes(train: Split, split: Split, names: tuple[str, ...]) -> None:
    extra = [names[label] for label in np.setdiff1d(split.labels, train.labels)]
    if extra:
        raise DataError(
            f"classes in {split.name} that train lacks: {', '.join(map(repr, extra[:SHOWN]))}; "
            f"add pictures of them to train, or remove them from {split.name}"
        )

"""One split of a dataset to measure or to predict on, or the part of one that a run held out."""

from __future__ import annotations

import numpy as np
from datasets import Dataset, DatasetDict

from resnet_hub.errors import DataError

from ..hardware import main_process_first
from ..inspection import inspect
from ..layouts import Ledger
from ..settings import RunSettings
from ..splits import RecordedSplit, Split, corrected, ledger_of, log_decisions, log_ledger
from ..targets import find_columns, find_image_column, find_target, known_classes
from .load import MEASURED_NAMES
from .load_dataset import asked_columns, load_splits
from .read_splits import encoded, noted, read_splits


def load_split(
    settings: RunSettings,
    name: str | None,
    label_names: tuple[str, ...],
    task: str = "auto",
    recorded: RecordedSplit | None = None,
) -> Split:
    """One split to measure on, its targets in the order of `label_names`.

    Args:
        settings: Names the dataset, its columns and how many bad images are allowed.
        name: The split; validation, else test, else what the run held out, else the only one where absent.
        label_names: What the network's outputs are called.
        task: What the outputs are, as in `Data`.
        recorded: What the run that trained the network held out, where it is known.

    Raises:
        DataError: There is no such split, or it has classes that the network lacks.
    """
    asked, (name, role, rows) = name, _load_rows(settings, name, recorded)
    image_column, columns = find_columns(rows, settings.image_column, settings.label_column)
    target, ledger = find_target(rows, columns, task).named(label_names), Ledger()
    splits, _ = read_splits(DatasetDict({name: rows}), [name], image_column, target, settings, ledger)
    splits = corrected(splits, target, settings.labels, ledger, whole=False)
    log_decisions(ledger)
    if recorded is None or role is None:
        return splits[name]
    held_out = recorded.held_out(splits[name], role, asked=asked is not None)
    return splits[name] if held_out is None else splits[name].select(held_out, recorded.parts[role].name)


def load_images(
    settings: RunSettings, name: str | None, recorded: RecordedSplit | None = None
) -> tuple[Split, list[str | None], np.ndarray]:
    """Images to predict on, undecodable ones too, with the class of each by name, where known, and its row's number.

    Args:
        settings: Names the dataset and its columns.
        name: The split; chosen as in `load_split` where absent.
        recorded: As in `load_split`; where it is known, the images are looked at.

    Raises:
        DataError: There is no such split, or no column of images.
    """
    asked, (name, role, rows) = name, _load_rows(settings, name, recorded)
    image_column = find_image_column(rows, settings.image_column)
    split = Split(name, encoded(rows, image_column), np.full(len(rows), -1))
    classes, numbers = known_classes(rows, settings.label_column), np.arange(len(rows))
    if recorded is not None:
        split = noted(split, inspect(split).findings)
    if recorded is not None and role is not None:
        held_out = recorded.held_out(split, role, asked=asked is not None, labeled=False)
        numbers = numbers if held_out is None else np.sort(held_out)
        split = split if held_out is None else split.select(numbers, recorded.parts[role].name)
    return split, [classes[number] for number in numbers], numbers


def _load_rows(
    settings: RunSettings, name: str | None, recorded: RecordedSplit | None = None
) -> tuple[str, str | None, Dataset]:
    """The name of a split, the role of the images to take out of it (None for all), and its rows."""
    ledger = ledger_of(settings.dataset)
    tables = main_process_first(lambda: load_splits(settings.dataset, settings.layout, ledger, asked_columns(settings)))
    log_ledger(ledger)
    role, name = None, name or next((usual for usual in MEASURED_NAMES if usual in tables), None)
    if recorded is not None and name not in tables:
        name, role = recorded.place(name, tables) or (name, None)
    name = name or next(iter(tables))
    if name not in tables:
        known = dict.fromkeys([*tables, *(recorded.names if recorded else [])])
        raise DataError("data.unknown_split", split=name, splits=", ".join(known))
    return name, role, tables[name]

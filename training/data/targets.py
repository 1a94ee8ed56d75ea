"""Columns -> targets: the task, the names of the outputs, and one target for each image as an array."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, Features, Value

from resnet_hub.errors import DataError

from .arrow_columns import all_whole, column_cells, single_lists, text_parts, whole_numbers
from .columns import is_class_value, is_list, item_of, kind_of

SHOWN = 5
MAX_CLASSES = 100_000
MAX_TARGET_BYTES = 8 * 2**30
"""Largest table of several targets for each image."""
DELIMITERS = (";", "|")
"""What divides several classes in one text. A comma does so only where it was said: class names have commas."""
NO_CLASS = -1


@dataclass(frozen=True)
class Target:
    """The task and its outputs: read off one split, applied to all."""

    task: str
    """single_label, multi_label or regression."""
    columns: tuple[str, ...]
    names: tuple[str, ...]
    """The classes in index order, or the names of the regression targets."""
    reason: str
    """Why this task, for the log."""
    delimiter: str | None = None
    """What divides the classes in a text."""

    def named(self, names: tuple[str, ...]) -> Target:
        """The same with the outputs of an existing network. Raises: DataError where they cannot be those."""
        if len(self.columns) > 1 and set(self.columns) == set(names):
            return replace(self, names=names, columns=names)
        numbers = len(self.columns) > 1 or self.task == "regression"
        if numbers and (len(self.columns) > 1 or len(names) != len(self.names)):
            raise DataError("targets.other_outputs", names=", ".join(names[:SHOWN]), columns=", ".join(self.columns))
        return replace(self, names=names)


def find_target(rows: Dataset, columns: tuple[str, ...], task: str = "auto") -> Target:
    """What the columns hold, with the names of the outputs: those declared, else the distinct values, sorted.

    Args:
        rows: The split that decides.
        columns: One column, or several with one number each.
        task: single_label, multi_label or regression; auto decides by the type of the columns.

    Raises:
        DataError: The columns do not hold what the task needs.
    """
    if len(columns) > 1:
        return _of_several(rows, columns, task)
    (column,) = columns
    feature = rows.features[column]
    cells = column_cells(rows, column)
    if is_list(feature):
        return _of_lists(feature, column, cells, task)
    if task == "regression" or (task == "auto" and _has_fractions(feature, cells)):
        _refuse_text(feature, column)
        return Target("regression", columns, columns, f"column {column!r} holds numbers")
    whole = _is_float(feature) and all_whole(cells)
    if not is_class_value(feature) and not whole:
        raise DataError("targets.no_classes", column=column, kind=kind_of(feature))
    delimiter = _delimiter(feature, cells, task)
    if delimiter is not None:
        names = _distinct(text_parts(cells, delimiter).flatten(), column)
        return Target("multi_label", columns, names, f"column {column!r} has several classes in a text", delimiter)
    if task == "multi_label":
        return Target(task, columns, _class_names(feature, cells, column), "as asked for")
    return Target("single_label", columns, _class_names(feature, cells, column), f"column {column!r} holds one class")


def read_targets(rows: Dataset, split: str, target: Target) -> np.ndarray:
    """The target of each row.

    Returns:
        single_label: class numbers, int64 (N,), -1 where the row has none. multi_label: 0 or 1 for each class,
        float32 (N, C). regression: float32 (N, C). A row of these without a target is NaN.

    Raises:
        DataError: The split lacks a column, or has classes or texts that do not belong there.
    """
    for column in target.columns:
        if column not in rows.features:
            raise DataError("targets.absent", split=split, column=column, columns=", ".join(rows.features))
    outputs = 1 if target.task == "single_label" else len(target.names)
    if 4 * outputs * len(rows) > MAX_TARGET_BYTES:
        raise DataError("targets.too_large", images=len(rows), targets=outputs)
    column = target.columns[0]
    feature, cells = rows.features[column], column_cells(rows, column)
    if target.task == "regression" or len(target.columns) > 1:
        return _numbers(rows, split, target)
    if target.task == "single_label":
        return _class_numbers(feature, cells, split, target.names)
    if not is_list(feature):
        cells = text_parts(cells, target.delimiter) if target.delimiter else single_lists(cells)
    elif pa.types.is_boolean(cells.type.value_type):
        return _stacked(cells, column, len(target.names))
    return _many_hot(item_of(feature), cells, split, target.names)


def has_target(targets: np.ndarray) -> np.ndarray:
    """Which rows have one, bool (N,)."""
    return targets != NO_CLASS if targets.ndim == 1 else ~np.isnan(targets).any(1)


def _of_several(rows: Dataset, columns: tuple[str, ...], task: str) -> Target:
    """Each column is one output: 0/1 columns are classes, others regression targets."""
    if task == "single_label":
        raise DataError("targets.columns_of_single_label", count=len(columns))
    flags = True
    for column in columns:
        _refuse_text(rows.features[column], column)
        values = pc.unique(pc.drop_null(column_cells(rows, column).cast(pa.float64())))
        flags &= set(values.to_pylist()) <= {0.0, 1.0}
    if task == "multi_label" and not flags:
        raise DataError("targets.not_binary", columns=", ".join(columns))
    if task == "auto":
        task = "multi_label" if flags else "regression"
    reason = "every column holds 0 and 1 only" if flags else f"{len(columns)} columns hold numbers"
    return Target(task, columns, columns, reason)


def _of_lists(feature: Any, column: str, cells: pa.Array, task: str) -> Target:
    """Lists of numbers with fractions are one regression; of booleans, one for each class; of others, classes."""
    item, values = item_of(feature), cells.flatten()
    if task == "single_label":
        raise DataError("targets.lists_of_single_label", column=column, kind=kind_of(feature))
    if task == "regression" or (task == "auto" and _is_float(item)):
        _refuse_text(item, column)
        names = _numbered(column, cells)
        return Target("regression", (column,), names, f"column {column!r} holds lists of numbers")
    if not is_class_value(item):
        raise DataError("targets.no_lists", column=column, kind=kind_of(feature))
    names = _numbered(column, cells) if pa.types.is_boolean(values.type) else _class_names(item, values, column)
    return Target("multi_label", (column,), names, f"column {column!r} holds lists of classes")


def _numbered(column: str, cells: pa.Array) -> tuple[str, ...]:
    lengths = pc.unique(pc.drop_null(pc.list_value_length(cells))).to_pylist()
    if len(lengths) != 1 or not lengths[0]:
        raise DataError(
            "targets.uneven_lists", column=column, shortest=min(lengths, default=0), longest=max(lengths, default=0)
        )
    return tuple(f"{column}_{number}" for number in range(lengths[0]))


def _class_names(feature: Any, values: pa.Array, column: str) -> tuple[str, ...]:
    return tuple(feature.names) if isinstance(feature, ClassLabel) else _distinct(values, column)


def _distinct(values: pa.Array, column: str) -> tuple[str, ...]:
    """The different values as text: numbers in numeric order, texts in that of their characters."""
    found = pc.drop_null(pc.unique(whole_numbers(values)))
    if len(found) > MAX_CLASSES:
        raise DataError("targets.too_many_classes", column=column, count=len(found))
    return tuple(str(value) for value in sorted(found.to_pylist()))


def _class_numbers(feature: Any, values: pa.Array, split: str, names: tuple[str, ...]) -> np.ndarray:
    """Class indices as in `names`, int64 (N,), -1 for none; classes are matched by name, each distinct one once."""
    encoded = pc.dictionary_encode(whole_numbers(values))
    found = encoded.dictionary.to_pylist()
    if isinstance(feature, ClassLabel):  # some published test splits write -1 for no class
        found = [None if value == NO_CLASS else feature.names[value] for value in found]
    found = [None if value is None else str(value) for value in found]
    index = {name: number for number, name in enumerate(names)}
    unknown = sorted({value for value in found if value is not None and value not in index})
    if unknown:
        raise DataError(
            "targets.unknown_classes",
            split=split,
            count=len(names),
            unknown=", ".join(map(repr, unknown[:SHOWN])),
            known=", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else ""),
        )
    table = np.array([NO_CLASS if value is None else index[value] for value in found] + [NO_CLASS], np.int64)
    return table[encoded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)]


def _many_hot(item: Any, cells: pa.Array, split: str, names: tuple[str, ...]) -> np.ndarray:
    """0 or 1 for each class, float32 (N, C); NaN for a row without a list. An empty list is a row of zeros."""
    targets = np.zeros((len(cells), len(names)), np.float32)
    numbers = _class_numbers(item, cells.flatten(), split, names)
    rows = pc.list_parent_indices(cells).to_numpy(zero_copy_only=False)
    known = numbers != NO_CLASS
    targets[rows[known], numbers[known]] = 1
    targets[cells.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return targets


def _numbers(rows: Dataset, split: str, target: Target) -> np.ndarray:
    """One column for each output, or one column of lists; float32 (N, C), NaN where there is no number."""
    column = target.columns[0]
    if is_list(rows.features[column]):
        return _stacked(column_cells(rows, column), column, len(target.names))
    outputs = []
    for column in target.columns:
        _refuse_text(rows.features[column], column)
        outputs.append(column_cells(rows, column).cast(pa.float64()).to_numpy(zero_copy_only=False))
    targets = np.stack(outputs, 1).astype(np.float32)
    if target.task == "multi_label" and not np.isin(targets[~np.isnan(targets)], (0, 1)).all():
        raise DataError("targets.not_binary_in_split", columns=", ".join(target.columns), split=split)
    if np.isinf(targets).any():
        raise DataError("targets.infinite", columns=", ".join(target.columns), split=split)
    return targets


def _stacked(cells: pa.Array, column: str, length: int) -> np.ndarray:
    """Lists of one length as float32 (N, length); NaN for a row without one."""
    if not pc.all(pc.equal(pc.list_value_length(pc.drop_null(cells)), length)).as_py():
        raise DataError("targets.other_length", column=column, length=length)
    targets = np.full((len(cells), length), np.nan, np.float32)
    values = cells.flatten().cast(pa.float32()).to_numpy(zero_copy_only=False)
    targets[cells.is_valid().to_numpy(zero_copy_only=False)] = values.reshape(-1, length)
    return targets


def _delimiter(feature: Any, cells: pa.Array, task: str) -> str | None:
    """What divides several classes in the texts of a column, where something does."""
    if task == "single_label" or not isinstance(feature, Value) or "string" not in feature.dtype:
        return None
    known = (*DELIMITERS, ",") if task == "multi_label" else DELIMITERS
    return next((mark for mark in known if pc.any(pc.match_substring(cells, mark)).as_py()), None)


def _has_fractions(feature: Any, cells: pa.Array) -> bool:
    """Whether a column holds regression targets; whole numbers with gaps are classes, as they are without the gaps."""
    return _is_float(feature) and not (cells.null_count and all_whole(cells))


def _is_float(feature: Any) -> bool:
    return isinstance(feature, Value) and feature.dtype.startswith(("float", "double", "decimal"))


def _refuse_text(feature: Any, column: str) -> None:
    numeric = isinstance(feature, Value) and feature.dtype.startswith(("float", "double", "int", "uint", "bool"))
    if not numeric:
        raise DataError("targets.no_numbers", column=column, kind=kind_of(feature))


def names_are_declared(features: Features, target: Target) -> bool:
    """Whether the features alone say what the outputs are called, so that no row has to be read for it."""
    feature = features[target.columns[0]]
    item = item_of(feature)
    columns = len(target.columns) > 1 or target.task == "regression"
    return columns or isinstance(item, ClassLabel) or (is_list(feature) and getattr(item, "dtype", "") == "bool")

"""Columns -> targets: the task, the names of the outputs, and one target for each image as an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, Features

from resnet_hub.errors import DataError, Phrase

from .arrow_columns import (
    all_whole,
    column_cells,
    is_number_type,
    is_text_type,
    replaced_values,
    single_lists,
    text_parts,
)
from .class_names import NO_CLASS, class_names, class_numbers, like_empty_cells, look_alikes, made_of_others, refuse_ids
from .columns import is_class_value, is_list, item_of, kind_of
from .list_cells import (
    are_flags,
    are_one_hot,
    are_single,
    as_flags,
    first_values,
    lists_in_texts,
    one_length,
    only_flags,
    refuse_three,
    refuse_uneven,
    signs,
    stacked_lists,
    written_lists,
)
from .target import SHOWN, Target
from .target_numbers import are_number_texts, as_numbers

MANY = 20
"""Columns from which a line does not name all of them."""
MAX_TARGET_BYTES = 8 * 2**30
"""Largest table of several targets for each image."""
DELIMITERS = (";", "|")
"""What divides several classes in one text. A comma does so only where it was said: class names have commas."""

REMARKS = (look_alikes, made_of_others, like_empty_cells)
"""What is said of classes that may be none, or not the classes that were meant."""

CLASSES = ("class", "classes")


def find_target(rows: Dataset, columns: tuple[str, ...], task: str = "auto", *, entire: bool = True) -> Target:
    """What the columns hold, with the names of the outputs: those declared, else the distinct values, sorted.

    Args:
        rows: The split that decides.
        columns: One column, or several with one number each.
        task: single_label, multi_label or regression; auto decides by the type of the columns.
        entire: Whether there are no more rows, so that a class of one image is rare.

    Raises:
        DataError: The columns do not hold what the task needs, or two readings are as likely.
    """
    if len(columns) > 1:
        return _of_several(rows, columns, task)
    (column,) = columns
    feature, cells = rows.features[column], column_cells(rows, column)
    text = not isinstance(feature, ClassLabel) and is_text_type(cells.type)
    lists = lists_in_texts(cells, column, task) if text else None
    if lists is not None:
        target = _of_lists(None, column, lists, task)
        target = replace(target, written=True, reason=Phrase("targets.written_lists", then=target.reason))
    elif is_list(feature):
        target = _of_lists(item_of(feature), column, cells, task)
    else:
        target = _of_cells(feature, column, cells, task)
        if entire and task == "auto" and target.form == "class":
            refuse_ids(feature, cells, column)
    for remarked in REMARKS if target.form in CLASSES else ():
        remark = remarked(target.names)
        if remark is not None:
            target = replace(target, reason=Phrase("targets.and", one=target.reason, other=remark))
    return target


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
    if target.form in ("flags", "numbers"):
        return _numbers(rows, split, target)
    column = target.columns[0]
    feature, cells = rows.features[column], column_cells(rows, column)
    if target.written:
        cells, feature = written_lists(cells, column), None
    listed = target.written or is_list(feature)
    if target.task == "single_label":
        if listed and not are_single(cells):
            raise DataError("targets.several_of_single_label", column=column, split=split)
        return class_numbers(item_of(feature), first_values(cells) if listed else cells, split, target.names)
    if not listed:
        cells = text_parts(cells, target.delimiter) if target.delimiter else single_lists(cells)
    return _many_hot(item_of(feature), cells, split, target.names)


def has_target(targets: np.ndarray) -> np.ndarray:
    """Which rows have one, bool (N,)."""
    return targets != NO_CLASS if targets.ndim == 1 else ~np.isnan(targets).any(1)


def names_are_declared(features: Features, target: Target) -> bool:
    """Whether the features alone say what the outputs are called, so that no row has to be read for it."""
    feature = features[target.columns[0]]
    return target.form in ("flags", "numbers") or isinstance(item_of(feature), ClassLabel)


def _of_several(rows: Dataset, columns: tuple[str, ...], task: str) -> Target:
    """Each column is one output: 0/1 columns are classes, others regression targets."""
    cells = [as_numbers(rows.features[column], column_cells(rows, column), column) for column in columns]
    names, signed = ", ".join(columns), task != "regression" and signs(*cells)
    if signed:
        refuse_three(names, *cells)
        cells = list(map(as_flags, cells))
    flags = all(map(only_flags, cells))
    one_hot = flags and _one_each(cells)
    if task == "single_label":
        if not one_hot:
            raise DataError("targets.columns_of_single_label", columns=names)
        return Target(task, columns, columns, Phrase("targets.asked", task=task), "flags", signs=signed)
    if task == "multi_label" and not flags:
        raise DataError("targets.not_binary", columns=names)
    if task == "regression" or not flags:
        return Target("regression", columns, columns, Phrase("targets.columns_of_numbers", columns=names), "numbers")
    shown = names if len(columns) <= MANY else f"{', '.join(columns[:SHOWN])}, ..., {columns[-1]}"
    reason = Phrase("targets.columns_of_one_hot" if one_hot else "targets.columns_of_flags", columns=shown)
    reason = Phrase("targets.columns_of_signs", columns=shown) if signed else reason
    return Target("multi_label", columns, columns, reason, "flags", signs=signed)


def _one_each(cells: Sequence[pa.Array]) -> bool:
    """Whether of the 0 and 1 in several columns exactly one is 1 in each row that has all of them."""
    stacked = np.stack([pc.fill_null(values, 0).to_numpy(zero_copy_only=False) for values in cells], 1)
    known = np.stack([values.is_valid().to_numpy(zero_copy_only=False) for values in cells], 1).all(1)
    return bool((stacked[known].sum(1) == 1).all())


def _of_lists(item: Any, column: str, cells: pa.Array, task: str) -> Target:
    """Lists of 0 and 1 hold one for each output; of other numbers with a point, numbers; of others, classes."""
    values, length = cells.flatten(), one_length(cells)
    if task != "regression" and length is not None and is_number_type(values.type) and signs(values):
        refuse_three(column, values)
        target = _of_lists(item, column, replaced_values(cells, as_flags(values)), task)
        return replace(target, reason=Phrase("targets.lists_of_signs", column=column, length=length), signs=True)
    flags = are_flags(cells)
    places = tuple(f"{column}_{number}" for number in range(length or 0))
    declared = isinstance(item, ClassLabel)
    if task == "single_label":
        if flags and not declared and are_one_hot(cells):
            return Target(task, (column,), places, Phrase("targets.asked", task=task), "flags")
        if not are_single(cells):
            raise DataError("targets.lists_of_single_label", column=column, kind=_kind(item, cells))
        return Target(task, (column,), class_names(item, values, column), Phrase("targets.asked", task=task), "class")
    fractions = pa.types.is_floating(values.type) and not flags and (length is not None or not all_whole(values))
    if task == "regression" or (task == "auto" and fractions):
        as_numbers(item, values, column)
        refuse_uneven(column, cells, length)
        reason = Phrase("targets.lists_of_numbers", column=column, length=length)
        return Target("regression", (column,), places, reason, "numbers")
    if pa.types.is_boolean(values.type):
        refuse_uneven(column, cells, length)
    if flags and not declared:
        one_hot = are_one_hot(cells)
        reason = Phrase(
            "targets.lists_of_one_hot" if one_hot else "targets.lists_of_flags", column=column, length=length
        )
        return Target("multi_label", (column,), places, reason, "flags")
    if pa.types.is_floating(values.type) and not all_whole(values):
        raise DataError("targets.no_classes", column=column, kind=_kind(item, cells))
    if not (declared or is_number_type(values.type) or is_text_type(values.type)):
        raise DataError("targets.no_lists", column=column, kind=_kind(item, cells))
    names = class_names(item, values, column)
    numbers = not declared and is_number_type(values.type)
    reason = Phrase(
        "targets.lists_of_class_numbers" if numbers else "targets.lists_of_classes", column=column, count=len(names)
    )
    return Target("multi_label", (column,), names, reason, "classes")


def _of_cells(feature: Any, column: str, cells: pa.Array, task: str) -> Target:
    """Texts and whole numbers are classes, also where a point follows the latter; other numbers a regression."""
    amounts = pa.types.is_floating(cells.type) and not all_whole(cells)
    if task == "regression" or (task == "auto" and amounts):
        as_numbers(feature, cells, column)
        reason = Phrase("targets.fractions", column=column) if task == "auto" else Phrase("targets.asked", task=task)
        return Target("regression", (column,), (column,), reason, "numbers")
    if not (is_class_value(feature) or pa.types.is_floating(cells.type)):
        raise DataError("targets.no_classes", column=column, kind=kind_of(feature))
    delimiter = _delimiter(feature, cells, task)
    if delimiter is not None:
        names = class_names(None, text_parts(cells, delimiter).flatten(), column)
        reason = Phrase("targets.divided_texts", column=column, mark=delimiter)
        return Target("multi_label", (column,), names, reason, "classes", delimiter)
    names = class_names(feature, cells, column)
    if task == "multi_label":
        return Target(task, (column,), names, Phrase("targets.asked", task=task), "classes")
    numbers = not isinstance(feature, ClassLabel) and are_number_texts(names)  # booleans are True and False
    reason = Phrase("targets.whole_numbers" if numbers else "targets.one_class", column=column, count=len(names))
    return Target("single_label", (column,), names, reason, "class")


def _delimiter(feature: Any, cells: pa.Array, task: str) -> str | None:
    """What divides several classes in the texts of a column, where something does."""
    if task == "single_label" or isinstance(feature, ClassLabel) or not is_text_type(cells.type):
        return None
    known = (*DELIMITERS, ",") if task == "multi_label" else DELIMITERS
    return next((mark for mark in known if pc.any(pc.match_substring(cells, mark)).as_py()), None)


def _many_hot(item: Any, cells: pa.Array, split: str, names: tuple[str, ...]) -> np.ndarray:
    """0 or 1 for each class, float32 (N, C); NaN for a row without a list. An empty list is a row of zeros."""
    targets = np.zeros((len(cells), len(names)), np.float32)
    numbers = class_numbers(item, cells.flatten(), split, names)
    rows = pc.list_parent_indices(cells).to_numpy(zero_copy_only=False)
    known = numbers != NO_CLASS
    targets[rows[known], numbers[known]] = 1
    targets[cells.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return targets


def _numbers(rows: Dataset, split: str, target: Target) -> np.ndarray:
    """One column for each output, or one column of lists; NaN where there is no number, float32 (N, C).

    Where each row holds one class, the number of the output that is 1, int64 (N,).
    """
    column, names = target.columns[0], ", ".join(target.columns)
    feature, cells = rows.features[column], column_cells(rows, column)
    if target.written:
        cells, feature = written_lists(cells, column), None
    if target.written or is_list(feature):
        numbers = as_numbers(item_of(feature), cells.flatten(), column)
        targets = stacked_lists(replaced_values(cells, numbers), column, len(target.names))
    else:
        columns = [as_numbers(rows.features[name], column_cells(rows, name), name) for name in target.columns]
        with np.errstate(over="ignore"):  # a number beyond float32 is infinite, which is refused below
            targets = np.stack([one.to_numpy(zero_copy_only=False) for one in columns], 1).astype(np.float32)
    if target.form == "flags" and not np.isin(targets[~np.isnan(targets)], (-1, 1) if target.signs else (0, 1)).all():
        raise DataError("targets.not_binary_in_split", columns=names, split=split)
    if np.isinf(targets).any():
        raise DataError("targets.infinite", columns=names, split=split)
    if target.signs:
        targets[targets == -1] = 0
    if target.task != "single_label":
        return targets
    known = has_target(targets)
    if not (targets[known].sum(1) == 1).all():
        raise DataError("targets.several_of_single_label", column=names, split=split)
    return np.where(known, np.nan_to_num(targets).argmax(1), NO_CLASS)


def _kind(item: Any, cells: pa.Array) -> str:
    """The type of a column of lists, as text for a message."""
    return f"lists of {cells.type.value_type if item is None else kind_of(item)}"

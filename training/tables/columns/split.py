"""A column that says which split a row belongs to -> the splits; other readings are said, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict, IterableDataset, Value

from resnet_hub.errors import DataError, Phrase

from ...layouts import RECORDED, SPLIT_OF, Ledger, split_in

NONE = "none"
"""In place of a column: rows are not divided by one."""
COLUMNS = (
    "split", "set", "subset", "partition", "phase", "fold", "kfold", "split_name", "data_split", "dataset_split",
    "usage",
)  # fmt: skip
"""Columns that are looked at whatever they hold; others count where they hold nothing but names of splits."""
LABELS = frozenset(["label", "labels", "class", "category", "target"])
"""Columns whose train and test are classes."""
SPLITS = ("train", "validation", "test")
FLAGS = {f"{how}_{word}": split for word, split in SPLIT_OF.items() for how in ("is", "in")}
"""Columns of true and false, as fastai has them: the rows of such a split; the others are train, beside train test."""
SHORT = {"tr": "train", "va": "validation", "te": "test", "ts": "test"}
"""What values mean where all of them are such."""
FIRST = 1000
"""Cells of a column with any name that must be names of splits, before all of them are looked at."""
FLAG_WORDS = {"true": True, "1": True, "1.0": True, "yes": True, "false": False, "0": False, "0.0": False, "no": False}
SHOWN = 5


@dataclass(frozen=True)
class AskedColumns:
    """The columns that somebody chose, as flags do; absent ones are found."""

    image: str | None = None
    label: str | None = None
    split: str | None = None
    """A name, or `name=value` where the rows of one value are to be validated on, or `NONE`."""

    @property
    def divides(self) -> bool:
        """Whether somebody chose a column that says the split."""
        return self.split not in (None, NONE)


FOUND = AskedColumns()
"""Nobody chose any."""


def divide(tables: DatasetDict, asked: AskedColumns, ledger: Ledger) -> DatasetDict:
    """The splits that a column of the rows says; as they are where none does.

    A column decides by itself only where it has a usual name and most of its cells are names of splits.

    Raises:
        DataError: The column that was asked for is not there or names no splits, or two readings contradict.
    """
    if asked.split == NONE:
        return tables
    if asked.split is not None:
        rows = _joined(tables)
        column, splits = _asked(rows, asked.split)
        return _divided(rows, column, splits, ledger)
    first = next(iter(tables.values()))
    taken = {asked.image, *(asked.label or "").split(","), asked.label}
    found: dict[str, np.ndarray] = {}
    for column in first.features:
        # By the first cells: joining copies what is known of all columns, of which a table of pixels has hundreds.
        if column in taken or any(column not in rows.features for rows in tables.values()):
            continue
        if not _is_usual(column) and not _begins_with_splits(first, column):
            _note_flags(first, column, ledger)
            continue
        told = _by_words(_joined(tables, column), column, ledger)
        if told is not None:
            found[column] = told
    if not found:
        return tables
    found = _with_flags_as_one(found)
    column, *others = found
    for other in others:
        if not np.array_equal(found[other], found[column]):
            raise DataError("tables.two_split_columns", first=column, second=other)
    if len(tables) > 1:
        return _agreeing(tables, column, found[column])
    ledger.decide(Phrase("tables.split_by", column=column, splits=_counted(_joined(tables), column, found[column])))
    return _divided(_joined(tables), column, found[column], ledger)


def _with_flags_as_one(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same with several columns of true and false, each for a split, as the one of them whose splits are all.

    As they are where a row is of two splits.
    """
    flags = {column: splits for column, splits in found.items() if _plain_name(column) in FLAGS}
    if len(flags) < 2:
        return found
    said = {column: FLAGS[_plain_name(column)] for column in flags}
    whole = np.full(len(next(iter(flags.values()))), "train", object)
    for column in sorted(flags, key=lambda one: said[one] == "train"):  # this one says test of those that are left
        new = (flags[column] != "train") & (whole == "train")
        whole[new] = flags[column][new]
    if any(not np.array_equal(whole == said[column], flags[column] == said[column]) for column in flags):
        return found
    others = {column: splits for column, splits in found.items() if column not in flags}
    return {next(iter(flags)): whole.astype(str), **others}


def refuse_in_stream(tables: dict[str, IterableDataset], asked: AskedColumns) -> None:
    """Raises: DataError where a column would divide rows that come as they are asked for, which cannot be known."""
    if asked.divides:
        raise DataError("tables.split_of_stream", column=asked.split)
    if len(tables) != 1 or asked.split == NONE:
        return
    rows = next(iter(tables.values()))
    taken = {asked.image, *(asked.label or "").split(",")}
    texts = [name for name, feature in (rows.features or {}).items() if _is_text(feature) and name not in taken]
    first = list(rows.select_columns(texts).take(20)) if texts else []
    for column in texts:
        named = sum(_word(row[column]) in SPLIT_OF for row in first)
        enough = 2 * named > len(first) if _is_usual(column) else 0 < named == len(first)
        if enough and _plain_name(column) not in LABELS:
            raise DataError("tables.split_of_stream", column=column)


def _is_usual(column: str) -> bool:
    """Whether a column is called as those that say the split are."""
    return _plain_name(column) in {*FLAGS, *COLUMNS}


def _begins_with_splits(rows: Dataset, column: str) -> bool:
    """Whether the first cells of a column of texts that is no label are all names of splits, several ones."""
    if not _is_text(rows.features[column]) or _plain_name(column) in LABELS:
        return False
    words = {_word(cell) for cell in rows.select_columns([column])[:FIRST][column] if cell is not None}
    return words <= SPLIT_OF.keys() and (len(words) > 1 or len(rows) > FIRST) and bool(words)


def _note_flags(rows: Dataset, column: str, ledger: Ledger) -> None:
    """Says where a column that is called like a split alone holds true and false: a class may be called so too."""
    if _plain_name(column) not in SPLIT_OF or not isinstance(rows.features[column], Value):
        return
    if _flags(_cells(rows, column)) is not None:
        ledger.decide(Phrase("tables.flags_of_split", column=column))


def _joined(tables: DatasetDict, column: str | None = None) -> Dataset:
    parts = [rows if column is None else rows.select_columns([column]) for rows in tables.values()]
    return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(parts)


def _by_words(rows: Dataset, column: str, ledger: Ledger) -> np.ndarray | None:
    """The split of each row by a column with a usual name, "" where it says none; None where it is no such column."""
    name = _plain_name(column)
    if name in FLAGS:
        return _by_flags(rows, column)
    texts, values = _texts(_cells(rows, column))
    meant = _splits_of(values)
    if name not in COLUMNS and (not all(meant) or "train" not in meant or len(set(meant)) < 2):
        return None
    splits = np.array([*meant, ""])[texts]
    if len(splits) and 2 * np.count_nonzero(splits) > len(splits):
        return splits
    if "train" in meant:
        known = [value for value, split in zip(values, meant, strict=True) if split]
        others = [value for value in values if value not in known]
        raise DataError("tables.some_split_words", column=column, known=_listed(known), others=_listed(others))
    if len(values) < len(texts):  # a column of its own for each row is a name of something else
        ledger.decide(Phrase("tables.no_split_words", column=column, values=_listed(values)))
    return None


def _by_flags(rows: Dataset, column: str) -> np.ndarray | None:
    """The split of each row by a column of true and false that is called like one; None where it holds other values."""
    name, flags = _plain_name(column), _flags(_cells(rows, column))
    split = FLAGS.get(name) or SPLIT_OF.get(name)
    if flags is None or split is None:
        return None
    return np.where(flags, split, "test" if split == "train" else "train")


def _splits_of(values: Sequence[str]) -> list[str]:
    """The split that each value names, "" for none: by itself, or by a word of it where another does so by itself."""
    words = [_word(value) for value in values]
    if "tr" in words and SHORT.keys() >= set(words):
        return [SHORT[word] for word in words]
    plain = [SPLIT_OF.get(word, "") for word in words]
    return [split or split_in(value) for split, value in zip(plain, values, strict=True)] if any(plain) else plain


def _plain_name(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _asked(rows: Dataset, asked: str) -> tuple[str, np.ndarray]:
    """The column and the split of each row. Raises: DataError."""
    column, equals, value = (asked, "", "") if asked in rows.features else asked.rpartition("=")[::1]
    if asked not in rows.features and not equals:
        column = asked
    if column not in rows.features:
        names = ", ".join(map(repr, rows.features))
        raise DataError("columns.absent", flag="--split-column", column=column, columns=names)
    cells = _cells(rows, column)
    texts, values = _texts(cells)
    if equals:
        if value not in values:
            raise DataError("tables.no_such_value", column=column, value=value, values=_listed(values))
        return column, np.array(["validation" if text == value else "train" for text in values] + [""])[texts]
    flags = _by_flags(rows, column)
    if flags is not None:
        return column, flags
    splits = np.array([*_splits_of(values), ""])[texts]
    if not np.any(splits == "train"):
        raise DataError("tables.not_splits", column=column, values=_listed(values))
    return column, splits


def _divided(rows: Dataset, column: str, splits: np.ndarray, ledger: Ledger) -> DatasetDict:
    """The rows of each split; those of none are left out."""
    without = np.flatnonzero(splits == "")
    texts, values = _texts(_cells(rows, column))
    for code in np.unique(texts[without]):
        some = without[texts[without] == code]
        ledger.see("rows", len(some))
        value = repr(values[code]) if code < len(values) else Phrase("tables.nothing")
        names = [f"row {index + 1}" for index in some[:RECORDED]] + [""] * max(0, len(some) - RECORDED)
        ledger.leave_out("rows", Phrase("tables.other_split", column=column, value=value), names)
    kept = [split for split in SPLITS if np.any(splits == split)]
    rest = rows.remove_columns([column])
    return DatasetDict({split: rest.select(np.flatnonzero(splits == split)) for split in kept})


def _agreeing(tables: DatasetDict, column: str, splits: np.ndarray) -> DatasetDict:
    """The tables, where each holds the rows of its split only. Raises: DataError."""
    start = 0
    for split, rows in tables.items():
        told = splits[start : start + len(rows)]
        other = told[(told != "") & (told != split)]
        if len(other):
            raise DataError("tables.other_split_than_file", column=column, split=split, other=str(other[0]))
        start += len(rows)
    return tables


def _cells(rows: Dataset, column: str) -> pa.Array:
    cells = rows.select_columns([column]).with_format("arrow")[:].column(0).combine_chunks()
    feature = rows.features[column]
    if isinstance(feature, datasets.ClassLabel):
        names = pa.array([*feature.names, None])
        return names.take(pc.if_else(pc.less(cells, 0), len(feature.names), cells))
    return cells


def _texts(cells: pa.Array) -> tuple[np.ndarray, list[str]]:
    """The number of each cell's value, and the values as text; an empty cell has the number behind the last."""
    encoded = pc.dictionary_encode(cells)
    values = [str(value) for value in encoded.dictionary.to_pylist()]
    return encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False), values


def _flags(cells: pa.Array) -> np.ndarray | None:
    """Cells of true and false, or 0 and 1, as such; an empty one is false. None where they are not."""
    texts, values = _texts(cells)
    if not values or not {_word(value) for value in values} <= set(FLAG_WORDS):
        return None
    return np.array([FLAG_WORDS[_word(value)] for value in values] + [False])[texts]


def _is_text(feature: object) -> bool:
    return isinstance(feature, Value) and "string" in feature.dtype


def _word(value: object) -> str:
    return str(value).strip().casefold()


def _counted(rows: Dataset, column: str, splits: np.ndarray) -> str:
    """How many rows each split has, and the values that mean it where they are other words: 8 test ('PublicTest')."""
    texts, values = _texts(_cells(rows, column))
    counted = []
    for split in SPLITS:
        theirs = np.flatnonzero(splits == split)
        if len(theirs):
            read = {values[code] for code in np.unique(texts[theirs]) if code < len(values)}
            other = sorted(value for value in read if _word(value) not in SPLIT_OF and _word(value) not in FLAG_WORDS)
            counted.append(f"{len(theirs):,} {split}" + (f" ({_listed(other)})" if other else ""))
    return ", ".join(counted)


def _listed(values: Sequence[str]) -> str:
    return ", ".join(map(repr, sorted(values)[:SHOWN])) + (", ..." if len(values) > SHOWN else "")

"""Table files of a dataset -> splits of rows, their images located inside the dataset; read this first."""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict
from datasets.exceptions import DatasetGenerationError

from resnet_hub.errors import DataError, Phrase

from ..layouts import SPLIT_OF, Ledger
from .columns import (
    FOUND,
    SUFFIXES,
    AskedColumns,
    confine,
    divide,
    image_columns,
    image_names_column,
    in_place,
    read_names,
    with_images,
)
from .csv_text import read_csv
from .json_texts import with_dates_as_texts
from .names import LONGEST_NAME, Files, NamedFiles

READERS = {
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".jsonl": "json", ".ndjson": "json", ".json": "json",
    ".arrow": "arrow",
}  # fmt: skip
FILE_NAME = "file_name"
"""The column of a metadata table that names images; as in `datasets`, it is called "image" then."""


def read_tables(
    folder: Path,
    files: Mapping[str, Sequence[Path]],
    ledger: Ledger,
    *,
    asked: AskedColumns = FOUND,
    names: Iterable[str] | None = None,
    fetch: Callable[[set[str]], None] | None = None,
) -> tuple[DatasetDict, NamedFiles]:
    """The rows of some tables by split, with their images: bytes of theirs, or files inside the folder.

    Args:
        folder: The dataset's; nothing outside of it is read.
        files: The tables of each split; names in a table start from beside it.
        ledger: Is told how names were read, and of rows that belong to no split; of files the caller tells it.
        asked: The columns that somebody chose.
        names: The files of the folder, with slashes; found by walking through it where absent.
        fetch: Is called with the suffixes of names before files are looked at, where these are not here yet.

    Returns:
        The splits, and the files that rows name, from the folder.

    Raises:
        DataError: A table cannot be read, or can be in two ways.
    """
    inventory = Files(folder, names)
    used = NamedFiles(inventory)
    parts: dict[str, list[Dataset]] = {}
    for split, tables, rows in _loaded(folder, files, ledger):
        base = tables[0].parent.relative_to(folder).as_posix()
        base = "" if base == "." else base
        opened = _Opener(inventory, base, _hints(split, tables), asked, ledger, fetch, used).open(rows)
        metadata = all(table.stem == "metadata" for table in tables)
        if metadata and FILE_NAME in opened.features and "image" not in opened.features:
            opened = opened.rename_column(FILE_NAME, "image")
        parts.setdefault(split, []).append(opened)
    named = {split: rows[0] if len(rows) == 1 else _concatenated(rows) for split, rows in parts.items()}
    return divide(DatasetDict(named), asked, ledger), used


def open_images(
    rows: Dataset, files: Files, asked: AskedColumns, ledger: Ledger, used: NamedFiles, fetch: Any = None
) -> Dataset:
    """The rows of a table that was loaded elsewhere, with their images located among these files.

    Args:
        rows: Of one split.
        files: The dataset's.
        asked: The columns that somebody chose.
        ledger: Is told how names were read.
        used: Gets the files that rows name.
        fetch: As in `read_tables`.
    """
    return _Opener(files, "", ("train",), asked, ledger, fetch, used).open(rows)


def _loaded(
    folder: Path, files: Mapping[str, Sequence[Path]], ledger: Ledger
) -> Iterable[tuple[str, list[Path], Dataset]]:
    """Split, tables and rows of the tables that lie in one folder and are of one kind; CSV files one by one."""
    csvs = [(split, table) for split, tables in files.items() for table in tables if _reader(table) == "csv"]
    for (split, table), cells in zip(csvs, read_csv([table for _, table in csvs], ledger), strict=True):
        # A fingerprint of its own, since that of the cells is made of a copy of all of them.
        fingerprint = datasets.fingerprint.generate_random_fingerprint()
        yield split, [table], Dataset(cells, split=datasets.Split(split), fingerprint=fingerprint)
    for split, tables in files.items():
        others = [table for table in tables if _reader(table) != "csv"]
        for (_, reader), group in itertools.groupby(sorted(others), key=lambda table: (table.parent, _reader(table))):
            some = list(group)
            try:
                paths = [str(table) for table in some]
                rows = datasets.load_dataset(reader, data_files={"train": paths}, split="train")
                yield split, some, with_dates_as_texts(rows, some) if reader == "json" else rows
            except (OSError, ValueError, DatasetGenerationError, pa.ArrowException) as error:
                raise DataError("tables.unreadable", file=paths[0], reason=_first_line(error)) from error


def _reader(table: Path) -> str:
    reader = READERS.get(table.suffix.lower())
    if reader is None:
        raise DataError("data.other_file", file=str(table), kinds=", ".join(READERS))
    return reader


def _hints(split: str, tables: Sequence[Path]) -> tuple[str, ...]:
    """Names of folders that a table's images are likely in."""
    stem = tables[0].stem.lower()
    return (stem, split, *(word for word, meant in SPLIT_OF.items() if meant == split))


def _concatenated(parts: list[Dataset]) -> Dataset:
    try:
        return datasets.concatenate_datasets(parts)
    except ValueError as error:
        raise DataError("tables.other_columns", reason=_first_line(error)) from error


@dataclass
class _Opener:
    """Opens the images of one table."""

    files: Files
    base: str
    """The folder that its names start from."""
    hints: Sequence[str]
    asked: AskedColumns
    ledger: Ledger
    fetch: Callable[[set[str]], None] | None
    used: NamedFiles
    """Gets the files that are named."""

    def open(self, rows: Dataset) -> Dataset:
        """The rows with their images: those in cells, else those that a column names."""
        rows = confine(with_images(rows), lambda: self._located)
        if image_columns(rows.features):
            return rows
        # All at once: `select_columns` copies what is known of every column, which takes minutes for one in each pixel.
        table = rows.with_format("arrow")[:] if len(rows) else None
        columns = {} if table is None else {name: table[name] for name in table.column_names}
        self._refuse_no_header(rows)
        if self.fetch is not None:
            self.fetch(_suffixes(columns))
        for column in image_names_column(columns, self.files, self.base, self.asked.image):
            rows = in_place(rows, column, self._place(columns, column))
        return rows

    def _located(self, name: str) -> str | None:
        """A cell of images with a name in place of bytes."""
        if self.fetch is not None:
            self.fetch({PurePosixPath(name).suffix})
        found = self.files.locate(name, self.base)
        if found.there and found.file is not None:
            self.used.add(found.file)
        return None if found.file is None else self.files.path(found.file)

    def _place(self, columns: Mapping[str, pa.ChunkedArray], column: str) -> Callable[[str], str | None]:
        """Names of this column -> paths; says how they were read and which are in several rows."""
        names, codes = encoded_texts(columns[column].cast(pa.large_string()))
        reading = read_names(names, column, self.files, self.base, self.hints, self.ledger)
        numbers = reading.numbers(names, self.files)
        self.used.add_numbers(numbers[numbers >= 0])
        rows = np.append(numbers, -1)[codes]
        self._say_doubled(columns, column, rows)

        def locate(name: str) -> str | None:
            file = reading.file(name)
            return None if file is None else self.files.path(file)

        return locate

    def _say_doubled(self, columns: Mapping[str, pa.ChunkedArray], column: str, numbers: np.ndarray) -> None:
        """A line where images stand in several rows that differ; by the number of each row's file, -1 for none."""
        doubled = np.flatnonzero(np.bincount(numbers[numbers >= 0]) > 1)
        if not len(doubled):
            return
        among = np.isin(numbers, doubled)
        differing = []
        for name, other in columns.items():
            if name != column and not pa.types.is_nested(other.type):
                values, codes = encoded_texts(other)
                pairs = numbers[among] * (len(values) + 1) + codes[among]  # 0 to 2**62: files times values
                if len(np.unique(pairs)) > len(doubled):
                    differing.append(name)
        if differing:
            told, first = ", ".join(map(repr, differing[:3])), self.files.index.name(int(doubled[0]))
            self.ledger.decide(Phrase("tables.doubled_files", count=f"{len(doubled):,}", columns=told, name=first))

    def _refuse_no_header(self, rows: Dataset) -> None:
        """Raises: DataError where the name of a column is that of an image, in whichever folder."""
        for column in rows.column_names:
            there = posixpath.splitext(column)[1] and self.files.locate(column, self.base).there
            if there or (column.lower().endswith(SUFFIXES) and self.files.ending_in(column)):
                raise DataError("tables.no_header", column=column)


def encoded_texts(column: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """The different cells of a column, and which of them each cell is, int32 (N,); -1 for an empty one."""
    if pa.types.is_dictionary(column.type):  # whose chunks may have one each
        column = column.cast(column.type.value_type)
    chunks = pc.dictionary_encode(column).chunks
    if not chunks:
        return pa.array([], column.type), np.zeros(0, np.int32)
    codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks]
    return chunks[-1].dictionary, np.concatenate(codes)


def _suffixes(columns: Mapping[str, pa.ChunkedArray]) -> set[str]:
    """What the texts of a table end in, as names of files do."""
    texts = [column for column in columns.values() if pa.types.is_string(column.type)]
    cells = (name for column in texts for name in column.unique().to_pylist() if name and len(name) <= LONGEST_NAME)
    return {suffix for name in cells if (suffix := PurePosixPath(name).suffix)}


def _first_line(error: BaseException) -> str:
    error = error.__cause__ if isinstance(error, DatasetGenerationError) and error.__cause__ else error
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__

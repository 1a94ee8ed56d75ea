"""CSV text -> a table of texts and numbers: its encoding, its delimiter, and types that lose nothing."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from resnet_hub.errors import DataError, Phrase

from ..layouts import Ledger
from .table_on_disk import table_on_disk

CHUNK = 10_000
"""Rows that are turned into arrays at once."""
LOOKED_AT = 20
"""Records that decide on the delimiter."""
LONGEST_CELL = 2**20
"""Characters."""
DELIMITERS = {
    ",": Phrase("tables.commas"),
    ";": Phrase("tables.semicolons"),
    "\t": Phrase("tables.tabs"),
    "|": Phrase("tables.bars"),
}
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# What comes back as the very text from a number: no zero in front, no plus sign, within 64 bits.
INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"
# An exponent has a sign, as programs write it, or a point before it: 1E5 is the name of something, such as a plate.
FRACTION = r"^-?(0|[1-9][0-9]{0,17})((\.[0-9]+)?([eE][+-][0-9]+)?|\.[0-9]+[eE][0-9]+)$|^[nN][aA][nN]$"
DECIMAL_COMMA = r"^-?(0|[1-9][0-9]*)(,[0-9]+)?$"
BOOLEAN = r"^([tT]rue|[fF]alse|TRUE|FALSE)$"
Prepare = Callable[[pa.ChunkedArray], pa.ChunkedArray]
"""What is done to the texts of a column before they are cast."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written."""

    encoding: str
    delimiter: str
    skipped: int
    """Lines before the header: 1 where a spreadsheet names its delimiter there."""


def read_csv(files: Sequence[Path], ledger: Ledger) -> list[pa.Table]:
    """The tables of some files that belong together, each column of one type in all of them.

    A column is of whole numbers, of fractions or of true and false where every cell is, as it would be written; else
    it is text, so that "01" stays "01". Empty cells are null. Spaces around cells go.

    Raises:
        DataError: A file is no CSV in UTF-8, or a row has more or fewer cells than the header.
    """
    tables = [_texts(file, ledger) for file in files]
    read = [dict(zip(table.column_names, table.columns, strict=True)) for table in tables]
    commas = any(_dialect(file).delimiter == ";" for file in files)
    for column in dict.fromkeys(name for columns in read for name in columns):
        having = [columns for columns in read if column in columns]
        whole = pa.chunked_array([chunk for columns in having for chunk in columns[column].chunks], pa.string())
        kind, cells_of = _type_of(column, whole, ledger, commas=commas)
        for columns in having:
            columns[column] = cells_of(columns[column]).cast(kind)
    return [pa.table(columns) for columns in read]


def csv_records(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The number of the last line of each record of a file and its cells; blank lines are passed over.

    Raises:
        DataError: It is no CSV in UTF-8.
    """
    return _records(file, _dialect(file))


def _texts(file: Path, ledger: Ledger) -> pa.Table:
    """The file with every cell as text."""
    dialect = _dialect(file)
    if dialect.delimiter != _usual(file):
        ledger.decide(Phrase("tables.delimiter", file=file.name, delimiter=DELIMITERS[dialect.delimiter]))
    if dialect.encoding == "utf-16":
        ledger.decide(Phrase("tables.utf_16", file=file.name))
    records = _records(file, dialect)
    header = _header(next(records, None), file)
    schema = pa.schema([(name, pa.string()) for name in header])

    def batches() -> Iterator[pa.RecordBatch]:
        while rows := list(islice(records, CHUNK)):
            cells = zip(*(_row(row, line, header, file) for line, row in rows), strict=True)
            columns = [pa.array([cell.strip(" \t") or None for cell in column], pa.string()) for column in cells]
            yield pa.record_batch(columns, schema=schema)

    return table_on_disk(batches(), schema)


def _records(file: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """The number of the last line of each record and its cells; blank lines are passed over."""
    csv.field_size_limit(LONGEST_CELL)
    with file.open("rb") as binary, TextIOWrapper(binary, dialect.encoding, newline="") as text:
        for _ in range(dialect.skipped):
            text.readline()
        reader = csv.reader(text, delimiter=dialect.delimiter, skipinitialspace=True)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num + dialect.skipped, cells
        except UnicodeDecodeError as error:
            raise DataError("tables.encoding", file=str(file), line=_line_of_fault(file, dialect.encoding)) from error
        except csv.Error as error:
            raise DataError("tables.no_csv", file=str(file), line=reader.line_num, reason=str(error)) from error


def _dialect(file: Path) -> Dialect:
    """By the first bytes, and by what gives the same number of cells in the first records."""
    with file.open("rb") as binary:
        start = binary.read(4)
    encoding = next((name for mark, name in MARKS.items() if start.startswith(mark)), "utf-8")
    first = _first_line(file, encoding)
    named = re.fullmatch(r"sep=(.)\s*", first)
    if named and named[1] in DELIMITERS:
        return Dialect(encoding, named[1], 1)
    usual = _usual(file)
    for delimiter in (usual, *(mark for mark in DELIMITERS if mark != usual)):
        dialect = Dialect(encoding, delimiter, 0)
        lengths = {len(cells) for _, cells in islice(_records(file, dialect), LOOKED_AT)}
        if 1 not in lengths and (delimiter == usual or len(lengths) == 1):
            return dialect
    return Dialect(encoding, usual, 0)


def _usual(file: Path) -> str:
    return "\t" if file.suffix.lower() == ".tsv" else ","


def _first_line(file: Path, encoding: str) -> str:
    with file.open(encoding=encoding, errors="replace") as text:
        return text.readline(LONGEST_CELL)


def _line_of_fault(file: Path, encoding: str) -> int:
    """The number of the first line that is not in this encoding."""
    if encoding == "utf-16":
        return 1
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _header(record: tuple[int, list[str]] | None, file: Path) -> list[str]:
    if record is None:
        raise DataError("tables.empty", file=str(file))
    cells = [cell.strip() for cell in record[1]]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    names = [cell or f"Unnamed: {number}" for number, cell in enumerate(cells)]  # as pandas calls an index column
    doubled = next((name for name, after in zip(sorted(names), sorted(names)[1:], strict=False) if name == after), None)
    if doubled is not None:
        raise DataError("tables.doubled_column", file=str(file), column=doubled)
    return names


def _row(cells: list[str], line: int, header: list[str], file: Path) -> list[str]:
    """The cells of a row; empty ones behind the last column do not count."""
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(header):
        raise DataError("tables.ragged", file=str(file), line=line, cells=len(cells), columns=len(header))
    return cells


def _type_of(column: str, cells: pa.ChunkedArray, ledger: Ledger, *, commas: bool) -> tuple[pa.DataType, Prepare]:
    """The type that loses nothing of the texts of a column, and what makes of them texts that are cast to it."""
    if cells.null_count == len(cells):
        return pa.string(), _unchanged
    if _all_match(cells, INTEGER):
        return pa.int64(), _unchanged
    if _all_match(cells, FRACTION):
        if doubled := _one_number_twice(cells):
            ledger.decide(Phrase("tables.zeros_kept", column=column, first=doubled[0], second=doubled[1]))
            return pa.string(), _unchanged
        return pa.float64(), _without_nan
    if _all_match(cells, BOOLEAN):
        return pa.bool_(), pc.utf8_lower
    if commas and _all_match(cells, DECIMAL_COMMA):
        ledger.decide(Phrase("tables.decimal_commas", column=column))
        return pa.float64(), _with_points
    return pa.string(), _unchanged


def _one_number_twice(cells: pa.ChunkedArray) -> list[str]:
    """Two texts that differ in the zeros at their ends alone, as versions do: 1.1 and 1.10; empty where none do."""
    texts = pc.unique(cells)
    texts = texts.filter(pc.match_substring_regex(texts, r"\.0*[1-9][0-9]*$"))
    plain = pc.utf8_rtrim(texts, "0")
    doubled = pc.value_counts(plain).filter(pc.greater(pc.value_counts(plain).field("counts"), 1)).field("values")
    return texts.filter(pc.equal(plain, doubled[0])).to_pylist()[:2] if len(doubled) else []


def _all_match(cells: pa.ChunkedArray, pattern: str) -> bool:
    """Whether every cell that is not empty matches; the pattern is RE2's, linear in the text."""
    return all(pc.all(pc.match_substring_regex(chunk, pattern), min_count=0).as_py() for chunk in cells.chunks)


def _unchanged(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return cells


def _without_nan(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.match_substring(cells, "nan", ignore_case=True), pa.scalar(None, pa.string()), cells)


def _with_points(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring(cells, ",", ".")

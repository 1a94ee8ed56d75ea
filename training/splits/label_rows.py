"""`LabelRow`: one line of the CSV in which labels are looked through and corrected, in any spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from resnet_hub.csv_table import csv_text, unescaped
from resnet_hub.errors import DataError

from ..tables import csv_records

COLUMNS = ("file", "split", "label", "suggested", "confidence", "correction", "digest")
NEEDED = ("label", "correction", "digest")
MOST_BYTES = 2**28
MARK = "px-"
"""Stands before the digits of a digest: a spreadsheet takes 16 digits for a number and rounds it."""


@dataclass(frozen=True)
class LabelRow:
    """An image, what its label is, what it might be, and what it shall be."""

    file: str
    split: str
    label: str
    suggested: str
    confidence: str
    correction: str
    """What a person wrote: empty where the label stays."""
    digest: int
    """Of the decoded pixels."""
    line: int = 0
    """Of the file it was read from."""


def label_text(rows: Iterable[LabelRow]) -> str:
    """The rows as CSV, to be edited in a spreadsheet."""
    texts = ([*(getattr(row, name) for name in COLUMNS[:-1]), f"{MARK}{row.digest:016x}"] for row in rows)
    return csv_text(COLUMNS, texts)


def read_label_rows(file: str) -> list[LabelRow]:
    """The rows of a file whose correction is not empty; written by `label_text`, edited by a person.

    Commas, semicolons and tabs divide columns, as spreadsheets write them in different countries.

    Raises:
        DataError: It cannot be read, or is no such table.
    """
    path = Path(file).expanduser()
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError("corrections.too_large", file=file, most=MOST_BYTES / 2**20)
        return list(_rows(path, file))
    except OSError as error:
        raise DataError("corrections.unreadable", file=file, reason=error.strerror or str(error)) from error


def _rows(path: Path, file: str) -> Iterator[LabelRow]:
    records = csv_records(path)
    header = [cell.strip().lower() for cell in next(records, (0, []))[1]]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise DataError("corrections.no_table", file=file, missing=", ".join(missing), columns=", ".join(COLUMNS))
    for line, cells in records:
        if len(cells) < len(header):  # also where a quotation mark without its twin has swallowed lines
            raise DataError("corrections.ragged", file=file, line=line, cells=len(cells), columns=len(header))
        values = dict(zip(header, map(_bare, cells), strict=False))
        if values["correction"]:
            texts = {name: values.get(name, "") for name in COLUMNS[:-1]}
            yield LabelRow(**texts, digest=_digest(values["digest"], file, line), line=line)


def _digest(text: str, file: str, line: int) -> int:
    try:
        number = int(text.lower().removeprefix(MARK), 16)
    except ValueError:
        number = -1
    if not text.lower().startswith(MARK) or not 0 <= number < 2**64:
        raise DataError("corrections.no_digest", file=file, line=line, digest=text[:40])
    return number


def _bare(cell: str) -> str:
    """A cell without the spaces around it, and without the mark that keeps a spreadsheet from computing it."""
    return unescaped(cell).strip()

"""Tables as CSV, escaped against formula injection: names of files and classes may be a stranger's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

# The last four are the full-width forms, which spreadsheets in East Asia treat alike.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV, escaped against formula injection in spreadsheets."""
    return "".join(csv_lines(chain([header], rows)))


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Each row as a line of CSV, escaped as in `csv_text`, as soon as it is there."""
    buffer = io.StringIO()
    # What holds a carriage return is quoted only where the line's end has one: a reader would begin a row there.
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
        yield buffer.getvalue().removesuffix("\r\n") + "\n"
        buffer.seek(0)
        buffer.truncate()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell

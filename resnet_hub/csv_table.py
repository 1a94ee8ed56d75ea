"""Tables as CSV, escaped against formula injection: names of files and classes may be a stranger's."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

# The last four are the full-width forms, which spreadsheets in East Asia treat alike.
_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
# What a spreadsheet passes over in front of a formula, or does not show; where it divides by other marks than commas, a
# quotation mark too.
_BLANKS = '"\\s\x00-\x1f\u200b-\u200f\u2028\u2029\u2060\ufeff'
# A formula begins a cell; a program that divides cells otherwise than by commas finds further beginnings in a text. A
# run of blanks is looked at once, from its first, and kept whole: a search is linear.
_BEGINNING = re.compile(rf"(?<![;{_BLANKS}])[;{_BLANKS}]*+(?=[{_STARTS}])")
_DIVIDES = re.compile(r"[;\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_HIDDEN_START = re.compile(r"[\t\r\n]")
_GUARDED = re.compile(rf"(?<![;{_BLANKS}])([;{_BLANKS}]*+)'(?=[{_STARTS}])")


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


def unescaped(cell: str) -> str:
    """A cell as it was before `csv_text` wrote it; one that it cannot have written stays as it is."""
    bare = _GUARDED.sub(r"\1", cell)
    return next((text for text in (bare.removeprefix("'"), bare) if _harmless(text) == cell), cell)


def _harmless(cell: object) -> object:
    """The cell with an apostrophe in front of what a spreadsheet would compute."""
    if not isinstance(cell, str):
        return cell
    text = _BEGINNING.sub(_marked, cell)
    return f"'{text}" if _HIDDEN_START.match(text) else text


def _marked(found: re.Match[str]) -> str:
    begins = not found.start() or _DIVIDES.search(found[0])
    return f"{found[0]}'" if begins else found[0]

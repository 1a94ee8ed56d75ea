"""Which column of a table names the images, and where its names start from: said where it is not beside the table."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from resnet_hub.errors import DataError, Phrase

from ..layouts import Ledger
from .names import OUTSIDE, Files, Named

SAMPLE = 20
"""Cells that decide whether a column names files."""
ENOUGH = 0.9
"""Share of the names for which there must be a file, for another folder or suffix to be taken."""
SUFFIXES = (
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".npy", ".pbm", ".pgm",
    ".png", ".ppm", ".tga", ".tif", ".tiff", ".webp",
)  # fmt: skip
NAMED_IMAGE = (
    "image", "images", "img", "picture", "photo", "file_name", "filename", "filenames", "fname", "file", "image_path",
    "img_path", "image_file", "image_name", "img_name", "filepath", "file_path", "path", "name", "image_id", "img_id",
    "id_code", "file_id", "id",
)  # fmt: skip
"""Columns that name images, the likeliest first."""


def image_names_column(columns: Mapping[str, pa.ChunkedArray], files: Files, base: str, asked: str | None) -> list[str]:
    """The columns that name images; several only where no name among them is a usual one.

    Args:
        columns: The table.
        files: The dataset's files.
        base: The folder of the table.
        asked: --image-column.

    Raises:
        DataError: Its cells are lists of names.
    """
    if asked is not None:
        return [asked] if asked in columns and _is_text_or_whole(columns[asked].type) else []
    texts = {name: column for name, column in columns.items() if _is_text(column.type)}
    found = [name for name, column in texts.items() if _names_files(column, files, base)]
    if not found:
        likely = [name for name in columns if name.lower() in NAMED_IMAGE and _is_text_or_whole(columns[name].type)]
        found = [name for name in likely if _ends_files(columns[name], files)]
        found = found or [name for name, column in texts.items() if _ends_files(column, files, differing=True)]
    if not found:
        _refuse_lists(columns, files, base)
    usual = [name for wanted in NAMED_IMAGE for name in found if name.lower() == wanted]
    return usual[:1] or found


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_text_or_whole(kind: pa.DataType) -> bool:
    return _is_text(kind) or pa.types.is_integer(kind)


def _first(column: pa.ChunkedArray) -> list[str]:
    cells = (cell.as_py() for chunk in column.chunks for cell in chunk)
    return [str(cell) for cell in islice((cell for cell in cells if cell is not None), SAMPLE)]


def _names_files(column: pa.ChunkedArray, files: Files, base: str) -> bool:
    """Whether most of the first cells end as names of images do, or name files."""
    sample = _first(column)
    found = [name.lower().strip().endswith(SUFFIXES) or files.locate(name, base).there for name in sample]
    return bool(sample) and 2 * sum(found) > len(sample)


def _ends_files(column: pa.ChunkedArray, files: Files, *, differing: bool = False) -> bool:
    """Whether the first cells name files without their folder or suffix, each another one where that is asked for."""
    sample = _first(column)
    if differing and len(set(sample)) < len(sample):
        return False
    return bool(sample) and sum(bool(files.ending_in(name)) for name in sample) >= ENOUGH * len(sample)


def _refuse_lists(columns: Mapping[str, pa.ChunkedArray], files: Files, base: str) -> None:
    for name, column in columns.items():
        if pa.types.is_list(column.type) and _is_text(column.type.value_type):
            flat = pa.chunked_array([chunk.flatten() for chunk in column.chunks], column.type.value_type)
            if _names_files(flat, files, base):
                raise DataError("tables.lists_of_images", column=name)


@dataclass(frozen=True)
class Reading:
    """What each name of a column stands for."""

    named: Mapping[str, Named]

    def path(self, name: str, files: Files) -> str | None:
        """Where the file is; None where the name leads out of the dataset."""
        found = self.named.get(name, OUTSIDE)
        return None if found.file is None else files.path(found.file)


def read_names(
    names: Sequence[str], column: str, files: Files, base: str, hints: Sequence[str], ledger: Ledger
) -> Reading:
    """The files that the names of one table mean.

    Names start beside the table. Where nearly none is a file there, they may start from the dataset's folder or from
    one of its folders, or lack a suffix: taken where it is so for nearly all of them in one way, and said.

    Args:
        names: Each once.
        column: The column they are from, for what is said.
        files: The dataset's files.
        base: The folder of the table, from the dataset's folder.
        hints: Names of folders that are meant where several have all of the files, the likeliest first.
        ledger: Is told how names were read.

    Raises:
        DataError: There are two ways to read them.
    """
    named = {name: files.locate(name, base) for name in names}
    inside = [name for name in names if named[name].file is not None]
    if inside and 2 * sum(named[name].there for name in inside) < len(inside):
        named |= _elsewhere(inside, column, files, hints, ledger)
    _say_how(named, column, ledger)
    return Reading(named)


def _elsewhere(
    names: Sequence[str], column: str, files: Files, hints: Sequence[str], ledger: Ledger
) -> dict[str, Named]:
    """The names as those of files in other folders, or without their suffix; empty where most are not there at all."""
    ends = {name: found for name in names if (found := files.ending_in(name))}
    if len(ends) < ENOUGH * len(names):
        return {}
    starts = Counter(start for found in ends.values() for start in found)
    common = sorted(start for start, count in starts.items() if count == len(ends))
    if common:
        start = common[0] if len(common) == 1 else _hinted(common, hints)
        if start is None:
            raise DataError("tables.two_folders", column=column, first=_shown(common[0]), second=_shown(common[1]))
        ledger.decide(Phrase("tables.start", column=column, start=_shown(start)))
        return {name: Named(found[start], True) for name, found in ends.items()}
    doubled = next((name for name, found in ends.items() if len(found) > 1), None)
    if doubled is not None:
        first, second, *_ = ends[doubled].values()
        raise DataError("tables.two_files", column=column, name=doubled, first=first, second=second)
    ledger.decide(Phrase("tables.several_starts", column=column, count=len(starts)))
    return {name: Named(file, True) for name, found in ends.items() for file in found.values()}


def _hinted(starts: Sequence[str], hints: Sequence[str]) -> str | None:
    """The start whose last folder is a hint, if there is one."""
    for hint in hints:
        found = [start for start in starts if posixpath.basename(start.partition("*")[0].rstrip("/")).lower() == hint]
        if len(found) == 1:
            return found[0]
    return None


def _shown(start: str) -> str:
    """How names are read, a star for the name: "images/*.png"."""
    return start if "*" in start else f"{start}*"


def _say_how(named: Mapping[str, Named], column: str, ledger: Ledger) -> None:
    """A line for each way in which names were read other than as they stand."""
    by_how: dict[Phrase, list[str]] = {}
    for name, found in named.items():
        if found.how is not None and found.there:
            by_how.setdefault(found.how, []).append(name)
    for how, some in by_how.items():
        file = named[some[0]].file
        ledger.decide(Phrase("tables.read_as", count=f"{len(some):,}", column=column, how=how, name=some[0], file=file))

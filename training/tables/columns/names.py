"""Which column of a table names the images, and where its names start from: said where it is not beside the table."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resnet_hub.errors import DataError, Phrase

from ...layouts import Ledger
from ..moved_names import Moved, find_move
from ..names import Files, Named, Start

SAMPLE = 20
"""Cells that decide whether a column names files."""
TRIED = 1000
"""Names by which the folder or suffix that the others lack is found."""
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


NOT_MOVED = Moved()


@dataclass(frozen=True)
class Reading:
    """What each name of a column stands for."""

    start: Start
    """What stands around most names in the paths of their files."""
    named: Mapping[str, Named]
    """The other names, and what these stand for."""
    moved: Moved = NOT_MOVED
    """What is done to a name before."""

    def file(self, name: str) -> str | None:
        """The file, from the dataset's folder, whether it is there or not; None where the name leads out of it."""
        found = self.named.get(name)
        return f"{self.start.before}{self.moved.text(name)}{self.start.after}" if found is None else found.file

    def numbers(self, names: pa.Array, files: Files) -> np.ndarray:
        """The number in the index of the file of each name, int64 (N,); -1 where it is not there."""
        numbers = files.numbers(self.moved.texts(names), self.start)
        odd = [name for name, found in self.named.items() if found.there]
        places = pc.index_in(pa.array(odd, names.type), value_set=names).to_numpy(zero_copy_only=False)
        for place, name in zip(places, odd, strict=True):
            numbers[place] = files.index.number(self.named[name].file or "")
        return numbers


def read_names(names: pa.Array, column: str, files: Files, base: str, hints: Sequence[str], ledger: Ledger) -> Reading:
    """The files that the names of one table mean.

    Names start beside the table. Where nearly none is a file there, they may start from the dataset's folder or from
    one of its folders, or lack a suffix: taken where it is so for nearly all of them in one way, and said.

    Args:
        names: Texts, each once.
        column: The column they are from, for what is said.
        files: The dataset's files.
        base: The folder of the table, from the dataset's folder.
        hints: Names of folders that are meant where several have all of the files and not one of them lies beside the
            table, the likeliest first.
        ledger: Is told how names were read.

    Raises:
        DataError: There are two ways to read them.
    """
    start, given, moved = Start(f"{base}/" if base else ""), names, NOT_MOVED
    plain = files.numbers(names, start) >= 0
    if 2 * np.count_nonzero(plain) < len(names):
        moved = find_move(_sample(names), column, files, base, ledger)
        names = moved.texts(names)
        plain = files.numbers(names, start) >= 0
    elsewhere: dict[str, Named] = {}
    if 2 * np.count_nonzero(plain) < len(names) and not _mostly_there(_sample(names), files, base):
        found = _elsewhere(names, column, files, base, hints, ledger)
        if isinstance(found, Start):
            start, plain = found, files.numbers(names, found) >= 0
        else:
            elsewhere = found
    others = zip(*(some.filter(pa.array(~plain)).to_pylist() for some in (given, names)), strict=True)
    named = {name: elsewhere.get(here) or files.locate(here, base) for name, here in others}
    _say_how(named, column, ledger)
    return Reading(start, named, moved)


def _sample(names: pa.Array) -> list[str]:
    """Some of the names, from all places."""
    return list(names.take(np.unique(np.linspace(0, len(names) - 1, min(len(names), TRIED)).astype(int))).to_pylist())


def _mostly_there(names: Sequence[str], files: Files, base: str) -> bool:
    """Whether at least half of those names that do not lead out of the dataset are files beside the table."""
    found = [files.locate(name, base) for name in names]
    inside = [one for one in found if one.file is not None]
    return not inside or 2 * sum(one.there for one in inside) >= len(inside)


def _elsewhere(
    names: pa.Array, column: str, files: Files, base: str, hints: Sequence[str], ledger: Ledger
) -> Start | dict[str, Named]:
    """What stands around the names of files in other folders, or without their suffix; the files, where it differs.

    Empty where most are not there at all.
    """
    common = _common_starts(names, files)
    if common:
        return _said(common, column, base, hints, ledger)
    texts = [name for name in names.to_pylist() if files.locate(name, base).file is not None]
    ends = {name: found for name in texts if (found := files.ending_in(name))}
    if len(ends) < ENOUGH * len(texts):
        return {}
    if common := sorted(set.intersection(*map(set, ends.values()))):  # of names in other spellings
        start = _said(common, column, base, hints, ledger)
        return {name: Named(found[start], True) for name, found in ends.items()}
    doubled = next((name for name, found in ends.items() if len(found) > 1), None)
    if doubled is not None:
        first, second, *_ = ends[doubled].values()
        raise DataError("tables.two_files", column=column, name=doubled, first=first, second=second)
    starts = {start for found in ends.values() for start in found}
    ledger.decide(Phrase("tables.several_starts", column=column, count=len(starts)))
    return {name: Named(file, True) for name, found in ends.items() for file in found.values()}


def _said(common: Sequence[Start], column: str, base: str, hints: Sequence[str], ledger: Ledger) -> Start:
    """The one of several starts that is taken, said. Raises: DataError where none is likelier."""
    near = [start for start in common if base and start.before.startswith(f"{base}/")]
    start = next((some[0] for some in (common, near) if len(some) == 1), None) or _hinted(common, hints)
    if start is None:
        raise DataError("tables.two_folders", column=column, first=str(common[0]), second=str(common[1]))
    ledger.decide(Phrase("tables.start", column=column, start=str(start)))
    return start


def _common_starts(names: pa.Array, files: Files) -> list[Start]:
    """What may stand around nearly all of the names: it gives a file for each name that anything gives one for."""
    found = [ends for name in _sample(names) if (ends := files.ending_in(name))]
    likely = set.intersection(*map(set, found)) if found else set()
    there = {start: files.numbers(names, start) >= 0 for start in sorted(likely)}
    most = max(map(np.count_nonzero, there.values()), default=0)
    if not most or most < ENOUGH * len(names):
        return []
    best = next(known for known in there.values() if np.count_nonzero(known) == most)
    if any(files.ending_in(name) for name in names.filter(pa.array(~best)).to_pylist()):
        return []
    return [start for start, known in there.items() if np.array_equal(known, best)]


def _hinted(starts: Sequence[Start], hints: Sequence[str]) -> Start | None:
    """The start whose last folder is a hint, if there is one."""
    for hint in hints:
        found = [start for start in starts if posixpath.basename(start.before.rstrip("/")).lower() == hint]
        if len(found) == 1:
            return found[0]
    return None


def _say_how(named: Mapping[str, Named], column: str, ledger: Ledger) -> None:
    """A line for each way in which names were read other than as they stand."""
    by_how: dict[Phrase, list[str]] = {}
    for name, found in named.items():
        if found.how is not None and found.there:
            by_how.setdefault(found.how, []).append(name)
    for how, some in by_how.items():
        file = named[some[0]].file
        ledger.decide(Phrase("tables.read_as", count=f"{len(some):,}", column=column, how=how, name=some[0], file=file))

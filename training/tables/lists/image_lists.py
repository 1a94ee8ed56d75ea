"""Text files that list images, as Caffe, ImageNet, MXNet and CUB have them: a line for each, perhaps with a class."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from resnet_hub.errors import DataError

from ...layouts import Scan, shown, splits_among
from ..columns import SUFFIXES
from ..names import LONGEST_NAME, Files

LISTS = (".txt", ".lst", ".list")
"""What the names of lists end in."""
LOOKED_AT, FEWEST, ENOUGH = 200, 2, 0.9
"""Lines that decide what a file is, how many there must be, and the share of them that must name images."""
SHORTEST = 4
"""Characters of the name of an image without its suffix: a shorter one may be a class number."""
BOX = 4
"""Numbers of a box in an image; fewer, with blanks between them, may end the name of a class: Boeing 737 800."""
LONGEST_NUMBER = 10
"""Digits of a class number."""
CHUNK = 10_000
"""Lines that are turned into arrays at once."""
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?", re.ASCII)


class Line(NamedTuple):
    """What a line says."""

    path: str
    label: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Form:
    """How the lines of a list are written."""

    name: str
    """As a sentence shows it."""
    read: Callable[[str], Line | None]
    """The parts of a line; None where it is not written so."""


@dataclass(frozen=True)
class ImageList:
    """A text file that names images."""

    path: str
    """From the dataset's folder."""
    form: Form

    @property
    def labels(self) -> bool:
        """Whether its lines say classes."""
        return self.form in LABELED


def _whole(line: str) -> Line | None:
    return Line(line)


def _two(pattern: str) -> Callable[[str], Line | None]:
    """The parts before and behind the last mark between them."""

    def read(line: str) -> Line | None:
        path, mark, label = line.rpartition(pattern)
        return Line(path.strip(), label.strip()) if mark and path.strip() and label.strip() else None

    return read


def _path_number(line: str) -> Line | None:
    parts = line.rsplit(None, 1)
    return Line(parts[0], parts[1]) if len(parts) == 2 else None


def _path_text(line: str) -> Line | None:
    parts = line.split(None, 1)
    return Line(parts[0], parts[1]) if len(parts) == 2 else None


def _number_label_path(line: str) -> Line | None:
    parts = line.split(None, 2)
    numbers = len(parts) == 3 and NUMBER.fullmatch(parts[0]) and NUMBER.fullmatch(parts[1])
    return Line(parts[2], parts[1]) if numbers else None


def _id_path(line: str) -> Line | None:
    parts = line.split(None, 1)
    return Line(parts[1], None, parts[0]) if len(parts) == 2 else None


def _label_path(line: str) -> Line | None:
    parts = line.split(None, 1)
    return Line(parts[1], parts[0]) if len(parts) == 2 else None


def _columns(line: str) -> Line | None:
    """A path, then several columns of which all but the first are numbers."""
    mark = next((mark for mark in "\t," if line.count(mark) > 1), None)
    parts = [part.strip() for part in line.split(mark)]
    numbers = [NUMBER.fullmatch(part) is not None for part in parts[1:]]
    several = len(numbers) > 1 and all(numbers[1:]) and (mark or numbers[0] or len(numbers) > BOX)
    return Line(parts[0], parts[1]) if several else None


PATH = Form("path", _whole)
ID_PATH = Form("number path", _id_path)
LABEL_PATH = Form("class path", _label_path)
COLUMNS = Form("path and several columns", _columns)
LABELED = (
    Form("path<tab>class", _two("\t")),
    Form("path,class", _two(",")),
    Form("path;class", _two(";")),
    Form("path class", _path_number),
    Form("number class path", _number_label_path),
    Form("path class", _path_text),
    LABEL_PATH,
)
FORMS = (PATH, *LABELED[:4], COLUMNS, *LABELED[4:-1], ID_PATH)
"""In the order in which they are tried."""


def find_lists(scan: Scan, files: Files, aside: Collection[str]) -> list[ImageList]:
    """The text files of a folder whose lines name its images.

    Args:
        scan: The folder.
        files: Its images.
        aside: Paths of the folders that hold the images of one class: a text in them says no classes.
    """
    found = []
    for folder in scan.tree.used():
        stems = {posixpath.splitext(name)[0] for name in folder.images} if folder.others.get("text") else set()
        for name in folder.others.get("text", ()) if folder.path not in aside else ():
            stem, suffix = posixpath.splitext(name)
            if suffix.lower() in LISTS and stem not in stems:  # one beside each image describes that image
                path = folder.inside(name)
                first = list(islice(_lines(scan.root / path), LOOKED_AT))
                form = _form(first, files, says_split=bool(splits_among([stem])))
                found += [ImageList(path, form)] if form else []
    return found


def _form(lines: list[str], files: Files, *, says_split: bool) -> Form | None:
    """The first form in which nearly all of some lines name images; None where there is none, or they are remarks."""
    if len(lines) < FEWEST:
        return None
    for parts, form in itertools.product((2, 1), FORMS):  # with the folder it is in, then in any
        read = [found for line in lines if (found := form.read(line))]
        if sum(_names_image(found.path, files, parts) for found in read) < ENOUGH * len(lines):
            continue
        if form is ID_PATH and len({found.id for found in read}) < len(read):
            return LABEL_PATH
        labels = {found.label for found in read}
        remarks = form in LABELED and 2 * len(labels) > len(read) and any(" " in (label or "") for label in labels)
        return None if remarks and not says_split else form
    return None


def _names_image(path: str, files: Files, parts: int) -> bool:
    """Whether there is an image whose path ends in the last parts of this one, which may lack the suffix."""
    path = path.strip().replace("\\", "/").rstrip("/")
    if not path or len(path) > LONGEST_NAME:
        return False
    key, stem = (_last_two, _last_two_stem) if parts > 1 and "/" in path else (_last, _last_stem)
    if files.index.having(key, key(path), 1):
        return True
    if path.lower().endswith(SUFFIXES) or ("/" not in path and len(path) < SHORTEST):
        return False
    return bool(files.index.having(stem, key(path), 1))


def _last(file: str) -> str:
    return posixpath.basename(file).casefold()


def _last_stem(file: str) -> str:
    return posixpath.splitext(_last(file))[0]


def _last_two(file: str) -> str:
    return "/".join(file.rsplit("/", 2)[-2:]).casefold()


def _last_two_stem(file: str) -> str:
    return posixpath.splitext(_last_two(file))[0]


def _lines(file: Path) -> Iterator[str]:
    """The lines that say something: neither blank nor behind a #."""
    with file.open(encoding="utf-8-sig", errors="replace") as text:
        while line := text.readline(2 * LONGEST_NAME):
            if (line := line.strip()) and not line.startswith("#"):
                yield line


def read_list(root: Path, found: ImageList) -> pa.Table:
    """The columns path, label and id of a list, as texts; those that it has not are null.

    Raises:
        DataError: A line is not written as the others, or is in another encoding.
    """
    schema = pa.schema([(name, pa.string()) for name in Line._fields])
    chunks, lines = [schema.empty_table()], _lines(root / found.path)
    while some := list(islice(lines, CHUNK)):
        read = [_checked(line, found) for line in some]
        columns = [pa.array(column, pa.string()) for column in zip(*read, strict=True)]
        chunks.append(pa.Table.from_arrays(columns, schema=schema))
    return pa.concat_tables(chunks)


def _checked(line: str, found: ImageList) -> Line:
    if "\ufffd" in line:
        raise DataError("lists.encoding", file=shown(found.path), text=shown(line[:100]))
    read = found.form.read(line)
    if read is None:
        raise DataError("lists.line", file=shown(found.path), text=shown(line[:100]), form=found.form.name)
    return read


def read_pairs(file: Path) -> dict[str, str]:
    """What the lines of a file say of ids: the text behind the first word."""
    parts = (line.split(None, 1) for line in _lines(file))
    return {pair[0]: pair[1] for pair in parts if len(pair) == 2}


def read_class_names(file: Path) -> dict[int, str]:
    """The number and the name of each class, a line each; where the lines have no numbers, they count from 0."""
    lines = list(_lines(file))
    for number_and_name in (_number_first, _number_last):
        pairs = [number_and_name(line) for line in lines]
        named = {int(pair[0]): pair[1] for pair in pairs if pair}
        if named and len(named) == len(lines) and max(named) - min(named) == len(lines) - 1:
            return named
    return dict(enumerate(lines))


def _number_first(line: str) -> tuple[str, str] | None:
    head, mark, name = line.replace("\t", " ").partition("," if "," in line.split(None, 1)[0] else " ")
    number = head.strip(" \t:")
    return (number, name.strip()) if mark and number.isdecimal() and len(number) < LONGEST_NUMBER else None


def _number_last(line: str) -> tuple[str, str] | None:
    name, mark, number = line.replace("\t", " ").rpartition("," if "," in line.rsplit(None, 1)[-1] else " ")
    number = number.strip()
    return (number, name.strip(" \t:")) if mark and number.isdecimal() and len(number) < LONGEST_NUMBER else None

"""`Files`: the files of a dataset, and which of them a cell of a table names; a name never leads out of the dataset."""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resnet_hub.errors import Phrase

from .file_index import FileIndex, Key

LONGEST_NAME = 4096
"""Characters of a path; no file system has longer ones."""
MOST_TWINS = 100
"""Files of one name among which a shorter name is looked for."""
BY_BACKSLASH = Phrase("tables.by_backslash")
BY_SPACES = Phrase("tables.by_spaces")
BY_PERCENT = Phrase("tables.by_percent")
BY_UNICODE = Phrase("tables.by_unicode")
BY_CASE = Phrase("tables.by_case")
BY_ROOT = Phrase("tables.by_root")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class Start(NamedTuple):
    """What stands around each name of a column in the path of its file: "images/", ".png"."""

    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.before}*{self.after}"


@dataclass(frozen=True, slots=True)
class Named:
    """What a name in a cell stands for."""

    file: str | None
    """The file, from the dataset's folder, whether it is there or not; None where the name leads out of the dataset."""
    there: bool = False
    how: Phrase | None = None
    """How the name was read where it is not the file's own."""


OUTSIDE = Named(None)


class Files:
    """The files below a folder.

    Args:
        root: The dataset's folder. What lies outside is never looked at, so that nobody learns whether it is there.
        names: The files, from the folder, with slashes; found by walking through it where absent.
    """

    def __init__(self, root: Path, names: Iterable[str] | None = None) -> None:
        self.root, self._given = root, names
        spellings = (str(root), os.path.abspath(root), str(root.resolve()))  # noqa: PTH100  (links stay)
        self._roots = tuple(dict.fromkeys(f"{spelling.rstrip('/')}/" for spelling in spellings))

    @cached_property
    def index(self) -> FileIndex:
        """All of them."""
        return FileIndex(walk(self.root) if self._given is None else self._given)

    def path(self, file: str) -> str:
        """The absolute path of a file."""
        return self._roots[1 if len(self._roots) > 1 else 0] + file

    def locate(self, name: str, base: str = "") -> Named:
        """The file that a name means.

        Args:
            name: From a cell.
            base: The folder that names start from, itself from the dataset's folder.
        """
        if len(name) > LONGEST_NAME or "\0" in name or not name.strip():
            return OUTSIDE
        relative = name.startswith("/") is False
        exact = posixpath.normpath(posixpath.join(base, name)) if relative else None
        if exact in self.index:
            return Named(exact, True)
        if not relative:
            return self._absolute(name)
        if SCHEME.match(name) or "::" in name or name.startswith("\\"):
            return OUTSIDE
        for how, form in _forms(name):
            file = posixpath.normpath(posixpath.join(base, form))
            if file in self.index:
                return Named(file, True, how)
            if (alike := self._only(_nfc, file)) is not None:
                return Named(alike, True, BY_UNICODE)
            if (alike := self._only(_fold, file)) is not None:
                return Named(alike, True, BY_CASE)
        file = posixpath.normpath(posixpath.join(base, name.replace("\\", "/")))
        return OUTSIDE if leads_out(file) else Named(file)

    def _absolute(self, name: str) -> Named:
        """A name from the root of the file system: only if it lies below the dataset's folder."""
        name = posixpath.normpath(name)
        for root in self._roots:
            if name.startswith(root):
                file = name[len(root) :]
                return Named(file, file in self.index, BY_ROOT)
        return OUTSIDE

    def numbers(self, names: pa.Array, start: Start) -> np.ndarray:
        """The number in the index of the very file that each name means with a start, int64 (N,); -1 for none."""
        before, after, between = (pa.scalar(text, names.type) for text in (start.before, start.after, ""))
        return self.index.numbers(pc.binary_join_element_wise(before, names, after, between))

    def ending_in(self, name: str) -> dict[Start, str]:
        """The files whose path ends in a name, or does without its suffix, by what is to stand around the name."""
        name = posixpath.normpath(name.replace("\\", "/")) if len(name) <= LONGEST_NAME else ""
        last = posixpath.basename(name)
        found: dict[Start, str] = {}
        key, end = (_last_two, _last_two(name)) if "/" in name else (posixpath.basename, last)
        for file in self.index.having(key, end, MOST_TWINS):
            if f"/{file}".endswith(f"/{name}"):
                found[Start(file[: len(file) - len(name)])] = file
        if not found:
            for file in self.index.having(_stem, last, MOST_TWINS):
                stem, suffix = posixpath.splitext(file)
                if f"/{stem}".endswith(f"/{name}"):
                    found[Start(stem[: len(stem) - len(name)], suffix)] = file
        return found

    def _only(self, key: Key, name: str) -> str | None:
        """The one file with the same key as a name; None where there is none or several."""
        found = self.index.having(key, key(name), 2)
        return found[0] if len(found) == 1 else None


class NamedFiles(Collection[str]):
    """Those files of a dataset that rows name."""

    def __init__(self, files: Files) -> None:
        """Has none yet, and does not look for the files yet, which may still be on their way."""
        self.files = files

    @cached_property
    def _among(self) -> np.ndarray:
        return np.zeros(len(self.files.index), bool)

    def add(self, name: str) -> None:
        """Takes up a file."""
        number = self.files.index.number(name)
        if number is not None:
            self._among[number] = True

    def add_numbers(self, numbers: np.ndarray) -> None:
        """Takes up files by their numbers in the index."""
        self._among[numbers] = True

    def __len__(self) -> int:
        return int(np.count_nonzero(self._among))

    def __iter__(self) -> Iterator[str]:
        return (self.files.index.name(int(number)) for number in np.flatnonzero(self._among))

    def __contains__(self, name: object) -> bool:
        number = self.files.index.number(name) if isinstance(name, str) else None
        return number is not None and bool(self._among[number])


def leads_out(file: str) -> bool:
    """Whether a normalized relative path begins above its start, or is none."""
    return file == ".." or file.startswith(("../", "/"))


def walk(root: Path) -> Iterator[str]:
    """The files below a folder, from it, with slashes; links are followed, none of them in a circle."""
    pending, visited = [("", os.path.realpath(root))], set()
    while pending:
        below, real = pending.pop()
        if real in visited:
            continue
        visited.add(real)
        with os.scandir(root / below) as entries:
            for entry in entries:
                name = f"{below}{entry.name}"
                if entry.is_dir():
                    pending.append((f"{name}/", os.path.realpath(entry.path)))
                else:
                    yield name


def _forms(name: str) -> Iterator[tuple[Phrase | None, str]]:
    """Spellings of a name, the likeliest first, each with how it comes from the name."""
    yield None, name
    slashed = name.replace("\\", "/")
    if slashed != name:
        yield BY_BACKSLASH, slashed
    if slashed.strip() != slashed:
        yield BY_SPACES, slashed.strip()
    if "%" in slashed and (decoded := unquote(slashed)) != slashed and "\0" not in decoded:
        yield BY_PERCENT, decoded


def _last_two(file: str) -> str:
    return "/".join(file.rsplit("/", 2)[-2:])


def _stem(file: str) -> str:
    return posixpath.splitext(posixpath.basename(file))[0]


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _fold(name: str) -> str:
    return _nfc(name).casefold()

"""`Files`: the files of a dataset, and which of them a cell of a table names; a name never leads out of the dataset."""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from resnet_hub.errors import Phrase

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


@dataclass(frozen=True)
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
    def names(self) -> frozenset[str]:
        """All of them."""
        return frozenset(walk(self.root) if self._given is None else self._given)

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
        if exact in self.names:
            return Named(exact, True)
        if not relative:
            return self._absolute(name)
        if SCHEME.match(name) or "::" in name or name.startswith("\\"):
            return OUTSIDE
        for how, form in _forms(name):
            file = posixpath.normpath(posixpath.join(base, form))
            if file in self.names:
                return Named(file, True, how)
            if (alike := self._by_nfc.get(_nfc(file))) is not None:
                return Named(alike, True, BY_UNICODE)
            if (alike := self._by_fold.get(_fold(file))) is not None:
                return Named(alike, True, BY_CASE)
        file = posixpath.normpath(posixpath.join(base, name.replace("\\", "/")))
        return OUTSIDE if leads_out(file) else Named(file)

    def _absolute(self, name: str) -> Named:
        """A name from the root of the file system: only if it lies below the dataset's folder."""
        name = posixpath.normpath(name)
        for root in self._roots:
            if name.startswith(root):
                file = name[len(root) :]
                return Named(file, file in self.names, BY_ROOT)
        return OUTSIDE

    def ending_in(self, name: str) -> dict[str, str]:
        """The files whose path ends in a name, or does without its suffix: what stands before the name -> the file."""
        name = posixpath.normpath(name.replace("\\", "/")) if len(name) <= LONGEST_NAME else ""
        last = posixpath.basename(name)
        found: dict[str, str] = {}
        twins = self._by_last_two.get(_last_two(name), []) if "/" in name else self._by_last.get(last, [])
        for file in twins[:MOST_TWINS]:
            if f"/{file}".endswith(f"/{name}"):
                found[file[: len(file) - len(name)]] = file
        if not found:
            for file in self._by_stem.get(last, [])[:MOST_TWINS]:
                stem, suffix = posixpath.splitext(file)
                if f"/{stem}".endswith(f"/{name}"):
                    found[f"{stem[: len(stem) - len(name)]}*{suffix}"] = file
        return found

    @cached_property
    def _by_nfc(self) -> dict[str, str]:
        return _unique((_nfc(file), file) for file in self.names)

    @cached_property
    def _by_fold(self) -> dict[str, str]:
        return _unique((_fold(file), file) for file in self.names)

    @cached_property
    def _by_last(self) -> dict[str, list[str]]:
        return _grouped((posixpath.basename(file), file) for file in sorted(self.names))

    @cached_property
    def _by_last_two(self) -> dict[str, list[str]]:
        return _grouped((_last_two(file), file) for file in sorted(self.names))

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        return _grouped((posixpath.splitext(posixpath.basename(file))[0], file) for file in sorted(self.names))


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


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _fold(name: str) -> str:
    return _nfc(name).casefold()


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One file for each key; a key of several files has none."""
    found: dict[str, str] = {}
    doubled = set()
    for key, file in pairs:
        if found.setdefault(key, file) != file:
            doubled.add(key)
    return {key: file for key, file in found.items() if key not in doubled}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, file in pairs:
        found.setdefault(key, []).append(file)
    return found

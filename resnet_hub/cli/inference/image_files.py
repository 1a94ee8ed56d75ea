"""Files and folders as a user names them -> files, in order; those of a folder are found one by one, however many."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from resnet_hub.cli.inference.tally import Folder
from resnet_hub.errors import Phrase
from resnet_hub.images import HEAD_BYTES, SUFFIXES, foreign_format, image_format

DOCUMENTS = ("PDF", "SVG", "HTML", "Git LFS pointer")
"""Formats by their first bytes that nobody misses among photographs."""
# Begins the file that macOS puts beside every other one on a foreign disk, under its name with "._" in front.
_APPLE_DOUBLE = b"\x00\x05\x16\x07"


@dataclass(frozen=True)
class ImageFile:
    """A file that is an image, or may be one."""

    path: str
    """As the user wrote it; in a folder, the folder as they wrote it and the way from there."""
    folder: Folder | None = None
    """The folder in which it was found; None for a file that the user named."""

    def seems_an_image(self) -> bool:
        """Whether to answer it, or to say why not: all that was named, and of a folder what is an image by its bytes.

        What is called an image there, or is one in a format that is not read, is missed by its owner too.
        """
        if self.folder is None:
            return True
        path = Path(self.path)
        called_one = path.suffix.lower() in SUFFIXES
        try:
            if not path.is_file():  # a link that leads nowhere, or a pipe, which would be waited for
                return called_one
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError:
            return True
        if head.startswith(_APPLE_DOUBLE):
            return False
        return image_format(head) is not None or called_one or foreign_format(head) not in (None, *DOCUMENTS)


def folders_among(places: Iterable[str]) -> dict[str, Folder]:
    """The folders among what a user named, by what they wrote."""
    return {place: Folder(place) for place in places if _is_folder(place)}


def image_files(places: Iterable[str], folders: dict[str, Folder], *, but: str | None = None) -> Iterator[ImageFile]:
    """What the user named, in their order, each folder replaced by the files below it.

    Args:
        places: Paths of files and folders.
        folders: Those that are folders; what becomes of each is noted there.
        but: Files whose name begins so are our own, and left out.
    """
    for place in places:
        folder = folders.get(place)
        if folder is None:
            yield ImageFile(place)
            continue
        for path in files_below(folder):
            if but is None or not path.rpartition(os.sep)[2].startswith(but):
                folder.files += 1
                yield ImageFile(path, folder)


def files_below(folder: Folder) -> Iterator[str]:
    """The path of every file below the folder, each level in the order of its names, a folder's files in its place.

    A folder is entered once: a link to one that is read under its own name or by another link is not followed.
    In memory are the names of the levels that are being read.
    """
    walk = _Walk(folder)
    levels = walk.enter(folder.path, link=False)
    while levels:
        level = levels[-1]
        if not level.names:
            levels.pop()
            continue
        name = level.names.pop()
        path = f"{level.path}{name}"
        if name in level.folders:
            levels += walk.enter(path, link=name in level.links)
        else:
            yield path


class _Level:
    """The names in one folder, the last one first. Raises: OSError."""

    def __init__(self, path: str) -> None:
        self.path = path if path.endswith(os.sep) else path + os.sep
        self.names: list[str] = []
        self.folders: set[str] = set()
        self.links: set[str] = set()
        with os.scandir(path) as entries:
            for entry in entries:
                self._take(entry)
        self.names.sort(reverse=True)

    def _take(self, entry: os.DirEntry[str]) -> None:
        self.names.append(entry.name)
        with suppress(OSError):  # a link in a circle: taken as a file, it is one that is not there
            if entry.is_dir():
                self.folders.add(entry.name)
                if entry.is_symlink():
                    self.links.add(entry.name)


class _Walk:
    """Which folders have been entered below one that a user named."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._top = Path(folder.path).resolve()
        self._entered: set[tuple[int, int]] = set()

    def enter(self, path: str, *, link: bool) -> list[_Level]:
        """The level of that path; none where it is read under another name or cannot be read, which is noted."""
        try:
            status = Path(path).stat()
            place = status.st_dev, status.st_ino
            if place in self._entered or (link and Path(path).resolve().is_relative_to(self._top)):
                self._folder.met_again.add(path)
                return []
            self._entered.add(place)
            level = _Level(path)
        except OSError as error:
            reason = error.strerror or str(error)
            self._folder.closed.add(str(Phrase("cli.closed_folder", folder=path, reason=reason)))
            return []
        if link:
            self._folder.followed.add(path)
        return [level]


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:  # such as a name that is too long; reading it says so
        return False

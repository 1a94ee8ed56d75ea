"""What became of the files that a user named, in little memory however many they are, and the lines that say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from resnet_hub.cli.parser import FAILED, complain, remark
from resnet_hub.errors import ImageError, Phrase

NAMED_PROBLEMS = 1000
"""Images that cannot be read and are named at the end; all are counted."""


class Found(Protocol):
    """What a network finds of an image."""

    @property
    def file(self) -> str:
        """The path of the image."""

    @property
    def problem(self) -> ImageError | None:
        """Why it cannot be read."""


One = TypeVar("One", bound=Found)


class Names:
    """How many there are, and the first of them."""

    def __init__(self, most: int = 5) -> None:
        self.count = 0
        self.first: list[str] = []
        self._most = most

    def add(self, name: str) -> None:
        """Counts one more."""
        self.count += 1
        if len(self.first) < self._most:
            self.first.append(name)

    def __str__(self) -> str:
        return ", ".join(self.first) + (", ..." if self.count > len(self.first) else "")


@dataclass
class Folder:
    """A folder that a user named, and what has turned out of it so far."""

    path: str
    """As the user wrote it."""
    files: int = 0
    """Files below it that were looked at."""
    no_images: Names = field(default_factory=Names)
    """Those of them that are no images."""
    followed: Names = field(default_factory=Names)
    """Links to folders elsewhere, whose files are taken as its own."""
    met_again: Names = field(default_factory=Names)
    """Folders that are read under another name: links into the folder itself, circles, what two links lead to."""
    closed: Names = field(default_factory=Names)
    """Sentences about folders below it that cannot be read."""


class Tally:
    """The images that were asked for, those of them that cannot be read, and the folders."""

    def __init__(self, folders: Iterable[Folder] = ()) -> None:
        self.folders = list(folders)
        self.images = 0
        self.problems = Names(NAMED_PROBLEMS)

    def counted(self, answers: Iterable[One]) -> Iterator[One]:
        """The answers, counted as they pass."""
        for answer in answers:
            self.images += 1
            if answer.problem is not None:
                self.problems.add(str(answer.problem))
            yield answer

    def conclude(self) -> int:
        """Says on the standard error what was left out and what could not be read; returns the exit status."""
        for folder in self.folders:
            _remark_on(folder)
        faults = self.problems.first + [sentence for folder in self.folders for sentence in _faults_of(folder)]
        for fault in faults:
            complain(fault)
        if self.problems.count > 1:
            complain(Phrase("cli.unread_images", count=self.problems.count, images=self.images))
        return FAILED if faults else 0


def _remark_on(folder: Folder) -> None:
    if folder.followed.count:
        remark(Phrase("cli.links_followed", count=folder.followed.count, names=folder.followed))
    if folder.met_again.count:
        remark(Phrase("cli.folders_met_again", count=folder.met_again.count, names=folder.met_again))
    if 0 < folder.no_images.count < folder.files:
        remark(Phrase("cli.passed_over", count=folder.no_images.count, names=folder.no_images))


def _faults_of(folder: Folder) -> list[str]:
    """Sentences about what keeps the folder from being answered whole."""
    faults = list(folder.closed.first)
    if folder.closed.count > len(faults):
        faults.append(str(Phrase("cli.closed_folders", folder=folder.path, count=folder.closed.count)))
    if not folder.files and not faults:
        faults.append(str(Phrase("cli.empty_folder", folder=folder.path)))
    elif folder.files and folder.files == folder.no_images.count:
        names = folder.no_images
        faults.append(str(Phrase("cli.no_image_in_folder", folder=folder.path, count=names.count, names=names)))
    return faults

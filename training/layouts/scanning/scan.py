"""A folder on disk -> `Folder`: every file below it with what it is, told by its first bytes, not by its name."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from resnet_hub.cli import printable
from resnet_hub.errors import Phrase
from resnet_hub.images import FORMATS, HEAD_BYTES, foreign_format, image_format

from .further_pages import has_further_pages
from .packed_names import PackedNames

NO_DECODER = frozenset({"JPEG XL", "JPEG 2000"})
"""Images, though there is nothing to decode them with: using them ends in a sentence that says so."""
CLAIMING = tuple(suffix for known in FORMATS.values() if known.signature for suffix in known.suffixes)
"""Names of images: such a file that holds something else is taken for a damaged image, which stops a run.

Those of HEIC and AVIF claim nothing: containers of other things, and halves of transfers, are called so too."""
TABLES = (".arrow", ".csv", ".jsonl", ".ndjson", ".parquet", ".tsv")
RECORDS = "records"
"""What a JSON file is called that begins as a list of records does: a table, if it names the images."""
SPREADSHEETS = (".ods", ".xls", ".xlsx")
CARD = "readme.md"
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh", b"\xfd7zXZ\0")
"""How zip, gzip, 7z, rar, bzip2 and xz begin."""
SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store", "icon\r", ".directory"})
SYSTEM_FOLDERS = frozenset({"__macosx", "__pycache__", "@eadir", "$recycle.bin", "system volume information"})
APPLE_DOUBLE = b"\x00\x05\x16\x07"


@dataclass
class Folder:
    """A folder with what lies right in it; names are as the operating system gives them, undecodable bytes included."""

    path: str
    """From the scanned folder on, with slashes; empty for that folder itself."""
    images: PackedNames = field(default_factory=PackedNames)
    tables: list[str] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    others: dict[str, list[str]] = field(default_factory=dict)
    """What it is, such as "text" -> names of files."""
    several: list[str] = field(default_factory=list)
    """Names of the images that have further pages or frames, as far as their first bytes tell."""
    folders: list[Folder] = field(default_factory=list)
    below: int = 0
    """Images in it and in all folders below it, those passed over left out."""
    of_masks: bool = False
    """Whether it holds segmentation masks of images beside it."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def hidden(self) -> bool:
        """Whether programs keep things of their own here: a name that begins with a dot, or a known one."""
        return self.name.startswith(".") or self.name.lower() in SYSTEM_FOLDERS

    @property
    def with_images(self) -> list[Folder]:
        """The folders right below that hold images, at any depth."""
        return [folder for folder in self.folders if folder.below and not folder.passed_over]

    @property
    def passed_over(self) -> bool:
        """Whether nothing in it is of the dataset's images."""
        return self.hidden or self.of_masks

    def count(self) -> None:
        """Counts its images, where those of the folders right below are counted."""
        self.below = len(self.images) + sum(one.below for one in self.folders if not one.passed_over)

    def walk(self) -> Iterator[Folder]:
        """This folder and all below it, hidden ones included."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield folder
            waiting += reversed(folder.folders)

    def used(self) -> Iterator[Folder]:
        """The same without folders that are passed over and what is below them."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield folder
            waiting += [one for one in reversed(folder.folders) if not one.passed_over]

    def inside(self, name: str) -> str:
        """The path of a file that lies right in it."""
        return f"{self.path}/{name}" if self.path else name


@dataclass
class Scan:
    """What lies below a folder."""

    root: Path
    tree: Folder
    files: int
    """All of them, links that were not followed and folders that could not be read included."""
    links: list[str]
    """Links to folders that were followed."""
    file_links: list[str]
    """Links to files."""
    unread: list[tuple[Phrase, str]]
    """Why, and the path: what is there and was not looked into."""


def shown(path: str) -> str:
    """A path or a name for people: bytes that are no text, and what a terminal would act on, are escaped."""
    return printable(path)


def scan_folder(root: Path) -> Scan:
    """Walks a folder and looks at the first bytes of each file.

    A link to a folder is followed once, after all real folders, and never to where something was or is being read.
    """
    return _Walk(root).run()


class _Walk:
    """One walk: breadth first, without recursion, since strangers nest folders as deep as a path is long."""

    def __init__(self, root: Path) -> None:
        home = root.resolve()
        self.found = Scan(root, Folder(""), 0, [], [], [])
        self.above = {_identity(place.stat()) for place in home.parents}
        self.seen = {_identity(home.stat())}
        self.order = [self.found.tree]
        self.waiting = deque(self.order)
        self.links: deque[tuple[Folder, str]] = deque()

    def run(self) -> Scan:
        while self.waiting or self.links:
            if self.waiting:
                self.read(self.waiting.popleft())
            else:
                self.follow(*self.links.popleft())
        for folder in reversed(self.order):
            folder.folders.sort(key=lambda one: one.path)
            folder.count()
        return self.found

    def read(self, folder: Folder) -> None:
        try:
            with os.scandir(self.found.root / folder.path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.pass_over(Phrase("ledger.unreadable", reason=error.strerror or str(error)), folder.path)
            return
        for entry in listed:
            if entry.is_symlink() and _leads_to_folder(entry):
                self.links.append((folder, entry.name))
            elif entry.is_dir(follow_symlinks=False):
                self.go_into(folder, entry.name, Phrase("ledger.read_already"))
            else:
                self.add_file(folder, entry)

    def follow(self, folder: Folder, name: str) -> None:
        path = folder.inside(name)
        if _identity((self.found.root / path).stat()) in self.above:
            self.pass_over(Phrase("ledger.link_upwards"), path)
        elif self.go_into(folder, name, Phrase("ledger.read_already")):
            self.found.links.append(path)

    def go_into(self, folder: Folder, name: str, otherwise: Phrase) -> bool:
        """Puts a folder on the list, unless it is read anyway: by another link, or below itself."""
        below = Folder(folder.inside(name))
        identity = _identity((self.found.root / below.path).stat())
        if identity in self.seen:
            self.pass_over(otherwise, below.path)
            return False
        self.seen.add(identity)
        folder.folders.append(below)
        self.waiting.append(below)
        self.order.append(below)
        return True

    def add_file(self, folder: Folder, entry: os.DirEntry[str]) -> None:
        path = folder.inside(entry.name)
        try:
            if not entry.is_file():
                self.pass_over(Phrase("ledger.dead_link" if entry.is_symlink() else "ledger.no_regular_file"), path)
                return
            with Path(entry.path).open("rb", buffering=0) as file:
                head = file.read(HEAD_BYTES)
                several = has_further_pages(head, file)
        except OSError as error:
            if not entry.name.lower().endswith(CLAIMING):
                self.pass_over(Phrase("ledger.unreadable", reason=error.strerror or str(error)), path)
                return
            head, several = b"", False  # the check of every image says what is the matter
        self.found.files += 1
        if entry.is_symlink():
            self.found.file_links.append(path)
        _file_under(folder, entry.name, head, several)

    def pass_over(self, reason: Phrase, path: str) -> None:
        self.found.files += 1
        self.found.unread.append((reason, path))


def _file_under(folder: Folder, name: str, head: bytes, several: bool) -> None:
    """Puts a file where it belongs in its folder."""
    lower, kind = name.lower(), foreign_format(head)
    if image_format(head) or kind in NO_DECODER:
        folder.images.append(name)
        if several:
            folder.several.append(name)
    elif head.startswith(APPLE_DOUBLE) or lower in SYSTEM_FILES:
        folder.others.setdefault("system", []).append(name)
    elif lower.endswith(CLAIMING):
        folder.images.append(name)
    elif lower.endswith(TABLES):
        folder.tables.append(name)
    elif lower == CARD:
        folder.cards.append(name)
    elif lower.endswith(SPREADSHEETS):
        folder.others.setdefault("spreadsheet", []).append(name)
    elif is_archive(head):
        folder.archives.append(name)
    else:
        found = _kind_of_json(head) if lower.endswith(".json") else None
        folder.others.setdefault(found or kind or _described(head), []).append(name)


def is_archive(head: bytes) -> bool:
    """Whether a file is an archive that is to be unpacked first, by its first bytes."""
    return head.startswith(ARCHIVES) or head[257:262] == b"ustar"


def _kind_of_json(head: bytes) -> str | None:
    """Whether JSON begins as a list of records, or has one in each line, as a dictionary, or as something else."""
    start = bytes(head.removeprefix(b"\xef\xbb\xbf").translate(None, b" \t\r\n")[:2])
    if start == b"[{" or (start[:1] == b"{" and re.search(rb"\}[ \t\r]*\n\s*\{", head)):
        return RECORDS
    return "dictionary" if start[:1] == b"{" else None


def _described(head: bytes) -> str:
    if not head:
        return "empty"
    return "binary" if b"\0" in head else "text"


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino

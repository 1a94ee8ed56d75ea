"""Files that a stranger sent together, images and zips of images -> one image after the other, within bounds.

Nothing is ever written, no name is ever a path, and no more than one image is in memory.
"""

from __future__ import annotations

import stat
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from resnet_hub.checks import check_integer
from resnet_hub.demo.intake.zip_entries import FIRST_BYTES, entry_name, is_litter, open_zip, shown_name
from resnet_hub.errors import ImageError

PIECE = 65_536
"""Bytes that are unpacked between two looks at the bounds."""
SMALL = 1_000_000
"""Bytes up to which an image may expand as it likes: a blank one does."""

_OTHERS = {b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_LINK = "the entry is a link, which is never followed; put the picture itself into the archive"


@dataclass(frozen=True)
class ArchiveLimits:
    """How much is taken in of everything that was sent together."""

    images: int = 500
    """Images in all."""
    image_bytes: int = 20_000_000
    """Largest image."""
    archive_bytes: int = 200_000_000
    """Largest zip, packed."""
    total_bytes: int = 500_000_000
    """Largest sum of all images, unpacked."""
    expansion: int = 100
    """Most that an image may be larger than it is packed."""
    entries: int = 2000
    """Files and entries of archives that are looked at, folders and litter included."""

    def __post_init__(self) -> None:
        for name in ("images", "image_bytes", "archive_bytes", "total_bytes", "expansion", "entries"):
            check_integer(name, getattr(self, name), 1, 10**12)


@dataclass(frozen=True)
class NamedImage:
    """The bytes of a file that may be an image; `open_image` knows."""

    name: str
    """The last parts of its path, for display: printable text, not to be trusted as HTML, and no path."""
    data: bytes


@dataclass(frozen=True)
class FailedImage:
    """A file that is not looked at any further."""

    name: str
    """As in `NamedImage`."""
    reason: str
    """One sentence that does not repeat the name, without its full stop."""


def images_in(
    files: Iterable[tuple[str, Path]], limits: ArchiveLimits | None = None
) -> Generator[NamedImage | FailedImage, None, None]:
    """All images of the files, in their order; those of a zip as it lists them, folders and hidden files left out.

    What is too large, locked, damaged or no file at all comes as a `FailedImage`, and the rest goes on. Where a bound
    on everything is reached, the last one says so.

    Args:
        files: Each file's name, as its owner calls it, and where it lies.
        limits: The bounds.
    """
    budget = _Budget(limits or ArchiveLimits())
    for name, path in files:
        yield from _images_of(shown_name(name), path, budget)
        if budget.stop is not None:
            return


def expected_count(files: Iterable[tuple[str, Path]], limits: ArchiveLimits | None = None) -> int:
    """How many images and failures `images_in` will give, found without unpacking; damage may change it."""
    limits = limits or ArchiveLimits()
    count = 0
    for _, path in islice(files, limits.entries):
        if count > limits.images:
            break
        try:
            with path.open("rb") as file:
                packed = file.read(4).startswith(FIRST_BYTES) and path.stat().st_size <= limits.archive_bytes
            if packed:
                with open_zip(path, limits.entries) as archive:
                    count += max(1, sum(not is_litter(entry) for entry in archive.infolist()))
        except (OSError, ImageError):
            packed = False
        count += not packed
    return min(count, limits.images + 1)


class _Budget:
    """What is left of the bounds on everything."""

    def __init__(self, limits: ArchiveLimits) -> None:
        self.limits = limits
        self.images, self.bytes, self.entries = limits.images, limits.total_bytes, limits.entries
        self.stop: str | None = None
        """Why nothing more is looked at."""

    def count_entry(self) -> bool:
        """Whether there may be one more."""
        self.entries -= 1
        if self.entries < 0:
            self._end(f"at most {self.limits.entries:,} files and entries")
        return self.stop is None

    def count_image(self) -> bool:
        """Whether there may be one more."""
        self.images -= 1
        if self.images < 0:
            self._end(f"at most {self.limits.images:,} pictures")
        return self.stop is None

    def count_bytes(self, count: int) -> bool:
        """Whether there may be so many more."""
        self.bytes -= count
        if self.bytes < 0:
            self._end(f"at most {self.limits.total_bytes:,} bytes")
        return self.stop is None

    def _end(self, bound: str) -> None:
        self.stop = f"this one and all after it were left out, for {bound} are taken at a time; send them separately"


def _images_of(name: str, path: Path, budget: _Budget) -> Iterator[NamedImage | FailedImage]:
    """The images of one file."""
    if not budget.count_entry():
        yield FailedImage(name, budget.stop or "")
        return
    try:
        with path.open("rb") as file:
            first = file.read(8)
        size = path.stat().st_size
    except OSError:
        yield FailedImage(name, "the file is not, or no longer, there; send it again")
        return
    if first.startswith(FIRST_BYTES):
        yield from _unpacked(name, path, size, budget)
        return
    other = next((kind for start, kind in _OTHERS.items() if first.startswith(start)), None)
    reason = f"the file is an archive in the format {other}, which is not opened; send a zip" if other else None
    reason = reason or _too_large(size, budget)
    if reason is None and not (budget.count_image() and budget.count_bytes(size)):
        reason = budget.stop
    yield NamedImage(name, path.read_bytes()) if reason is None else FailedImage(name, reason)


def _unpacked(name: str, path: Path, size: int, budget: _Budget) -> Iterator[NamedImage | FailedImage]:
    """The images of a zip, which is opened after its list of contents was found to be of a bearable size."""
    most = budget.limits.archive_bytes
    if size > most:
        reason = f"the archive has {size:,} bytes, more than the {most:,} that are read; send it in parts"
        yield FailedImage(name, reason)
        return
    try:
        archive = open_zip(path, budget.limits.entries)
    except ImageError as error:
        yield FailedImage(name, str(error))
        return
    with archive:
        empty = True
        for entry in archive.infolist():
            found = _image(archive, entry, budget)
            if found is not None:
                empty = False
                yield found
            if budget.stop is not None:
                return
        if empty:
            yield FailedImage(name, "the archive holds no picture; pack some into it")


def _image(archive: ZipFile, entry: ZipInfo, budget: _Budget) -> NamedImage | FailedImage | None:
    """The image of one entry; None for folders, hidden files and what systems add by themselves."""
    name = shown_name(entry_name(entry))
    if not budget.count_entry():
        return FailedImage(name, budget.stop or "")
    if is_litter(entry):
        return None
    reason = _fault(entry, budget)
    if reason is None and not budget.count_image():
        reason = budget.stop
    if reason is not None:
        return FailedImage(name, reason)
    try:
        data = _read(archive, entry, budget)
    except Exception:  # as many types as there are kinds of damage
        return FailedImage(name, "the entry is damaged; pack the archive again")
    if isinstance(data, str):
        return FailedImage(name, data)
    if data.startswith(FIRST_BYTES):
        return FailedImage(name, "the entry is an archive inside an archive, which is not opened; send it by itself")
    return NamedImage(name, data)


def _fault(entry: ZipInfo, budget: _Budget) -> str | None:
    """Why an entry is not read, as far as the list of contents tells."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return _LINK
    if kind not in (0, stat.S_IFREG):
        return "the entry is no file; put pictures into the archive"
    if entry.flag_bits & 0x1:
        return "the entry is locked with a password; pack the archive without one"
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return f"the entry is packed by method {entry.compress_type}, which is not unpacked; pack it as a usual zip"
    return _too_large(entry.file_size, budget) or _expansion_fault(entry, entry.file_size, budget.limits)


def _too_large(size: int, budget: _Budget) -> str | None:
    most = budget.limits.image_bytes
    return (
        f"the file has {size:,} bytes, more than the {most:,} that are read; make it smaller" if size > most else None
    )


def _expansion_fault(entry: ZipInfo, size: int, limits: ArchiveLimits) -> str | None:
    if size <= max(SMALL, limits.expansion * entry.compress_size):
        return None
    return (
        f"the entry is more than {limits.expansion} times as large unpacked, as in a bomb; send the picture by itself"
    )


def _read(archive: ZipFile, entry: ZipInfo, budget: _Budget) -> bytes | str:
    """The bytes of an entry, or why there are too many, whatever it says of itself. Raises: anything, on damage."""
    data = bytearray()
    with archive.open(entry) as file:
        while piece := file.read(PIECE):
            data += piece
            if not budget.count_bytes(len(piece)):
                return budget.stop or ""
            reason = _too_large(len(data), budget) or _expansion_fault(entry, len(data), budget.limits)
            if reason is not None:
                return reason
    return bytes(data)

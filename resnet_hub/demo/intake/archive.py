"""Untrusted files, images and zips of images -> one image after the other, within limits.

Nothing is written to disk, no entry name is used as a path, and one image at most is in memory.
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
"""Bytes that are decompressed between two checks of the limits."""
SMALL = 1_000_000
"""Bytes up to which the compression ratio is not checked: a blank image has a high one."""

_OTHERS = {b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


@dataclass(frozen=True)
class ArchiveLimits:
    """How much is taken in of everything that was sent together."""

    images: int = 500
    """Images in all."""
    image_bytes: int = 20_000_000
    """Largest image."""
    archive_bytes: int = 200_000_000
    """Largest zip, compressed."""
    total_bytes: int = 500_000_000
    """Largest sum of all images, decompressed."""
    expansion: int = 100
    """Largest compression ratio of an image (zip bombs)."""
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
    error: ImageError
    """Why; its sentence does not repeat the name."""


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
        if budget.is_spent:
            return


def expected_count(files: Iterable[tuple[str, Path]], limits: ArchiveLimits | None = None) -> int:
    """About how many images and failures `images_in` will yield, counted without decompressing anything."""
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
        self.is_spent = False
        """Whether nothing more is looked at."""

    def take_entry(self) -> None:
        """Raises: ImageError where there may not be one more."""
        self.entries -= 1
        if self.entries < 0:
            self.is_spent = True
            raise ImageError("intake.left_out_entries", most=self.limits.entries)

    def take_image(self) -> None:
        """Raises: ImageError where there may not be one more."""
        self.images -= 1
        if self.images < 0:
            self.is_spent = True
            raise ImageError("intake.left_out_images", most=self.limits.images)

    def take_bytes(self, count: int) -> None:
        """Raises: ImageError where there may not be so many more."""
        self.bytes -= count
        if self.bytes < 0:
            self.is_spent = True
            raise ImageError("intake.left_out_bytes", most=self.limits.total_bytes)


def _images_of(name: str, path: Path, budget: _Budget) -> Iterator[NamedImage | FailedImage]:
    """The images of one file."""
    try:
        budget.take_entry()
        first, size = _start_of(path)
        if first.startswith(FIRST_BYTES):
            yield from _unpacked(path, size, budget)
            return
        other = next((kind for start, kind in _OTHERS.items() if first.startswith(start)), None)
        if other is not None:
            raise ImageError("intake.archive_other", format=other)
        _check_size(size, budget.limits)
        budget.take_image()
        budget.take_bytes(size)
    except ImageError as error:
        yield FailedImage(name, error)
        return
    yield NamedImage(name, path.read_bytes())


def _start_of(path: Path) -> tuple[bytes, int]:
    """The first bytes of a file, and how many there are in all. Raises: ImageError where it is gone."""
    try:
        with path.open("rb") as file:
            return file.read(8), path.stat().st_size
    except OSError as error:
        raise ImageError("intake.file_gone") from error


def _unpacked(path: Path, size: int, budget: _Budget) -> Iterator[NamedImage | FailedImage]:
    """The images of a zip, which is opened after the size of its central directory was checked.

    Raises: ImageError where it is not opened, or empty.
    """
    most = budget.limits.archive_bytes
    if size > most:
        raise ImageError("intake.archive_large", size=size, most=most)
    with open_zip(path, budget.limits.entries) as archive:
        empty = True
        for entry in archive.infolist():
            found = _image(archive, entry, budget)
            if found is not None:
                empty = False
                yield found
            if budget.is_spent:
                return
        if empty:
            raise ImageError("intake.archive_empty")


def _image(archive: ZipFile, entry: ZipInfo, budget: _Budget) -> NamedImage | FailedImage | None:
    """The image of one entry; None for folders, hidden files and what systems add by themselves."""
    name = shown_name(entry_name(entry))
    try:
        budget.take_entry()
        if is_litter(entry):
            return None
        _check_entry(entry, budget.limits)
        budget.take_image()
        data = _read(archive, entry, budget)
        if data.startswith(FIRST_BYTES):
            raise ImageError("intake.entry_nested")
    except ImageError as error:
        return FailedImage(name, error)
    except Exception:  # as many types as there are kinds of damage
        return FailedImage(name, ImageError("intake.entry_damaged"))
    return NamedImage(name, data)


def _check_entry(entry: ZipInfo, limits: ArchiveLimits) -> None:
    """Raises: ImageError for an entry that is not read, as far as the central directory tells."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise ImageError("intake.entry_link")
    if kind not in (0, stat.S_IFREG):
        raise ImageError("intake.entry_no_file")
    if entry.flag_bits & 0x1:
        raise ImageError("intake.entry_locked")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ImageError("intake.entry_method", method=entry.compress_type)
    _check_size(entry.file_size, limits)
    _check_expansion(entry, entry.file_size, limits)


def _check_size(size: int, limits: ArchiveLimits) -> None:
    if size > limits.image_bytes:
        raise ImageError("intake.file_large", size=size, most=limits.image_bytes)


def _check_expansion(entry: ZipInfo, size: int, limits: ArchiveLimits) -> None:
    if size > max(SMALL, limits.expansion * entry.compress_size):
        raise ImageError("intake.entry_expands", times=limits.expansion)


def _read(archive: ZipFile, entry: ZipInfo, budget: _Budget) -> bytes:
    """The bytes of an entry, unless they are too many, whatever it says of itself. Raises: anything, on damage."""
    data = bytearray()
    with archive.open(entry) as file:
        while piece := file.read(PIECE):
            data += piece
            budget.take_bytes(len(piece))
            _check_size(len(data), budget.limits)
            _check_expansion(entry, len(data), budget.limits)
    return bytes(data)

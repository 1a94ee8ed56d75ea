"""An untrusted zip -> its central directory, read within limits, and safe names of its entries."""

from __future__ import annotations

import io
import re
import stat
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from resnet_hub.errors import ImageError

FIRST_BYTES = (b"PK\x03\x04", b"PK\x05\x06")
"""The magic bytes of a zip, a full one and an empty one."""
LISTING = 1000
"""Bytes that one entry may take in the central directory."""
END = 65_536 + 22
"""Bytes at the end of an archive in which zipfile looks for the end of central directory record."""
LONGEST_NAME = 120
"""Characters of a name that are shown."""

_LITTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}


def open_zip(path: Path, most: int) -> ZipFile:
    """The archive, with its central directory read; `most` is the number of entries that it may have.

    Raises: ImageError when it is damaged, too long, or built as bombs are.
    """
    try:
        archive = _Zip(_Listing(path, most * LISTING))
    except _TooLongError:
        raise ImageError("intake.archive_listing") from None
    except Exception as error:  # zipfile raises nearly every type on a damaged file
        raise ImageError("intake.archive_damaged") from error
    try:
        _check_count(len(archive.infolist()), most)
        if _overlap(archive):
            raise ImageError("intake.archive_overlap")
    except ImageError:
        archive.close()
        raise
    return archive


class _TooLongError(Exception):
    """A central directory is longer than may be read."""


class _Listing(io.FileIO):
    """An archive of which no more than `most` bytes are read at once, as zipfile reads a central directory.

    An archive states the length of its directory in two places, zip and zip64; so the limit applies to the bytes
    requested, not to the stated length.
    """

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path)
        self._most = max(most, END)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self._most:
            raise _TooLongError
        return super().read(self._most if size is None or size < 0 else size) or b""


class _Zip(ZipFile):
    """An archive that closes the file that it was given."""

    def __init__(self, file: _Listing) -> None:
        self._own = file
        try:
            super().__init__(file)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        super().close()
        self._own.close()


def is_litter(entry: ZipInfo) -> bool:
    """Whether the entry is a folder, hidden, or what systems add by themselves."""
    path = entry_name(entry)
    if path.endswith(("/", "\\")) or stat.S_ISDIR(entry.external_attr >> 16):
        return True
    return any(part in _LITTER or (part.startswith(".") and part not in (".", "..")) for part in _parts(path))


def entry_name(entry: ZipInfo) -> str:
    """The name that an entry was given; many programs write UTF-8 without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except ValueError:
        return entry.filename


def shown_name(path: str) -> str:
    """The last two parts of a path, sanitized: no `..`, no drive, no invisible or bidirectional characters."""
    parts = [part for part in _parts(path) if part not in (".", "..") and not re.fullmatch("[A-Za-z]:", part)]
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in "/".join(parts[-2:]))
    return (name if len(name) <= LONGEST_NAME else "..." + name[-LONGEST_NAME + 3 :]) or "no name"


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r"[/\\]", path) if part]


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise ImageError("intake.archive_long", count=count, most=most)


def _overlap(archive: ZipFile) -> bool:
    """Whether two entries share bytes. Releases of Python before 2024 do not notice."""
    starts = sorted((entry.header_offset, entry.compress_size) for entry in archive.infolist())
    ends = [start for start, _ in starts] + [archive.start_dir]
    return any(start + 30 + size > end for (start, size), end in zip(starts, ends[1:], strict=True))

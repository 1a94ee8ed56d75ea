"""TIFF files compressed by LZW or Zstandard -> the same with deflate, by the decoders that Pillow brings along."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL.TiffImagePlugin import TiffImageFile

LZW, ZSTD, DEFLATE = 5, 50000, 8
BY_PILLOW = (LZW, ZSTD)
"""Compressions that tifffile leaves to a package of its own."""
BYTES, SHORT, LONG = 8, 3, 4
_COMPRESSION, _STRIPS, _TILES = 259, (273, 279), (324, 325)


def with_deflate(data: bytes, numbers: range) -> bytes:
    """The file with the values of these pages compressed by deflate, which tifffile reads by itself.

    Args:
        data: A TIFF whose pages are of known size, which the caller has found small enough.
        numbers: Of the pages.

    Raises: many errors of Pillow and tifffile where the file is damaged.
    """
    from tifffile import TiffFile

    file = io.BytesIO(data)
    with TiffFile(file, mode="r+") as written:
        for number in numbers:
            page: Any = written.pages[number].aspage()
            if page.compression not in BY_PILLOW or page.bitspersample % BYTES:
                continue
            places, lengths = [], []
            for offset, length, size in zip(page.dataoffsets, page.databytecounts, _sizes(page), strict=True):
                plain = _decoded(data[offset : offset + length], int(page.compression), size)
                packed = zlib.compress(plain, 1)
                places.append(file.seek(0, os.SEEK_END))
                lengths.append(file.write(packed))
            for tag, values in zip(_TILES if page.is_tiled else _STRIPS, (places, lengths), strict=True):
                page.tags[tag].overwrite(tuple(values), dtype=LONG)
            page.tags[_COMPRESSION].overwrite(DEFLATE)
    return file.getvalue()


def _sizes(page: Any) -> Iterator[int]:
    """The bytes of each strip or tile of a page, once it is decoded."""
    together = page.samplesperpixel if page.planarconfig == 1 else 1
    value = page.bitspersample // BYTES
    if page.is_tiled:
        yield from [page.tilewidth * page.tilelength * together * value] * len(page.dataoffsets)
        return
    strips = -(-page.imagelength // page.rowsperstrip)
    for number in range(len(page.dataoffsets)):
        rows = min(page.rowsperstrip, page.imagelength - number % strips * page.rowsperstrip)
        yield rows * page.imagewidth * together * value


def _decoded(segment: bytes, compression: int, size: int) -> bytes:
    """The bytes of a strip or tile, as those of a gray image with one row."""
    entries = (
        (256, LONG, size), (257, LONG, 1), (258, SHORT, 8), (_COMPRESSION, SHORT, compression), (262, SHORT, 1),
        (273, LONG, 8), (277, SHORT, 1), (278, LONG, 1), (279, LONG, len(segment)),
    )  # fmt: skip
    head = struct.pack("<2sHI", b"II", 42, 8 + len(segment))
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return TiffImageFile(io.BytesIO(head + segment + directory + bytes(4))).tobytes()

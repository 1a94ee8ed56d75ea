"""TIFF files in LZW, Zstandard, WebP or gray JPEG -> the same in deflate, by the decoders that Pillow brings along."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

LZW, ZSTD, WEBP, JPEG, DEFLATE = 5, 50000, 50001, 7, 8
WHOLE_VALUES = (LZW, ZSTD)
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""What segments that are images hold, by the values that stand together."""
BYTES, SHORT, LONG = 8, 3, 4
COMPRESSION, _STRIPS, _TILES, _JPEG_TABLES = 259, (273, 279), (324, 325), 347


def by_pillow(page: Any) -> bool:
    """Whether tifffile leaves a page to a package of its own, and Pillow has a decoder for such samples."""
    together, kind = _together(page), page.compression
    if kind in WHOLE_VALUES:
        return page.bitspersample % BYTES == 0
    return page.bitspersample == BYTES and ((kind == WEBP and together in (3, 4)) or (kind == JPEG and together == 1))


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
            if not by_pillow(page):
                continue
            places, lengths = [], []
            for offset, length, size in zip(page.dataoffsets, page.databytecounts, _sizes(page), strict=True):
                plain = _decoded(data[offset : offset + length], page, size)
                packed = zlib.compress(plain, 1)
                places.append(file.seek(0, os.SEEK_END))
                lengths.append(file.write(packed))
            for tag, values in zip(_TILES if page.is_tiled else _STRIPS, (places, lengths), strict=True):
                page.tags[tag].overwrite(tuple(values), dtype=LONG)
            page.tags[COMPRESSION].overwrite(DEFLATE)
    return file.getvalue()


def _sizes(page: Any) -> Iterator[int]:
    """The bytes of each strip or tile of a page, once it is decoded."""
    together = _together(page)
    value = page.bitspersample // BYTES
    if page.is_tiled:
        yield from [page.tilewidth * page.tilelength * together * value] * len(page.dataoffsets)
        return
    strips = -(-page.imagelength // page.rowsperstrip)
    for number in range(len(page.dataoffsets)):
        rows = min(page.rowsperstrip, page.imagelength - number % strips * page.rowsperstrip)
        yield rows * page.imagewidth * together * value


def _together(page: Any) -> int:
    """The values that stand together: those of a pixel, or of one band after the other one."""
    return int(page.samplesperpixel) if page.planarconfig == 1 else 1


def _decoded(segment: bytes, page: Any, size: int) -> bytes:
    """The bytes of a strip or tile. Raises: ValueError where they are not so many."""
    if page.compression in WHOLE_VALUES:
        return _in_one_row(segment, int(page.compression), size)
    tables = page.tags.valueof(_JPEG_TABLES)  # of all segments, which then are without
    whole = io.BytesIO(tables[:-2] + segment[2:] if tables else segment)
    image = WebPImageFile(whole) if page.compression == WEBP else JpegImageFile(whole)
    if image.width * image.height * _together(page) != size:
        raise ValueError
    return image.convert(MODES[_together(page)]).tobytes()


def _in_one_row(segment: bytes, compression: int, size: int) -> bytes:
    """The bytes of a segment of whole values, as those of a gray image with one row."""
    entries = (
        (256, LONG, size), (257, LONG, 1), (258, SHORT, 8), (COMPRESSION, SHORT, compression), (262, SHORT, 1),
        (273, LONG, 8), (277, SHORT, 1), (278, LONG, 1), (279, LONG, len(segment)),
    )  # fmt: skip
    head = struct.pack("<2sHI", b"II", 42, 8 + len(segment))
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return TiffImageFile(io.BytesIO(head + segment + directory + bytes(4))).tobytes()

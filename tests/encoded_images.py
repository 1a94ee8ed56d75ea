"""Files of images for tests: as phones, microscopes and satellites write them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pillow_heif
import tifffile
from PIL import Image


def heic(image: Image.Image, *others: Image.Image, **options: object) -> bytes:
    """A HEIC of one image, or of a burst."""
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    image.save(file, "HEIF", quality=95, save_all=bool(others), append_images=others, **options)
    return file.getvalue()


def avif(image: Image.Image, **options: object) -> bytes:
    """An AVIF."""
    file = io.BytesIO()
    image.save(file, "AVIF", quality=95, **options)
    return file.getvalue()


def png(image: Image.Image | np.ndarray) -> bytes:
    """A PNG of a Pillow image or of gray values."""
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, "PNG")
    return file.getvalue()


def tiff(values: np.ndarray, **options: object) -> bytes:
    """A TIFF of these values: one page (H, W), or (H, W, C) where photometric and planarconfig say so."""
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


def banded(values: np.ndarray, **options: object) -> bytes:
    """A TIFF of many bands, those of a pixel together, from (H, W, C)."""
    return tiff(values, photometric="minisblack", planarconfig="contig", **options)


def planar(values: np.ndarray, **options: object) -> bytes:
    """A TIFF of many bands, one after the other, from (H, W, C)."""
    return tiff(values.transpose(2, 0, 1), photometric="minisblack", planarconfig="separate", **options)


def stacked(values: np.ndarray, **options: object) -> bytes:
    """A TIFF with a page for each band, from (H, W, C)."""
    return tiff(values.transpose(2, 0, 1), photometric="minisblack", **options)


def recompressed(data: bytes, compression: str, page_count: int = 1) -> bytes:
    """A TIFF in deflate, compressed as Pillow does it by this name: the only package here that writes LZW."""
    file = io.BytesIO(data)
    with tifffile.TiffFile(file, mode="r+b") as written:
        for number in range(page_count):
            page = written.pages[number].aspage()
            segments = [
                _segment(zlib.decompress(data[start : start + length]), compression)
                for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)
            ]
            places = [(file.seek(0, io.SEEK_END), file.write(segment))[0] for _, segment in segments]
            tags = (324, 325) if page.is_tiled else (273, 279)
            page.tags[tags[0]].overwrite(places, dtype=4)
            page.tags[tags[1]].overwrite([len(segment) for _, segment in segments], dtype=4)
            page.tags[259].overwrite(segments[0][0])
    return file.getvalue()


def _segment(plain: bytes, compression: str) -> tuple[int, bytes]:
    """The number of the compression and the compressed bytes, as those of an image of one row."""
    file = io.BytesIO()
    Image.frombytes("L", (len(plain), 1), plain).save(file, "TIFF", compression=compression)
    file.seek(0)
    with tifffile.TiffFile(file) as written:
        page = written.pages[0].aspage()
        start, length = page.dataoffsets[0], page.databytecounts[0]
        return int(page.compression), file.getvalue()[start : start + length]


def npy(values: np.ndarray) -> bytes:
    """A file of numpy."""
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def wide_png(values: np.ndarray) -> bytes:
    """A PNG of 16-bit colors or of gray levels and transparency, uint16 (H, W, C), which Pillow does not write."""
    import struct

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff_of_segments(bands: int, compression: int, *segments: bytes, tables: bytes = b"") -> bytes:
    """A TIFF of 32 x 32 pixels of 8 bits in one strip, or one for each band, compressed as these bytes are.

    Args:
        bands: Samples of a pixel; they stand together where there is one segment.
        compression: Its number.
        segments: The strips.
        tables: Those of JPEG that all segments lack.
    """
    offsets = [8 + sum(map(len, segments[:number])) for number in range(len(segments))]
    entries = [
        (256, 3, [32]), (257, 3, [32]), (258, 3, [8] * bands), (259, 3, [compression]), (262, 3, [1]),
        (273, 4, offsets), (277, 3, [bands]), (278, 3, [32]), (279, 4, list(map(len, segments))),
        (284, 3, [1 if len(segments) == 1 else 2]),
    ]  # fmt: skip
    entries += [(338, 3, [0] * (bands - 1))] if bands > 1 else []
    entries += [(347, 7, list(tables))] if tables else []
    body, kinds = b"".join(segments), {3: "H", 4: "I", 7: "B"}
    start = 8 + len(body)
    directory, behind = struct.pack("<H", len(entries)), b""
    after = start + 6 + 12 * len(entries)
    for tag, kind, values in entries:
        content = struct.pack(f"<{len(values)}{kinds[kind]}", *values)
        directory += struct.pack("<HHI", tag, kind, len(values))
        directory += content.ljust(4, b"\0") if len(content) < 5 else struct.pack("<I", after + len(behind))
        behind += content if len(content) > 4 else b""
    return struct.pack("<2sHI", b"II", 42, start) + body + directory + bytes(4) + behind

"""Files of images for tests: as phones, microscopes and satellites write them."""

from __future__ import annotations

import io

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


def planar(values: np.ndarray) -> bytes:
    """A TIFF of many bands, one after the other, from (H, W, C)."""
    return tiff(values.transpose(2, 0, 1), photometric="minisblack", planarconfig="separate")


def stacked(values: np.ndarray) -> bytes:
    """A TIFF with a page for each band, from (H, W, C)."""
    return tiff(values.transpose(2, 0, 1), photometric="minisblack")


def npy(values: np.ndarray) -> bytes:
    """A file of numpy."""
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def wide_png(values: np.ndarray) -> bytes:
    """A PNG of 16-bit colors, uint16 (H, W, 3), which Pillow does not write."""
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

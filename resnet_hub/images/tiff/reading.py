"""TIFF files that Pillow cannot read or cuts down: several bands, 16-bit colors, floats."""

from __future__ import annotations

import io
import logging
from typing import Any

import numpy as np

from resnet_hub.errors import ImageError

from ..values import KINDS, Raster
from .segments import by_pillow, with_deflate

# Tags by number, as the specification lists them.
BITS_PER_SAMPLE, SAMPLES_PER_PIXEL, EXTRA_SAMPLES, MAX_VALUE, S_MAX_VALUE, ORIENTATION = 258, 277, 338, 281, 341, 274
PHOTOMETRIC = 262
GRAY = (0, 1)
"""Photometric interpretations without colors."""
ALPHA = (1, 2)
"""Extra samples that are transparency."""

# What these log, an error says; Pillow logs each file that it leaves to tifffile.
for _name in ("tifffile", "PIL.TiffImagePlugin"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


def read_tiff(data: bytes, label: object, channels: int | None, limit: int) -> Raster:
    """The values of the first page; or of as many pages of one size as the network has channels, of one band each.

    Args:
        data: The file.
        label: What errors call it.
        channels: Of the network; None where it is unknown.
        limit: Most bytes of values, checked before they are decoded.

    Raises:
        ImageError: It is compressed in a way that needs another package, holds no plain values, or is too large.
    """
    from tifffile import TiffFile

    with TiffFile(io.BytesIO(data)) as file:
        pages = _pages(file, channels)
        first = pages[0]
        size = sum(page.nbytes for page in pages)
        if first.dtype is None or first.ndim > 3 or any(page.shape != first.shape for page in pages):
            raise ImageError("preprocessing.damaged", label=label)
        if size > limit:
            raise ImageError("preprocessing.too_large", label=label, size=size, most=limit)
        if any(map(by_pillow, pages)):
            with TiffFile(io.BytesIO(with_deflate(data, range(len(pages))))) as again:
                planes = [_values(page, label) for page in _pages(again, channels)]
        else:
            planes = [_values(page, label) for page in pages]
    values = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
    extra = tuple(int(kind) for kind in first.extrasamples)
    alpha = len(pages) == 1 and len(extra) == 1 and extra[0] in ALPHA and values.shape[2] in (2, 4)
    return Raster(values, declared_range(_tags(first)), alpha, int(first.tags.valueof(ORIENTATION, default=1)))


def _pages(file: Any, channels: int | None) -> list[Any]:
    """The first page; or as many of one band each as the network has channels, where there are just so many."""
    first = file.pages.first
    if channels and channels > 1 and first.samplesperpixel == 1 and len(file.pages) == channels:
        return [file.pages[index].aspage() for index in range(channels)]
    return [first]


def tiff_pages(data: bytes) -> int:
    """The number of pages of a file, smaller copies of a page among them."""
    from tifffile import TiffFile

    with TiffFile(io.BytesIO(data)) as file:
        return len(file.pages)


def declared_range(tags: dict[int, Any]) -> tuple[float, float] | None:
    """The range of values that the tags declare, as a bit depth: 12 bits for each sample, or a largest value of 4095.

    The largest value of other kinds is what an image happens to reach, which would make each image its own range.
    """
    bits = tags.get(BITS_PER_SAMPLE, 8)
    depth = max(bits) if isinstance(bits, tuple) else int(bits)
    if 8 < depth < 16:
        return 0.0, float(2**depth - 1)
    for tag in (S_MAX_VALUE, MAX_VALUE):
        told = tags.get(tag)
        most = max(told) if isinstance(told, tuple) and told else told
        if isinstance(most, int | float) and most in {2**bits - 1 for bits in range(8, 16)}:
            return 0.0, float(most)
    return None


def _tags(page: Any) -> dict[int, Any]:
    return {tag: page.tags.valueof(tag) for tag in (BITS_PER_SAMPLE, MAX_VALUE, S_MAX_VALUE) if tag in page.tags}


def _values(page: Any, label: object) -> np.ndarray:
    """The values of a page, (H, W, C)."""
    from tifffile import TIFF

    try:
        TIFF.DECOMPRESSORS[page.compression]
    except KeyError as error:
        name = getattr(page.compression, "name", str(page.compression))
        told = {"bands": page.samplesperpixel, "compression": name}
        raise ImageError("preprocessing.compression", label=label, **told) from error
    values = np.asarray(page.asarray())
    if values.ndim == 2:
        return values[:, :, None]
    if values.ndim != 3 or not values.size or values.dtype.kind not in KINDS:
        raise ImageError("preprocessing.damaged", label=label)
    return values.transpose(1, 2, 0) if page.axes.startswith("S") else values

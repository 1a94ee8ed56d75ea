"""A file's bytes -> a Pillow image, or its values where Pillow has no mode for them or would cut them down."""

from __future__ import annotations

import io
import zlib

import numpy as np
from PIL import ExifTags, Image, ImageFile, features
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from resnet_hub.config import IMAGE_MODES
from resnet_hub.errors import ImageError, Listed, Phrase

from .arrays import channels_last, read_npy
from .formats import READABLE, foreign_format, image_format
from .heic import open_heic
from .tiff import (
    ALPHA,
    BITS_PER_SAMPLE,
    COMPRESSION,
    EXTRA_SAMPLES,
    GRAY,
    PHOTOMETRIC,
    SAMPLES_PER_PIXEL,
    WEBP,
    declared_range,
    read_tiff,
    tiff_pages,
)
from .values import Raster

# Decoded, 320 MB. Below the 89,478,485 pixels from which Pillow warns by itself, so that its warning never comes.
MAX_PIXELS = 80_000_000
BYTES_PER_PIXEL = 4
"""Of a decoded image, at most, for the limit in bytes of values that are no such image."""

GRAY_ALPHA = 4
"""The color type of a PNG with gray levels and transparency."""

# The classes are called directly: `Image.open` would add its own alarm about size, in a warning, ahead of ours.
_READERS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WebP": WebPImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "PPM": PpmImageFile,
    "AVIF": AvifImageFile,
}


def decoded(
    source: object,
    label: str | Phrase,
    *,
    channels: int | None,
    wide: bool,
    max_pixels: int,
    at_least: int | None = None,
) -> Image.Image | Raster:
    """The image of a file's bytes, a Pillow image or an array.

    Args:
        source: Bytes, a Pillow image, or an array (H, W), (H, W, C) or (C, H, W).
        label: What errors call it.
        channels: Of the network, where they are known: they decide what a fourth sample is.
        wide: Whether colors of 16 bits are needed in full; else Pillow's 8 of them do.
        max_pixels: Largest width x height that is decoded, as the header tells it.
        at_least: Pixels of the shorter side that are enough of a JPEG.

    Raises:
        ImageError: It is in no format that is read, or too large; many other errors where it is damaged.
    """
    if isinstance(source, Image.Image):
        return _loaded(source, label, max_pixels)
    if isinstance(source, np.ndarray):
        return _array(source, label, channels)
    assert isinstance(source, bytes)
    name = _format(source, label)
    limit = BYTES_PER_PIXEL * max_pixels
    if name == "NumPy":
        return read_npy(source, label, channels, limit)
    if name == "TIFF":
        return _tiff(source, label, channels, wide, max_pixels)
    image = open_heic(source) if name == "HEIC" else _READERS[name](io.BytesIO(source))
    if wide and name == "PNG" and source[24] == 16 and image.mode in ("RGB", "RGBA", "LA"):
        read = _wide_gray_alpha if source[25] == GRAY_ALPHA else _wide_png
        return read(source, image, label, max_pixels)
    if at_least and name == "JPEG":
        _check_size(image, label, max_pixels)
        image.draft(None, (at_least, at_least))
    return _loaded(image, label, max_pixels)


def frames(data: bytes) -> int:
    """How many images a file holds: pages, frames, the photographs of a burst. Nothing is decoded.

    `open_image` gives the first, of a burst the primary one; 1 where the file is damaged or no image.
    """
    name = image_format(data)
    try:
        if name == "HEIC":
            return int(getattr(open_heic(data), "n_frames", 1))
        if name == "TIFF":
            return tiff_pages(data)
        return int(getattr(_READERS[name](io.BytesIO(data)), "n_frames", 1)) if name in _READERS else 1
    except Exception:  # Pillow's readers raise nearly every type on a damaged file.
        return 1


def _format(data: bytes, label: str | Phrase) -> str:
    known = Listed(READABLE)
    found = image_format(data)
    if found is not None and (found != "AVIF" or features.check("avif")):
        return found
    foreign = found or foreign_format(data)
    if foreign is None:
        raise ImageError("preprocessing.unknown_format", label=label, formats=known)
    if foreign == "Git LFS pointer":
        raise ImageError("preprocessing.lfs_pointer", label=label)
    if foreign == "HTML":
        raise ImageError("preprocessing.web_page", label=label)
    raise ImageError("preprocessing.other_format", label=label, found=foreign, formats=known)


def _loaded(image: Image.Image, label: str | Phrase, max_pixels: int) -> Image.Image | Raster:
    """The image, decoded, once its size is known to be within the limit; values of more than 8 bits as such."""
    _check_size(image, label, max_pixels)
    image.load()
    if image.mode == "F" or image.mode.startswith("I"):
        tags = dict(image.tag_v2) if isinstance(image, TiffImageFile) else {}
        return Raster(np.asarray(image)[:, :, None], declared_range(tags), orientation=orientation_of(image))
    return image


def _check_size(image: Image.Image, label: str | Phrase, max_pixels: int) -> None:
    if not 0 < image.width * image.height <= max_pixels:
        size = f"{image.width} x {image.height}"
        raise ImageError("preprocessing.pixels", label=label, size=size, most=max_pixels)


def orientation_of(image: Image.Image) -> int:
    """The turn that a camera noted, as EXIF counts it; 1 where there is none."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation) or 1)
    except Exception:  # A damaged EXIF block does not affect the pixels.
        return 1


def _array(array: np.ndarray, label: str | Phrase, channels: int | None) -> Image.Image | Raster:
    plain = array.dtype == np.uint8 and array.shape[2:] in ((), (1,), (3,), (4,))
    if not array.size or array.ndim not in (2, 3) or array.dtype.kind not in "buif" or (channels is None and not plain):
        raise ImageError("preprocessing.array", label=label, type=str(array.dtype), shape=array.shape)
    if plain and (channels is None or channels in IMAGE_MODES):
        return Raster(array.reshape(*array.shape[:2], -1))
    return Raster(channels_last(array, label, channels))


def _tiff(data: bytes, label: str | Phrase, channels: int | None, wide: bool, max_pixels: int) -> Image.Image | Raster:
    """By Pillow wherever it reads all of the values, else by tifffile."""
    limit = BYTES_PER_PIXEL * max_pixels
    try:
        image = TiffImageFile(io.BytesIO(data))
    except SyntaxError:  # what Pillow says of a file whose samples it has no mode for, and of a damaged one
        return read_tiff(data, label, channels, limit)
    tags = image.tag_v2
    samples, extra = tags.get(SAMPLES_PER_PIXEL, 1), tags.get(EXTRA_SAMPLES, ())
    cut = wide and image.mode in ("RGB", "RGBA", "RGBX", "LA") and max(tags.get(BITS_PER_SAMPLE, (8,))) > 8
    has_alpha = len(extra) == 1 and extra[0] in ALPHA
    many = tags.get(PHOTOMETRIC) in GRAY and samples > 1 and not (samples == 2 and has_alpha)
    as_bands = many or (channels == samples == 4 and len(extra) == 1 and not has_alpha)
    as_pages = bool(channels and channels > 1 and samples == 1 and image.n_frames == channels)
    if cut or as_bands or as_pages or tags.get(COMPRESSION) == WEBP:  # Pillow's own reader may be built without WebP
        return read_tiff(data, label, channels, limit)
    return _loaded(image, label, max_pixels)


def _wide_png(data: bytes, high: ImageFile.ImageFile, label: str | Phrase, max_pixels: int) -> Raster:
    """The 16 bits of colors: Pillow gives the upper half of each, and the lower one where told of the other order."""
    low = PngImageFile(io.BytesIO(data))
    low.tile = [tile._replace(args=str(tile.args).replace("16B", "16L")) for tile in low.tile]
    halves = []
    for half in (high, low):
        loaded = _loaded(half, label, max_pixels)
        halves.append(np.asarray(loaded).astype(np.uint16))
    return Raster(halves[0] << 8 | halves[1], alpha=high.mode == "RGBA", orientation=orientation_of(high))


def _wide_gray_alpha(data: bytes, high: ImageFile.ImageFile, label: str | Phrase, max_pixels: int) -> Raster:
    """The 16 bits of gray and transparency: the four bytes of a pixel, read as those of 8-bit colors with alpha."""
    header = data[12:24] + b"\x08\x06" + data[26:29]
    colors = PngImageFile(io.BytesIO(data[:12] + header + zlib.crc32(header).to_bytes(4, "big") + data[33:]))
    pairs = np.asarray(_loaded(colors, label, max_pixels)).astype(np.uint16)
    return Raster(pairs[:, :, ::2] << 8 | pairs[:, :, 1::2], alpha=True, orientation=orientation_of(high))

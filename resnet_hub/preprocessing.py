"""File, bytes, PIL image or array -> the network's input: the one path an image takes, in training and in serving.

open_image (decode, turn upright) -> to_pixels (channels, resize, crop) -> normalize (float, mean and std)
"""

from __future__ import annotations

import io
import math
import os
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from PIL import ExifTags, Image, ImageFile, features
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile
from torch import Tensor

from resnet_hub.config import IMAGE_MODES, Preprocessing
from resnet_hub.errors import ConfigError, ImageError, Phrase

ImageSource = str | os.PathLike[str] | bytes | Image.Image | np.ndarray

MAX_BYTES = 100_000_000
# Decoded, 320 MB. Below the 89,478,485 pixels from which Pillow warns by itself, so that its warning never comes.
MAX_PIXELS = 80_000_000
# A resized image above this (a 1 x 50,000 strip, say) is never held whole: its crop is computed alone.
MAX_RESIZED_PIXELS = 2**25

# The classes are called directly: `Image.open` would add its own alarm about size, in a warning, ahead of ours.
_READERS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WebP": WebPImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "PPM": PpmImageFile,
}
if features.check("avif"):
    from PIL.AvifImagePlugin import AvifImageFile

    _READERS["AVIF"] = AvifImageFile

# Magic bytes of a file. Formats without a decoder are here so that an error can name them.
_SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WebP": rb"RIFF....WEBP",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM.{13}\0\0\0",
    "TIFF": rb"II\*\0|MM\0\*",
    "PPM": rb"P[1-6f]\s",
    "AVIF": rb"....ftyp.{0,52}avi[fs]",
    "HEIC": rb"....ftyp.{0,52}(hei[cmsx]|hev[cx]|mif1)",
    "JPEG XL": rb"\xff\x0a|....JXL ",
    "PDF": rb"%PDF",
    "SVG": rb"(\xef\xbb\xbf)?\s*((<\?xml|<!--|<!DOCTYPE svg).*)?<svg",
    "HTML": rb"(?i:(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body))",
}

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_image(
    source: ImageSource, *, name: str | None = None, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """The image, decoded and upright, as 8-bit L, LA, RGB or RGBA without metadata; opening it again changes nothing.

    Gray values of 16 or 32 bits are scaled from 0..65535 to 0..255. Floats are taken as 0..1 where none is above 1,
    else as 0..255, and clipped. An animation gives its first frame, an already opened one the frame it stands at.

    Args:
        source: A path, a file's bytes, a PIL image (left as it is), or a uint8 array (H, W), (H, W, 1), RGB or RGBA.
        name: What errors call the image; the path where absent.
        max_bytes: Largest file that is read.
        max_pixels: Largest width x height that is decoded, as the header tells it.

    Raises:
        ImageError: The source is missing, no image, damaged or too large.
    """
    label = _label(source, name)
    try:
        image = _undecoded(source, label, max_bytes)
        if not 0 < image.width * image.height <= max_pixels:
            size = f"{image.width} x {image.height}"
            raise ImageError("preprocessing.pixels", label=label, size=size, most=max_pixels)
        image.load()
        return _upright(image)
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every type on a damaged file.
        raise ImageError("preprocessing.damaged", label=label) from error


def format_of(head: bytes) -> str | None:
    """The format that the first bytes of a file tell, also one that cannot be read; None where it is unknown."""
    return next((name for name, first in _SIGNATURES.items() if re.match(first, head[:1000], re.DOTALL)), None)


def to_channels(image: Image.Image, channels: int) -> Image.Image:
    """The image as a network of 1 (gray, L), 3 (RGB) or 4 (RGBA) input channels sees it; RGB stays byte for byte.

    Where the network has no alpha channel, transparent pixels show white: the color stored under them is arbitrary,
    often black, and white is what viewers and the web pages that such images come from put behind them.

    Raises: ConfigError for another number of channels.
    """
    if channels not in IMAGE_MODES:
        raise ConfigError("preprocessing.channels", channels=channels)
    mode = IMAGE_MODES[channels]
    if image.mode == mode and "transparency" not in image.info:
        return image
    plain = _eight_bit(image)
    if mode != "RGBA" and plain.mode in ("LA", "RGBA"):
        canvas = Image.new("L" if plain.mode == "LA" else "RGB", plain.size, "white")
        canvas.paste(plain.convert(canvas.mode), mask=plain.getchannel("A"))
        plain = canvas
    return plain if plain.mode == mode else plain.convert(mode)


def to_pixels(image: Image.Image, preprocessing: Preprocessing) -> Tensor:
    """What the network sees of an opened image: uint8 (C, H, W), 0-255, resized and cropped.

    Source: timm's evaluation transform for the same `crop_mode`, `crop_pct`, `interpolation` and size, to the pixel.
    """
    channels, height, width = preprocessing.input_size
    image = to_channels(image, channels)
    resized = _resized_size(image.size, preprocessing)
    left, visible_width = _window(resized[0], width)
    top, visible_height = _window(resized[1], height)
    filter_ = Image.Resampling[preprocessing.interpolation.upper()]
    view = _resized_part(image, resized, (left, top, left + visible_width, top + visible_height), filter_)
    if view.size != (width, height):
        fill = tuple(round(255 * mean) for mean in preprocessing.mean)
        canvas = Image.new(image.mode, (width, height), fill if channels > 1 else fill[0])
        canvas.paste(view, ((width - visible_width) // 2, (height - visible_height) // 2))
        view = canvas
    rows = np.asarray(view).reshape(height, width, channels)
    return torch.from_numpy(np.array(rows.transpose(2, 0, 1), order="C"))  # (H, W, C) -> (C, H, W)


def normalize(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """The network's input, float32 (N, C, H, W) on the same device, of uint8 pixels (N, C, H, W) or (C, H, W).

    Source: ToTensor and Normalize of torchvision, with their operations in their order, so bit for bit equal.
    Raises: ImageError for pixels of another type or shape.
    """
    channels = preprocessing.input_size[0]
    if pixels.dtype != torch.uint8 or pixels.ndim not in (3, 4) or pixels.shape[-3] != channels:
        raise ImageError(
            "preprocessing.no_pixels", type=str(pixels.dtype), shape=tuple(pixels.shape), channels=channels
        )

    def column(values: tuple[float, ...]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=pixels.device).view(-1, 1, 1)

    images = (pixels if pixels.ndim == 4 else pixels.unsqueeze(0)).to(torch.float32)
    # 255 as a tensor: by a plain number, CUDA multiplies with the rounded inverse, and the last bit differs.
    return images.div_(column((255.0,))).sub_(column(preprocessing.mean)).div_(column(preprocessing.std))


def _label(source: object, name: str | None) -> str | Phrase:
    if name is None:
        if not isinstance(source, str | os.PathLike):
            return Phrase("preprocessing.the_image")
        name = os.fsdecode(source)
    return repr(name if len(name) <= 200 else f"{name[:150]}...{name[-30:]}")


def _undecoded(source: ImageSource, label: str | Phrase, max_bytes: int) -> Image.Image:
    """The image with its size known; of a file, only the header is read."""
    if isinstance(source, Image.Image):
        return source
    if isinstance(source, np.ndarray):
        return Image.fromarray(_checked_array(source, label))
    data = source if isinstance(source, bytes) else _read(source, label, max_bytes)
    _check_bytes(len(data), label, max_bytes)
    known = ", ".join(_READERS)
    found = format_of(data)
    if found is None:
        raise ImageError("preprocessing.unknown_format", label=label, formats=known)
    if found not in _READERS:
        raise ImageError("preprocessing.other_format", label=label, found=found, formats=known)
    return _READERS[found](io.BytesIO(data))


def _read(source: str | os.PathLike[str], label: str | Phrase, max_bytes: int) -> bytes:
    """The bytes of a file, whose size is checked first."""
    if not isinstance(source, str | os.PathLike):
        raise ImageError("preprocessing.no_image", kind=type(source).__name__)
    path = Path(os.fsdecode(source))
    try:
        if source and path.is_dir():
            raise ImageError("preprocessing.folder", label=label)
        if not path.is_file():
            raise ImageError("preprocessing.no_file", label=label)
        _check_bytes(path.stat().st_size, label, max_bytes)
        return path.read_bytes()
    except OSError as error:
        raise ImageError("preprocessing.unreadable", label=label, reason=error.strerror) from error


def _check_bytes(size: int, label: str | Phrase, limit: int) -> None:
    if size > limit:
        raise ImageError("preprocessing.too_large", label=label, size=size, most=limit)
    if size == 0:
        raise ImageError("preprocessing.empty", label=label)


def _checked_array(array: np.ndarray, label: str | Phrase) -> np.ndarray:
    if array.dtype != np.uint8 or not array.size or array.ndim < 2 or array.shape[2:] not in ((), (1,), (3,), (4,)):
        raise ImageError("preprocessing.array", label=label, type=str(array.dtype), shape=array.shape)
    return array.reshape(array.shape[:2]) if array.shape[2:] == (1,) else array


def _upright(image: Image.Image) -> Image.Image:
    """A copy turned as the camera's EXIF tag says, in a mode of `_eight_bit`, without metadata."""
    orientation = None
    with suppress(Exception):  # A damaged EXIF block does not affect the pixels.
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    plain = _eight_bit(image)
    turned = plain.transpose(_TURNS[orientation]) if orientation in _TURNS else plain.copy()
    turned.info = {}
    return turned


def _eight_bit(image: Image.Image) -> Image.Image:
    """The image as L, LA, RGB or RGBA: no palette, no value above 255, no transparent color key."""
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_gray(np.asarray(image)))
    gray = image.mode in ("1", "L", "LA", "La")
    mode = ("L" if gray else "RGB") + ("A" if image.has_transparency_data else "")
    return image if image.mode == mode else image.convert(mode)


def _gray(values: np.ndarray) -> np.ndarray:
    """uint8 of gray levels in integers 0..65535, or in floats 0..1 or 0..255."""
    if values.dtype.kind != "f":
        return ((values.clip(0, 65535).astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    values = np.nan_to_num(values, nan=0.0, posinf=255.0, neginf=0.0)
    return np.rint(values * (255.0 if values.max() <= 1 else 1.0)).clip(0, 255).astype(np.uint8)


def _resized_size(size: tuple[int, int], preprocessing: Preprocessing) -> tuple[int, int]:
    """Width and height, in pixels, that an image is resized to before the crop."""
    width, height = size
    _, crop_height, crop_width = preprocessing.input_size
    target_width = math.floor(crop_width / preprocessing.crop_pct)
    target_height = math.floor(crop_height / preprocessing.crop_pct)
    if preprocessing.crop_mode == "squash":
        return target_width, target_height
    if preprocessing.crop_mode == "center" and target_width == target_height:
        # torchvision cuts the longer side off to a whole number; timm, for the cases below, rounds both.
        longer = int(target_width * max(size) / min(size))
        return (target_width, longer) if width <= height else (longer, target_height)
    fit = max if preprocessing.crop_mode == "border" else min
    ratio = fit(height / target_height, width / target_width)
    return max(1, round(width / ratio)), max(1, round(height / ratio))


def _window(resized: int, crop: int) -> tuple[int, int]:
    """Start and length, in pixels, of the central part of a side; Python rounds halves to even, as the sources do."""
    return (round((resized - crop) / 2), crop) if resized >= crop else (0, resized)


def _resized_part(
    image: Image.Image, resized: tuple[int, int], part: tuple[int, int, int, int], filter_: Image.Resampling
) -> Image.Image:
    """The box `part` (left, top, right, bottom) of the image resized to `resized`."""
    if resized[0] * resized[1] <= MAX_RESIZED_PIXELS:
        whole = image if image.size == resized else image.resize(resized, filter_)
        return whole if part == (0, 0, *resized) else whole.crop(part)
    scale = image.width / resized[0], image.height / resized[1]
    box = [edge * scale[index % 2] for index, edge in enumerate(part)]
    # Pillow keeps boxes in float32, too coarse far along a strip: crop first, with a margin above the filter's support.
    reach = [4 * max(1.0, step) for step in scale]
    left, top = (max(0, math.floor(box[index] - reach[index])) for index in (0, 1))
    right, bottom = (min(image.size[index], math.ceil(box[index + 2] + reach[index])) for index in (0, 1))
    near = image.crop((left, top, right, bottom))
    box = [box[0] - left, box[1] - top, min(box[2] - left, near.width), min(box[3] - top, near.height)]
    return near.resize((part[2] - part[0], part[3] - part[1]), filter_, box=(box[0], box[1], box[2], box[3]))

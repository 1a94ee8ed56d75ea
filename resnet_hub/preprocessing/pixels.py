"""File, bytes, PIL image or array -> the network's input: the one path an image takes, in training and in serving.

open_image (decode, turn upright) -> to_pixels (channels, resize, crop) -> normalize (float, mean and std)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from resnet_hub.config import IMAGE_MODES, Preprocessing
from resnet_hub.errors import ImageError, Phrase
from resnet_hub.images import (
    MAX_BYTES,
    MAX_PIXELS,
    Bands,
    ImageSource,
    Opened,
    channels_of,
    in_eight_bits,
    open_image,
)
from resnet_hub.scores import Numbers, is_tensor

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "ImageSource",
    "Opened",
    "normalize",
    "open_image",
    "pixel_array",
    "to_channels",
    "to_pixels",
]

# A resized image above this (a 1 x 50,000 strip, say) is never held whole: its crop is computed alone.
MAX_RESIZED_PIXELS = 2**25


def to_channels(image: Opened, channels: int) -> Opened:
    """The image as a network of 1 (gray, L), 3 (RGB) or 4 (RGBA) input channels sees it; RGB stays byte for byte.

    Where the network has no alpha channel, transparent pixels show white: the color stored under them is arbitrary,
    often black, and white is what viewers and the web pages that such images come from put behind them.
    A network of other channels sees `Bands` of just as many.

    Raises: ImageError for an image of other bands than the network's.
    """
    if isinstance(image, Bands) or channels not in IMAGE_MODES:
        if isinstance(image, Image.Image) or channels_of(image) != channels:
            label, found = Phrase("preprocessing.the_image"), channels_of(image)
            raise ImageError("preprocessing.other_channels", label=label, found=found, channels=channels)
        return image
    mode = IMAGE_MODES[channels]
    if image.mode == mode and "transparency" not in image.info:
        return image
    plain = in_eight_bits(image)
    if mode != "RGBA" and plain.mode in ("LA", "RGBA"):
        canvas = Image.new("L" if plain.mode == "LA" else "RGB", plain.size, "white")
        canvas.paste(plain.convert(canvas.mode), mask=plain.getchannel("A"))
        plain = canvas
    return plain if plain.mode == mode else plain.convert(mode)


def to_pixels(image: Opened, preprocessing: Preprocessing) -> Tensor:
    """As `pixel_array`, for PyTorch."""
    import torch

    return torch.from_numpy(pixel_array(image, preprocessing))


def pixel_array(image: Opened, preprocessing: Preprocessing) -> np.ndarray:
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
    rows = np.asarray(view).reshape(visible_height, visible_width, channels)
    if view.size != (width, height):
        top, left = (height - visible_height) // 2, (width - visible_width) // 2
        canvas = np.empty((height, width, channels), np.uint8)
        canvas[:] = [min(255, max(0, round(255 * mean))) for mean in preprocessing.mean]
        canvas[top : top + visible_height, left : left + visible_width] = rows
        rows = canvas
    return np.array(rows.transpose(2, 0, 1), order="C")  # (H, W, C) -> (C, H, W)


def normalize(pixels: Numbers, preprocessing: Preprocessing) -> Numbers:
    """The network's input, float32 (N, C, H, W), of uint8 pixels (N, C, H, W) or (C, H, W).

    A tensor gives a tensor on its device, an array the same numbers in an array.

    Source: ToTensor and Normalize of torchvision, with their operations in their order, so bit for bit equal.
    Raises: ImageError for pixels of another type or shape.
    """
    channels = preprocessing.input_size[0]
    kind = str(pixels.dtype)
    if kind.removeprefix("torch.") != "uint8" or pixels.ndim not in (3, 4) or pixels.shape[-3] != channels:
        raise ImageError("preprocessing.no_pixels", type=kind, shape=tuple(pixels.shape), channels=channels)
    given: Any = pixels if pixels.ndim == 4 else pixels[None]
    normalized: Any = _normalized_tensor if is_tensor(given) else _normalized_array
    images: Numbers = normalized(given, preprocessing)
    return images


def _normalized_array(pixels: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    images = pixels.astype(np.float32)
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (preprocessing.mean, preprocessing.std))
    images /= np.float32(255)
    images -= mean
    images /= std
    return images


def _normalized_tensor(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    import torch

    def column(values: tuple[float, ...]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=pixels.device).view(-1, 1, 1)

    images = pixels.to(torch.float32)
    if pixels.shape[1] > 1 and images.is_cpu and images.is_contiguous(memory_format=torch.channels_last):
        # A row of an image at a time: over three channels that lie innermost, the same takes three times as long.
        channels, width = images.shape[1], images.shape[3]
        rows = images.permute(0, 2, 3, 1).flatten(2)
        mean, std = (column(values).flatten().repeat(width) for values in (preprocessing.mean, preprocessing.std))
        rows.div_(torch.tensor(255.0)).sub_(mean).div_(std)
        return rows.unflatten(2, (width, channels)).permute(0, 3, 1, 2)
    # 255 as a tensor: by a plain number, CUDA multiplies with the rounded inverse, and the last bit differs.
    return images.div_(column((255.0,))).sub_(column(preprocessing.mean)).div_(column(preprocessing.std))


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
    image: Opened, resized: tuple[int, int], part: tuple[int, int, int, int], filter_: Image.Resampling
) -> Opened:
    """The box `part` (left, top, right, bottom) of the image resized to `resized`."""
    if resized[0] * resized[1] * (channels_of(image) if isinstance(image, Bands) else 1) <= MAX_RESIZED_PIXELS:
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

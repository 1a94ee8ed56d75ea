"""How much can an image change before the answer does? What the network sees is turned, blurred, darkened, cropped.

The pixels are changed as the network sees them, after preprocessing, so that nothing else changes: where the amount is
none, the scores are those of the answer.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from resnet_hub.checks import check_choice, check_integer, check_range
from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import ConfigError, ImageError

SEED = 0
"""Of the noise, which is the same for all amounts but for its size, so that a curve has no jitter of its own."""
JPEG_CHANNELS = {1: "L", 3: "RGB"}


@dataclass(frozen=True)
class Shake:
    """One way of changing an image, and how far it goes."""

    low: float
    high: float
    still: float | None
    """The amount that changes nothing; None where each does."""
    step: float
    """The least difference that a slider makes."""
    change: Callable[[Tensor, float, Tensor], Tensor]
    """Pixels float32 (C, H, W) from 0 to 255, an amount, and the color of nothing (C) -> changed pixels."""


@dataclass(frozen=True, eq=False)
class ShakeCurve:
    """The scores of an image over the amounts of one change."""

    kind: str
    amounts: tuple[float, ...]
    """From the lowest to the highest."""
    scores: Tensor
    """float32 (amounts, classes)."""

    def best(self, count: int) -> list[int]:
        """The classes with the highest scores anywhere on the curve, highest first."""
        order = self.scores.max(dim=0).values.sort(descending=True, stable=True)
        return order.indices[:count].tolist()

    @property
    def steady(self) -> tuple[int, float, float]:
        """The best class of the image as it is, and from which amount to which it stays the best one."""
        still, best = SHAKES[self.kind].still, self.scores.argmax(dim=1).tolist()
        place = len(best) - 1 if still is None else self.amounts.index(still)
        low = high = place
        while low > 0 and best[low - 1] == best[place]:
            low -= 1
        while high < len(best) - 1 and best[high + 1] == best[place]:
            high += 1
        return best[place], self.amounts[low], self.amounts[high]


def shaken(pixels: Tensor, kind: str, amount: float, mean: tuple[float, ...] | None = None) -> Tensor:
    """What the network would see of a changed image: uint8 (C, H, W).

    Args:
        pixels: What it sees: uint8 (C, H, W).
        kind: One of `SHAKES`.
        amount: How much, from `low` to `high` of the kind.
        mean: The color from 0 to 1 where there is no image after a turn, a number for each channel; gray where absent.

    Raises:
        ConfigError: There is no such kind, it does not go so far, or not with as many channels.
        ImageError: The pixels are not those of one image.
    """
    check_choice("kind", kind, SHAKES)
    shake = SHAKES[kind]
    check_range("amount", amount, shake.low, shake.high)
    if pixels.ndim != 3 or pixels.dtype != torch.uint8:
        raise ImageError("explain.pixels", shape=tuple(pixels.shape))
    if kind == "jpeg" and len(pixels) not in JPEG_CHANNELS:
        raise ConfigError("explain.no_jpeg", channels=len(pixels))
    if amount == shake.still:
        return pixels
    color = torch.tensor(mean if mean is not None else [0.5] * len(pixels)).clamp(0, 1) * 255
    return shake.change(pixels.float(), float(amount), color).round().clamp(0, 255).to(torch.uint8)


def shake_curve(classifier: ImageClassifier, pixels: Tensor, kind: str, points: int = 17) -> ShakeCurve:
    """The scores over all amounts of a change, at evenly spaced `points` (2 to 65), of which one is no change.

    Raises: ConfigError, ImageError, as `shaken` does.
    """
    check_choice("kind", kind, SHAKES)
    check_integer("points", points, 2, 65)
    shake = SHAKES[kind]
    amounts = shake_amounts(shake, points)
    mean = classifier.preprocessing.mean
    images = [shaken(pixels, kind, amount, mean) for amount in amounts]
    size = classifier.batch_size
    rows = [classifier.scores_of(torch.stack(images[first : first + size])) for first in range(0, len(images), size)]
    return ShakeCurve(kind, amounts, torch.cat(rows))


def shake_amounts(shake: Shake, points: int) -> tuple[float, ...]:
    """Evenly spaced amounts; the one nearest to no change is that."""
    amounts = [shake.low + (shake.high - shake.low) * index / (points - 1) for index in range(points)]
    still = shake.still
    if still is not None:
        amounts[min(range(points), key=lambda index: abs(amounts[index] - still))] = still
    return tuple(amounts)


def _turned(pixels: Tensor, degrees: float, color: Tensor) -> Tensor:
    """Counterclockwise around the center; corners that were outside have the color."""
    channels, height, width = pixels.shape
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    # In pixels, so that what is not square is not sheared.
    matrix = torch.tensor([[[cos, -sin * height / width, 0], [sin * width / height, cos, 0]]])
    grid = torch.nn.functional.affine_grid(matrix, [1, channels, height, width], align_corners=False)
    around = pixels - color[:, None, None]
    turned = torch.nn.functional.grid_sample(around[None], grid, mode="bilinear", align_corners=False)[0]
    return turned + color[:, None, None]


def _blurred(pixels: Tensor, sigma: float, _color: Tensor) -> Tensor:
    """By a Gaussian; `sigma` is in percent of the shorter side."""
    channels, height, width = pixels.shape
    sigma *= min(height, width) / 100
    reach = max(1, min(math.ceil(3 * sigma), min(height, width) - 1))
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).expand(channels, 1, -1)
    padded = torch.nn.functional.pad(pixels[None], [reach] * 4, mode="reflect")
    across = torch.nn.functional.conv2d(padded, weights[:, :, None, :], groups=channels)
    return torch.nn.functional.conv2d(across, weights[:, :, :, None], groups=channels)[0]


def _noisy(pixels: Tensor, deviation: float, _color: Tensor) -> Tensor:
    """With Gaussian noise of this standard deviation in gray levels."""
    generator = torch.Generator().manual_seed(SEED)
    return pixels + deviation * torch.randn(pixels.shape, generator=generator)


def _brightened(pixels: Tensor, percent: float, _color: Tensor) -> Tensor:
    return pixels * (percent / 100)


def _cropped(pixels: Tensor, percent: float, _color: Tensor) -> Tensor:
    """The middle, of which this part of each side is left, as large as the whole was."""
    _, height, width = pixels.shape
    tall, wide = (max(1, round(side * percent / 100)) for side in (height, width))
    top, left = (height - tall) // 2, (width - wide) // 2
    middle = pixels[None, :, top : top + tall, left : left + wide]
    return torch.nn.functional.interpolate(middle, (height, width), mode="bilinear", align_corners=False)[0]


def _compressed(pixels: Tensor, quality: float, _color: Tensor) -> Tensor:
    """Written as a JPEG of this quality, and read again."""
    mode = JPEG_CHANNELS[len(pixels)]
    array = pixels.to(torch.uint8).permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(array[:, :, 0] if mode == "L" else array).save(file, "JPEG", quality=round(quality))
    with Image.open(file) as read:
        data = torch.frombuffer(bytearray(read.convert(mode).tobytes()), dtype=torch.uint8)
    return data.view(*array.shape).permute(2, 0, 1).float()


SHAKES = {
    "rotation": Shake(-180, 180, 0, 1, _turned),
    "blur": Shake(0, 5, 0, 0.05, _blurred),
    "noise": Shake(0, 120, 0, 1, _noisy),
    "brightness": Shake(0, 300, 100, 1, _brightened),
    "crop": Shake(10, 100, 100, 1, _cropped),
    "jpeg": Shake(1, 100, None, 1, _compressed),
}
"""By name: degrees; percent of the shorter side; gray levels; percent; percent of each side; quality."""

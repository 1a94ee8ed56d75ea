"""Data augmentation: geometry of single images in the loader, arithmetic on batches on the device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError
from resnet_hub.images import Opened, image_of, visible
from resnet_hub.preprocessing import normalize, to_channels, to_pixels

from ..settings import FinetuneRecipe
from .auto_augment import NONE, make_policy, with_erasing, with_policy
from .cache import Prepared

ASPECTS = (3 / 4, 4 / 3)
"""Width : height of a random crop. Source: Szegedy et al. 2015, "Going Deeper with Convolutions", section 6."""
LOG_ASPECTS = np.log(ASPECTS).tolist()


@dataclass(frozen=True)
class TrainTransform:
    """Opened image -> uint8 (C, H, W): a random resized crop or a shift, flipped half of the time.

    Then, where the recipe says so, auto-augment and random erasing.
    """

    preprocessing: Preprocessing
    min_crop_area: float
    shift: int
    flip: bool
    auto_augment: str = NONE
    random_erasing: float = 0.0

    @classmethod
    def of(cls, recipe: FinetuneRecipe, preprocessing: Preprocessing) -> TrainTransform:
        """The transform of a recipe. Raises: ConfigError for an unknown or invalid policy."""
        if recipe.auto_augment != NONE:
            make_policy(recipe.auto_augment, (0, 0, 0))
            channels = preprocessing.input_size[0]
            if channels not in (1, 3):
                raise ConfigError("loading.policy_of_colors", policy=recipe.auto_augment, channels=channels)
        return cls(
            preprocessing, recipe.min_crop_area, recipe.shift, recipe.flip, recipe.auto_augment, recipe.random_erasing
        )

    def __call__(self, image: Opened, rng: np.random.Generator) -> Tensor:
        """Returns what the network sees of the image; the same `rng` gives the same view."""
        return self.vary(self.prepare(image), rng)

    @property
    def channels(self) -> int:
        """Channels of a prepared image."""
        return self.preprocessing.input_size[0]

    def prepare(self, image: Opened) -> Opened:
        """The part that is the same in every epoch, and can be cached: channels, and a size that crops can do with."""
        if self.shift:
            return to_image(to_pixels(image, self.preprocessing))
        image = to_channels(image, self.channels)
        size = self.prepared_size(*image.size)
        return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)

    def prepared_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after `prepare`.

        The short side of a large photograph becomes what the smallest crop needs to fill the input, at most twice the
        input's side.
        """
        _, input_height, input_width = self.preprocessing.input_size
        if self.shift:
            return input_width, input_height
        needed = round(max(input_height, input_width) * min(2.0, self.min_crop_area**-0.5))
        scale = needed / min(width, height)
        return (
            (width, height) if scale >= 1 else (max(needed, round(width * scale)), max(needed, round(height * scale)))
        )

    def signature(self) -> str:
        """A text that differs where `prepare` gives other pixels of the same size."""
        whole = f"whole, {self.channels} channels, {self.preprocessing.value_range}"
        return f"view {self.preprocessing}" if self.shift else whole

    def vary(self, prepared: Prepared, rng: np.random.Generator) -> Tensor:
        """Returns what the network sees of a prepared image; the same `rng` gives the same view."""
        rows = self._shifted(prepared, rng) if self.shift else self._cropped(prepared, rng)
        if self.flip and rng.random() < 0.5:
            rows = rows[:, ::-1]
        if self.auto_augment != NONE:
            fill = self._fill if len(self._fill) == 3 else self._fill * 3
            rows = rows_of(with_policy(visible(image_of(rows)), self.auto_augment, fill, rng))
        pixels = to_tensor(rows)
        return with_erasing(pixels, self.random_erasing, self._fill, rng) if self.random_erasing else pixels

    @property
    def _fill(self) -> tuple[int, ...]:
        """The mean color, 0 to 255 for each channel, to fill what is padded or erased."""
        return tuple(min(255, max(0, round(255 * mean))) for mean in self.preprocessing.mean)

    def _cropped(self, prepared: Prepared, rng: np.random.Generator) -> np.ndarray:
        """A random part, uint8 (H, W, C)."""
        image = image_of(prepared) if isinstance(prepared, np.ndarray) else prepared
        _, height, width = self.preprocessing.input_size
        box = random_box(image.size, width / height, self.min_crop_area, rng)
        filter_ = Image.Resampling[self.preprocessing.interpolation.upper()]
        return rows_of(image.resize((width, height), filter_, box=box))

    def _shifted(self, prepared: Prepared, rng: np.random.Generator) -> np.ndarray:
        """The evaluation view, uint8 (H, W, C), moved by up to `shift` pixels; the border repeats its last pixel."""
        rows = rows_of(prepared)
        down, right = (int(rng.integers(-self.shift, self.shift + 1)) for _ in range(2))
        return rows.take(moved(rows.shape[0], down), 0).take(moved(rows.shape[1], right), 1)


@dataclass(frozen=True)
class EvalTransform:
    """Opened image -> uint8 (C, H, W), exactly as in serving."""

    preprocessing: Preprocessing

    def __call__(self, image: Opened, rng: np.random.Generator) -> Tensor:
        """Returns what the network sees of the image; nothing is random."""
        return to_pixels(image, self.preprocessing)

    @property
    def channels(self) -> int:
        """Channels of a prepared image."""
        return self.preprocessing.input_size[0]

    def prepare(self, image: Opened) -> Opened:
        """All of it: the view, as an image that can be cached."""
        return to_image(to_pixels(image, self.preprocessing))

    def prepared_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after `prepare`."""
        return self.preprocessing.input_size[2], self.preprocessing.input_size[1]

    def signature(self) -> str:
        """A text that differs where `prepare` gives other pixels of the same size."""
        return f"view {self.preprocessing}"

    def vary(self, prepared: Prepared, rng: np.random.Generator) -> Tensor:
        """Returns the pixels of a prepared image."""
        return to_tensor(rows_of(prepared))


def rows_of(prepared: Prepared) -> np.ndarray:
    """The pixels of an image, uint8 (H, W, C); they may be those of the cache itself."""
    rows = np.asarray(prepared)
    return rows[:, :, None] if rows.ndim == 2 else rows


def to_tensor(rows: np.ndarray) -> Tensor:
    """A copy of uint8 pixels (H, W, C) as (C, H, W)."""
    return torch.from_numpy(np.array(rows.transpose(2, 0, 1), order="C"))


def to_image(pixels: Tensor) -> Opened:
    """The image of uint8 pixels (C, H, W)."""
    return image_of(pixels.permute(1, 2, 0).numpy())


@cache
def moved(length: int, shift: int) -> np.ndarray:
    """Which of so many rows comes where when they move; out-of-range rows repeat the edge."""
    return np.minimum(np.maximum(np.arange(shift, length + shift), 0), length - 1)


def random_box(
    size: tuple[int, int], aspect: float, min_area: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """A random part (left, top, right, bottom) of an image of (width, height) pixels.

    Its area is a share from `min_area` to 1 of the image's; its aspect is `aspect` times 3/4 to 4/3, evenly in the
    logarithm; where no such box fits in ten tries, the largest centered one of the right aspect.
    """
    width, height = size
    for _ in range(10):
        area = width * height * rng.uniform(min_area, 1)
        ratio = aspect * np.exp(rng.uniform(*LOG_ASPECTS))
        across, down = math.sqrt(area * ratio), math.sqrt(area / ratio)
        if across <= width and down <= height:
            left, top = rng.uniform(0, width - across), rng.uniform(0, height - down)
            return (left, top, left + across, top + down)
    across, down = min(width, height * aspect), min(height, width / aspect)
    left, top = (width - across) / 2, (height - down) / 2
    return (left, top, left + across, top + down)


def prepare_batch(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """The network's input of a uint8 batch (N, C, H, W), in the memory layout that convolutions are fast in."""
    return normalize(pixels, preprocessing).contiguous(memory_format=torch.channels_last)

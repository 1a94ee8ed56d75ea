"""Data augmentation: the loader cuts what an image's numbers say; all else is done to whole batches on the device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError
from resnet_hub.images import Opened, image_of, visible
from resnet_hub.preprocessing import normalize, to_channels, to_pixels

from ..settings import FinetuneRecipe
from .augmentation import (
    CROP,
    ERASING,
    FLIP,
    IMAGE_POLICY,
    JITTER,
    NONE,
    POLICY,
    batch_policy,
    crop_box,
    draw,
    erased_box,
    jittered,
    make_policy,
    resampled,
    resampled_together,
    shifted,
    with_policy,
)
from .batch_memory import empty, rows_of, to_image
from .cache import Prepared

DRAFT_GAP = 2
"""How many times the pixels that are needed a large JPEG is decoded at, in each direction, before it is made smaller.
On photographs as sharp as they get, that moves a value by 1.1 of 255 on average; at once to the size needed by 2.5."""


class Crops(NamedTuple):
    """Images of a training batch on their way to the device: cut, and not yet changed further. See `to_views`."""

    pixels: Tensor
    """uint8 (N, C, H, W), or crops (h, w, C) of different sizes one behind the other, (bytes,)."""
    sizes: np.ndarray | None
    """Height and width of each crop (N, 2), where they are not the network's."""
    draws: np.ndarray
    """What is random about each image, (N, numbers)."""
    transform: TrainTransform


Pixels = Tensor | Crops
"""Images of a batch: uint8 (N, C, H, W), or what becomes that on the device."""


@dataclass(frozen=True)
class TrainTransform:
    """Opened image -> `prepare` -> `cut` in the loader -> `gather` a batch -> `views` on the device.

    A random resized crop or a shift, flipped half of the time; then, where the recipe says so, auto-augment or color
    jitter, and random erasing. The order and the distributions are timm's.
    """

    preprocessing: Preprocessing
    min_crop_area: float
    shift: int
    flip: bool
    auto_augment: str = NONE
    random_erasing: float = 0.0
    color_jitter: float = 0.0
    resampled_on_device: bool = False
    """Whether crops go to the device as they are cut: a GPU resamples them at no cost, a CPU better one by one."""

    @classmethod
    def of(
        cls, recipe: FinetuneRecipe, preprocessing: Preprocessing, *, resampled_on_device: bool = False
    ) -> TrainTransform:
        """The transform of a recipe. Raises: ConfigError for an unknown or invalid policy."""
        channels = preprocessing.input_size[0]
        if recipe.auto_augment != NONE:
            make_policy(recipe.auto_augment, (0, 0, 0))
            if channels not in (1, 3):
                raise ConfigError("loading.policy_of_colors", policy=recipe.auto_augment, channels=channels)
        if recipe.color_jitter and channels not in (1, 3):
            raise ConfigError("loading.jitter_of_colors", channels=channels)
        made = cls(
            preprocessing,
            recipe.min_crop_area,
            recipe.shift,
            recipe.flip,
            recipe.auto_augment,
            recipe.random_erasing,
            recipe.color_jitter,
        )
        return replace(made, resampled_on_device=resampled_on_device and not recipe.shift and not made.by_image)

    @property
    def channels(self) -> int:
        """Channels of a prepared image."""
        return self.preprocessing.input_size[0]

    @property
    def by_image(self) -> bool:
        """Whether the policy is one that works on single images, in the loader's processes."""
        return self.auto_augment != NONE and batch_policy(self.auto_augment) is None

    @property
    def at_least(self) -> int | None:
        """Pixels of the shorter side that an image may be decoded at, if it may be at less than all of them."""
        return None if self.shift else DRAFT_GAP * self._needed

    def prepare(self, image: Opened, size: tuple[int, int] | None = None) -> Opened:
        """The part that is the same in every epoch, and can be cached: channels, and a size that crops can do with.

        Args:
            image: Opened at `at_least`.
            size: Width and height that it has whole; its own where absent.
        """
        if self.shift:
            return to_image(to_pixels(image, self.preprocessing))
        image = to_channels(image, self.channels)
        size = self.prepared_size(*(size or image.size))
        return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)

    def prepared_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after `prepare`.

        The short side of a large photograph becomes what the smallest crop needs to fill the input, at most twice the
        input's side.
        """
        _, input_height, input_width = self.preprocessing.input_size
        if self.shift:
            return input_width, input_height
        needed = self._needed
        scale = needed / min(width, height)
        return (
            (width, height) if scale >= 1 else (max(needed, round(width * scale)), max(needed, round(height * scale)))
        )

    def signature(self) -> str:
        """A text that differs where `prepare` gives other pixels of the same size."""
        whole = f"whole, draft {DRAFT_GAP}, {self.channels} channels, {self.preprocessing.value_range}"
        return f"view {self.preprocessing}" if self.shift else whole

    def draw(self, seed: int, epoch: int, index: int) -> np.ndarray:
        """What is random about an image in an epoch, as numbers from 0 to below 1."""
        policy = None if self.auto_augment == NONE else batch_policy(self.auto_augment)
        return draw(seed, epoch, index, policy.layers if policy else 0)

    def cut(self, prepared: Prepared, draws: np.ndarray) -> np.ndarray:
        """The part of a prepared image that is used, uint8 (h, w, C), without a copy where it is an array."""
        rows = rows_of(prepared)
        if self.shift:
            return rows
        _, height, width = self.preprocessing.input_size
        size = rows.shape[1], rows.shape[0]
        left, top, right, bottom = crop_box(size, width / height, self.min_crop_area, draws[CROP])
        return rows[top:bottom, left:right]

    def gather(self, parts: list[np.ndarray], draws: np.ndarray, *, shared: bool = False) -> Crops:
        """A batch of what was cut, ready to go to the device; in memory shared between processes where asked for."""
        if self.resampled_on_device:
            sizes = np.array([part.shape[:2] for part in parts], np.int64)
            flat = empty((int(sizes.prod(1).sum()) * self.channels,), shared=shared)
            ends = np.cumsum(sizes.prod(1)) * self.channels
            for part, end in zip(parts, ends.tolist(), strict=True):
                flat.numpy()[end - part.size : end].reshape(part.shape)[:] = part
            return Crops(flat, sizes, draws, self)
        channels, height, width = self.preprocessing.input_size
        pixels = empty((len(parts), height, width, channels), shared=shared).permute(0, 3, 1, 2)
        for number, part in enumerate(parts):
            pixels[number] = resampled(part, (height, width), self.preprocessing.interpolation)
        if self.by_image:
            pixels[:] = self._moved(pixels, draws)
            for number, rows in enumerate(pixels):
                image = visible(image_of(rows.permute(1, 2, 0).numpy()))
                rng = np.random.default_rng(int(draws[number, IMAGE_POLICY] * 2**53))
                changed = with_policy(image, self.auto_augment, self._fill_of_colors, rng)
                pixels[number] = torch.from_numpy(rows_of(changed).copy()).permute(2, 0, 1)
        return Crops(pixels, None, draws, self)

    def views(self, crops: Crops) -> Tensor:
        """What the network sees, uint8 (N, C, H, W) on the device of the crops."""
        pixels, sizes, draws, _ = crops
        if sizes is not None:
            side = self.preprocessing.input_size[1:]
            pixels = resampled_together(pixels, sizes, self.channels, side, self.preprocessing.interpolation)
        fill = torch.tensor(self._fill, dtype=torch.uint8, device=pixels.device)[:, None, None]
        if not self.by_image:
            pixels = self._moved(pixels, draws)
            if self.auto_augment != NONE and (policy := batch_policy(self.auto_augment)):
                pixels = policy(pixels, draws[:, POLICY:], fill)
            elif self.color_jitter:
                pixels = jittered(pixels, self.color_jitter, draws[:, JITTER], fill)
        return self._erased(pixels, draws, fill) if self.random_erasing else pixels

    @property
    def _needed(self) -> int:
        """Pixels of the shorter side that the smallest crop needs."""
        return round(max(self.preprocessing.input_size[1:]) * min(2.0, self.min_crop_area**-0.5))

    @property
    def _fill(self) -> tuple[int, ...]:
        """The mean color, 0 to 255 for each channel, to fill what is padded or erased."""
        return tuple(min(255, max(0, round(255 * mean))) for mean in self.preprocessing.mean)

    @property
    def _fill_of_colors(self) -> tuple[int, ...]:
        return self._fill if len(self._fill) == 3 else self._fill * 3

    def _moved(self, pixels: Tensor, draws: np.ndarray) -> Tensor:
        """The images shifted, the border repeating its last pixel, and flipped."""
        pixels = shifted(pixels, self.shift, draws[:, CROP]) if self.shift else pixels
        if not self.flip:
            return pixels
        mirrored = torch.from_numpy(np.flatnonzero(draws[:, FLIP] < 0.5)).to(pixels.device, non_blocking=True)
        pixels = pixels.clone()  # a batch may be looked at more than once
        pixels[mirrored] = pixels[mirrored].flip(-1)
        return pixels

    def _erased(self, pixels: Tensor, draws: np.ndarray, fill: Tensor) -> Tensor:
        """The images, some with a rectangle of the color `fill`."""
        height, width = pixels.shape[-2:]
        boxes = [erased_box((width, height), self.random_erasing, one) for one in draws[:, ERASING]]
        ends = torch.tensor([box or (0, 0, 0, 0) for box in boxes]).to(pixels.device, non_blocking=True)
        left, top, right, bottom = ends[:, :, None].unbind(1)
        x, y = (torch.arange(side, device=pixels.device) for side in (width, height))
        across, down = (x >= left) & (x < right), (y >= top) & (y < bottom)
        return torch.where((down[:, :, None] & across[:, None, :])[:, None], fill, pixels)


@dataclass(frozen=True)
class EvalTransform:
    """Opened image -> uint8 (C, H, W), exactly as in serving."""

    preprocessing: Preprocessing

    @property
    def channels(self) -> int:
        """Channels of a prepared image."""
        return self.preprocessing.input_size[0]

    at_least = None
    """An image is decoded whole, as in serving."""

    def prepare(self, image: Opened, size: tuple[int, int] | None = None) -> Opened:
        """All of it: the view, as an image that can be cached."""
        return to_image(to_pixels(image, self.preprocessing))

    def prepared_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after `prepare`."""
        return self.preprocessing.input_size[2], self.preprocessing.input_size[1]

    def signature(self) -> str:
        """A text that differs where `prepare` gives other pixels of the same size."""
        return f"view {self.preprocessing}"

    def draw(self, seed: int, epoch: int, index: int) -> np.ndarray:
        """Nothing is random."""
        return NOTHING_DRAWN

    def cut(self, prepared: Prepared, draws: np.ndarray) -> np.ndarray:
        """All of a prepared image, uint8 (H, W, C)."""
        return rows_of(prepared)

    def gather(self, parts: list[np.ndarray], draws: np.ndarray, *, shared: bool = False) -> Tensor:
        """The batch, uint8 (N, C, H, W)."""
        channels, height, width = self.preprocessing.input_size
        pixels = empty((len(parts), height, width, channels), shared=shared)
        np.stack(parts, out=pixels.numpy())
        return pixels.permute(0, 3, 1, 2)


NOTHING_DRAWN = np.empty(0)


def to_views(pixels: Pixels) -> Tensor:
    """uint8 (N, C, H, W): a training batch is changed here, on its device, as its numbers say."""
    return pixels.transform.views(pixels) if isinstance(pixels, Crops) else pixels


def prepare_batch(pixels: Pixels, preprocessing: Preprocessing) -> Tensor:
    """The network's input of a batch, in the memory layout that convolutions are fast in."""
    return normalize(to_views(pixels), preprocessing).contiguous(memory_format=torch.channels_last)

"""Progressive resizing: early epochs train on smaller images, the last ones at the size of the input."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, channels_last

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError

from ..settings import FinetuneRecipe

GROWTH = 0.75
"""Share of the epochs in which the images grow; the rest is trained at the input's size."""
SIZE_STEPS = (16, 4)
"""Pixels between two sizes: for inputs of at least 128 pixels, and for smaller ones."""


@dataclass(frozen=True)
class ProgressiveResizing:
    """(network input (N, C, H, W), epoch) -> the input at the size of the epoch."""

    sides: tuple[int, ...]
    """Height of the images in each epoch, in pixels."""

    @classmethod
    def of(cls, recipe: FinetuneRecipe, preprocessing: Preprocessing) -> ProgressiveResizing:
        """The sizes that a recipe requests, up to that of the network. Raises: ConfigError for a start beyond it."""
        return cls(epoch_sides(recipe.start_size, preprocessing.input_size[1], recipe.epochs))

    def __call__(self, inputs: Tensor, epoch: int) -> Tensor:
        """Returns the inputs at the size of an epoch, counted from 1."""
        return resized(inputs, self.sides[min(epoch, len(self.sides)) - 1])


def epoch_sides(start: int | None, end: int, epochs: int) -> tuple[int, ...]:
    """The side of the images in each epoch, in pixels: rising evenly to `end`, which the last quarter has.

    Raises:
        ConfigError: The start is larger than the end.
    """
    if start is None:
        return (end,) * epochs
    if start > end:
        raise ConfigError("loading.start_above_end", start=start, end=end)
    step = SIZE_STEPS[end < 128]
    growing = max(1, round(GROWTH * epochs)) if epochs > 1 else 0
    rising = (start + step * round((end - start) * epoch / growing / step) for epoch in range(growing))
    return tuple(min(end, side) for side in rising) + (end,) * (epochs - growing)


def resized(inputs: Tensor, side: int) -> Tensor:
    """The batch with this height and the same aspect; with antialiasing. Larger stays."""
    height, width = inputs.shape[-2:]
    if side >= height:
        return inputs
    size = (side, max(1, round(width * side / height)))
    small = F.interpolate(inputs, size, mode="bilinear", align_corners=False, antialias=True)
    return small.contiguous(memory_format=channels_last)

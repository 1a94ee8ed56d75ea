"""What the stages of a network see: their feature maps of highest variance, on one sheet for each stage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from resnet_hub.checks import check_integer
from resnet_hub.classifier import ImageClassifier
from resnet_hub.explain.saliency import Target, colored

COLUMNS = 4
TILE = 96
"""Side in pixels of the square that holds one map."""
GAP = 4
"""Pixels between two squares."""


@dataclass(frozen=True, eq=False)
class StageMaps:
    """Some feature maps of one stage."""

    name: str
    """"stem", or what the stage is called in the weights: "layer1"."""
    channels: int
    """Feature maps that the stage has in all."""
    height: int
    """Rows of each map."""
    width: int
    """Columns of each map."""
    shown: tuple[int, ...]
    """The channels on the sheet, row by row."""
    sheet: Image.Image
    """RGBA, of one size for all stages; each map goes from its own darkest to its own brightest."""


def feature_maps(classifier: ImageClassifier, pixels: Tensor, per_stage: int = 8) -> list[StageMaps]:
    """The feature maps of the stem and of each stage with the highest spatial variance, in descending order.

    Args:
        classifier: Whose network looks.
        pixels: What it saw: uint8 (C, H, W).
        per_stage: Maps for each stage at most, 1 to 64.

    Raises:
        ConfigError: `per_stage` is out of range.
        ImageError: The pixels are not those of one image of the right channels.
    """
    check_integer("per_stage", per_stage, 1, 64)
    target = Target(classifier, pixels, 0)
    model = target.model
    with torch.inference_mode():
        levels = cast(list[Tensor], model.forward_intermediates(target.images(), intermediates_only=True))
    names = ["stem", *(level["module"] for level in model.feature_info[1:])]
    return [_stage_maps(name, level[0].float().cpu(), per_stage) for name, level in zip(names, levels, strict=True)]


def _stage_maps(name: str, maps: Tensor, count: int) -> StageMaps:
    """The maps (C, h, w) of highest variance on a sheet."""
    channels, height, width = maps.shape
    # Without the border, where zero padding raises the variance of some maps whatever the image is.
    inner = maps[:, 1:-1, 1:-1] if min(height, width) >= 8 else maps
    deviations = inner.flatten(1).std(dim=1, correction=0)
    shown = deviations.sort(descending=True, stable=True).indices[:count].tolist()
    rows = math.ceil(count / COLUMNS)
    step = TILE + GAP
    sheet = Image.new("RGBA", (COLUMNS * step - GAP, rows * step - GAP))  # transparent where nothing is shown
    for position, channel in enumerate(shown):
        tile = _tile(maps[channel].numpy())
        row, column = divmod(position, COLUMNS)
        left, top = column * step + (TILE - tile.width) // 2, row * step + (TILE - tile.height) // 2
        sheet.paste(tile, (left, top))
    return StageMaps(name, channels, height, width, tuple(shown), sheet)


def _tile(values: np.ndarray) -> Image.Image:
    """One map in colors, its longer side `TILE` pixels; enlarged, each of its values stays a square."""
    low, high = values.min(), values.max()
    levels = (values - low) / (high - low) if high > low else np.zeros_like(values)
    scale = TILE / max(values.shape)
    size = max(1, round(scale * values.shape[1])), max(1, round(scale * values.shape[0]))
    filter_ = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    return Image.fromarray(colored(np.asarray(Image.fromarray(levels).resize(size, filter_))))

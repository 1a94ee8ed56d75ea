"""The image as each stage sees it: one small picture for each, in which places that look alike have one color."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from resnet_hub.explain.blocks.switchboard import Switchboard, Wired

MOST = 56
"""Places along each side of a view at most; larger maps are averaged down to that."""
SPREAD = 2.5
"""Standard deviations from the middle of a color's range to its ends."""


@dataclass(frozen=True, eq=False)
class StageView:
    """The image as one stage sees it."""

    stage: int
    """Counted from 1; 0 is the stem."""
    channels: int
    """Channels of its feature map, of which the three colors are the strongest directions."""
    height: int
    """Rows of its feature map."""
    width: int
    """Columns of it."""
    image: Image.Image
    """RGB, one pixel for each place, `MOST` along each side at most."""


@dataclass(frozen=True, eq=False)
class _Colors:
    """How the features of a level become colors."""

    mean: Tensor
    """(C)"""
    directions: Tensor
    """(C, 3), of length 1."""
    spread: Tensor
    """(3), one standard deviation along each direction."""


class StageViews:
    """Views of one image by a network, whose colors mean the same however its blocks are wired.

    The colors are the three directions in which the features of the intact network vary most from place to place
    (principal components); a network that is wired otherwise is shown in the same colors, so that what changes is seen.
    """

    def __init__(self, board: Switchboard) -> None:
        """Finds the colors of each level of the intact network."""
        self._colors = [_colors(_small(level)) for level in board.intact.levels]

    def of(self, wired: Wired) -> tuple[StageView, ...]:
        """The view of the stem and of each stage."""
        return tuple(_view(*row) for row in zip(range(len(self._colors)), wired.levels, self._colors, strict=True))


def _small(level: Tensor) -> Tensor:
    """The map (C, H, W), its sides at most `MOST`."""
    height, width = (min(side, MOST) for side in level.shape[1:])
    return torch.nn.functional.adaptive_avg_pool2d(level, (height, width))


def _colors(level: Tensor) -> _Colors:
    features = level.flatten(1).T.double()
    mean = features.mean(0)
    centered = features - mean
    # The smaller of the two Gram matrices has the same directions, and is quick to take apart.
    if centered.shape[0] < centered.shape[1]:
        vectors = centered.T @ torch.linalg.eigh(centered @ centered.T).eigenvectors
    else:
        vectors = torch.linalg.eigh(centered.T @ centered).eigenvectors
    directions = torch.nn.functional.pad(vectors.flip(1)[:, :3], (0, max(0, 3 - vectors.shape[1])))
    directions = torch.nn.functional.normalize(directions, dim=0)
    # A direction and its opposite are the same one; the sign by which its largest part is positive is everyone's.
    largest = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    directions = directions * torch.where(largest < 0, -1.0, 1.0)
    return _Colors(mean, directions, (centered @ directions).std(0, correction=0))


def _view(stage: int, level: Tensor, colors: _Colors) -> StageView:
    channels, height, width = level.shape
    small = _small(level)
    along = (small.flatten(1).T.double() - colors.mean) @ colors.directions
    # Where nothing varies there is nothing to see, and rounding must not be blown up.
    floor = 1e-6 * max(1e-12, float(colors.spread[0]))
    levels = 0.5 + along / (2 * SPREAD * colors.spread.clamp(min=floor))
    pixels = levels.clamp(0, 1).mul(255).round().to(torch.uint8).reshape(*small.shape[1:], 3)
    return StageView(stage, channels, height, width, Image.fromarray(np.asarray(pixels)))

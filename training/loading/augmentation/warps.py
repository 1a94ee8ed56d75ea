"""Shear, translation and rotation of a batch of images, each by an amount of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Matrix = list[list[float]]
"""Where a pixel of the new image comes from: x = a X + b Y + c, y = d X + e Y + f, in pixels from the upper left."""


def _rotated(degrees: float, width: int, height: int) -> Matrix:
    """Counterclockwise around the middle."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    x, y = width / 2, height / 2
    return [[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y]]


WARPS: dict[str, Callable[[float, int, int], Matrix]] = {
    "shear_x": lambda factor, width, height: [[1, factor, 0], [0, 1, 0]],
    "shear_y": lambda factor, width, height: [[1, 0, 0], [factor, 1, 0]],
    "translate_x": lambda pixels, width, height: [[1, 0, pixels], [0, 1, 0]],
    "translate_y": lambda pixels, width, height: [[1, 0, 0], [0, 1, pixels]],
    "translate_x_rel": lambda share, width, height: [[1, 0, share * width], [0, 1, 0]],
    "translate_y_rel": lambda share, width, height: [[1, 0, 0], [0, 1, share * height]],
    "rotate": _rotated,
}
"""(Strength, width, height of the image) -> matrix, by name."""


def warped(images: Tensor, names: np.ndarray, strengths: np.ndarray, fill: Tensor, method: str) -> Tensor:
    """Each image after its warp; what comes from outside has the color `fill`.

    Args:
        images: uint8 (N, C, H, W).
        names: Of `WARPS`, (N,).
        strengths: Factors, pixels, shares of the side or degrees, (N,).
        fill: uint8 (C, 1, 1).
        method: nearest, bilinear, or bicubic, which is PyTorch's here: a little sharper than Pillow's.
    """
    height, width = images.shape[-2:]
    drawn = zip(names.tolist(), strengths.tolist(), strict=True)
    matrices = np.array([WARPS[name](strength, width, height) for name, strength in drawn], np.float32)
    matrix = torch.from_numpy(matrices).to(images.device, non_blocking=True)
    y, x = torch.meshgrid(
        *(torch.arange(side, device=images.device, dtype=torch.float32) + 0.5 for side in (height, width)),
        indexing="ij",
    )
    places = torch.stack((x, y, torch.ones_like(x)), -1).view(1, -1, 3) @ matrix.transpose(1, 2)
    sides = places.new_tensor((width, height))
    inside = ((places >= 0) & (places < sides)).all(-1).view(-1, 1, height, width)
    grid = (2 * places / sides - 1).view(-1, height, width, 2)
    pixels = F.grid_sample(images.float(), grid, mode=method, padding_mode="border", align_corners=False)
    return torch.where(inside, pixels.round_().clamp_(0, 255).to(torch.uint8), fill)

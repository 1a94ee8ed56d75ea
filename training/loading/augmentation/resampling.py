"""Crops of different sizes -> one batch of the network's size: one by one on a CPU, together on any other device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

TOGETHER = 32
"""Images that are resampled at a time: what they take of the device's memory is bounded."""
NATIVE = ("bilinear", "bicubic")
"""Filters that PyTorch has with antialiasing, for 8 bits several times as fast as Pillow's."""


def resampled(part: np.ndarray, size: tuple[int, int], filter_: str) -> Tensor:
    """A crop uint8 (h, w, C) as uint8 (C, H, W), with antialiasing, as Pillow does it but for rounding."""
    if part.shape[:2] == size:
        return torch.from_numpy(np.array(part)).permute(2, 0, 1)
    if filter_ in NATIVE:
        images = torch.from_numpy(np.array(part))[None].permute(0, 3, 1, 2)
        return F.interpolate(images, size, mode=filter_, antialias=True)[0]
    method = Image.Resampling[filter_.upper()]
    bands = [Image.fromarray(np.ascontiguousarray(part[..., band])) for band in range(part.shape[2])]
    rows = [np.asarray(band.resize((size[1], size[0]), method)) for band in bands]
    return torch.from_numpy(np.stack(rows))


def resampled_together(pixels: Tensor, sizes: np.ndarray, channels: int, size: tuple[int, int], filter_: str) -> Tensor:
    """Crops that lie one behind the other -> uint8 (N, C, H, W) on their device, by two matrix products.

    Args:
        pixels: The crops (h, w, C), uint8, one behind the other: (bytes,).
        sizes: Height and width of each, (N, 2).
        channels: Of each.
        size: Height and width to resample to.
        filter_: nearest, bilinear, bicubic or lanczos.
    """
    areas = sizes[:, 0].astype(np.int64) * sizes[:, 1]
    starts = np.concatenate([[0], np.cumsum(areas)])
    places = pixels.view(-1, channels)
    out = torch.empty(len(sizes), channels, *size, dtype=torch.uint8, device=pixels.device)
    for first in range(0, len(sizes), TOGETHER):
        chosen = slice(first, first + TOGETHER)
        out[chosen] = _resampled(places, starts[:-1][chosen], sizes[chosen], size, filter_)
    return out


def _resampled(places: Tensor, starts: np.ndarray, sizes: np.ndarray, size: tuple[int, int], filter_: str) -> Tensor:
    device = places.device
    heights, widths = (torch.from_numpy(np.ascontiguousarray(column)).to(device) for column in sizes.T)
    start = torch.from_numpy(starts).to(device)
    tall, wide = (int(longest) for longest in sizes.max(0))
    rows = torch.arange(tall, device=device).minimum(heights[:, None] - 1)
    columns = torch.arange(wide, device=device).minimum(widths[:, None] - 1)
    where = start[:, None, None] + rows[:, :, None] * widths[:, None, None] + columns[:, None, :]
    images = places[where.flatten()].view(*where.shape, -1).permute(0, 3, 1, 2).float()
    # First along the rows, and in 8 bits between the two, as Pillow has it.
    across = weights(widths, wide, size[1], filter_)[:, None].transpose(2, 3)
    narrow = (images @ across).round_().clamp_(0, 255)
    return (weights(heights, tall, size[0], filter_)[:, None] @ narrow).round_().clamp_(0, 255).to(torch.uint8)


def weights(lengths: Tensor, longest: int, target: int, filter_: str) -> Tensor:
    """What each pixel of a side gives to each of the new one, float32 (N, target, longest); rows add up to 1.

    Args:
        lengths: Pixels of the side of each image, (N,).
        longest: Of them.
        target: Pixels of the new side.
        filter_: As in `resampled_together`.
    """
    scale = (lengths.float() / target)[:, None, None]
    centers = (torch.arange(target, device=lengths.device) + 0.5)[None, :, None] * scale
    pixels = torch.arange(longest, device=lengths.device)[None, None, :]
    if filter_ == "nearest":
        middles = (2 * torch.arange(target, device=lengths.device) + 1) * lengths[:, None] // (2 * target)
        return (pixels == middles[:, :, None]).float()
    reach, weight = FILTERS[filter_]
    wide = scale.clamp(min=1)
    # Pillow's window is cut to whole pixels: those whose middle lies within the support of the filter.
    low, high = (centers - reach * wide + 0.5).floor().clamp(min=0), (centers + reach * wide + 0.5).floor()
    inside = (pixels >= low) & (pixels < torch.minimum(high, lengths[:, None, None]))
    found = torch.where(inside, weight((pixels + 0.5 - centers) / wide), 0.0)
    return found / found.sum(-1, keepdim=True)


def _triangle(distance: Tensor) -> Tensor:
    return (1 - distance.abs()).clamp(min=0)


def _cubic(distance: Tensor) -> Tensor:
    """Source: Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing", with a = -1/2 as in Pillow."""
    x = distance.abs()
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


def _lanczos(distance: Tensor) -> Tensor:
    return torch.where(distance.abs() < 3, torch.sinc(distance) * torch.sinc(distance / 3), 0.0)


FILTERS: dict[str, tuple[float, Callable[[Tensor], Tensor]]] = {
    "bilinear": (1.0, _triangle),
    "bicubic": (2.0, _cubic),
    "lanczos": (3.0, _lanczos),
}
"""Filter -> how far it reaches, in pixels of the smaller side, and its weight at a distance."""

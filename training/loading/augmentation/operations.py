"""Operations of Pillow on batches of images, each with a strength of its own, grouped by what is done."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .warps import WARPS, warped

Operation = Callable[[Tensor, Tensor], Tensor]
"""(uint8 (N, C, H, W), strengths float32 (N, 1, 1, 1)) -> uint8 (N, C, H, W)."""
NOTHING = "identity"


def applied(
    images: Tensor, names: np.ndarray, strengths: np.ndarray, fill: Tensor, resampling: np.ndarray | None = None
) -> Tensor:
    """The images, each after the operation that is named for it.

    Args:
        images: uint8 (N, C, H, W) of 1 or 3 channels; left as they are.
        names: Of `OPERATIONS` or `WARPS`, or "identity", (N,).
        strengths: What each means by itself: a factor, a threshold, degrees, pixels, (N,).
        fill: The color, uint8 (C, 1, 1), of what a warp leaves.
        resampling: Of the warps: "nearest", "bilinear" or "bicubic" for each image; nearest where absent.
    """
    images = images.clone()
    for name in sorted(set(names.tolist()) & set(OPERATIONS)):
        rows, strength = chosen(names == name, strengths, images.device)
        images[rows] = OPERATIONS[name](images[rows], strength)
    moved = np.isin(names, list(WARPS))
    methods = np.full(len(names), "nearest") if resampling is None else resampling
    for method in sorted(set(methods[moved].tolist())):
        mine = moved & (methods == method)
        rows, _ = chosen(mine, strengths, images.device)
        images[rows] = warped(images[rows], names[mine], strengths[mine], fill, method)
    return images


def chosen(mask: np.ndarray, strengths: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where the mask is true (n,), and the strengths there (n, 1, 1, 1), on the device."""
    rows = np.flatnonzero(mask)
    strength = torch.from_numpy(strengths[rows].astype(np.float32)).view(-1, 1, 1, 1)
    return torch.from_numpy(rows).to(device, non_blocking=True), strength.to(device, non_blocking=True)


def blended(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """From the first to the second, and beyond, cut to whole numbers as Pillow's `blend` cuts them."""
    return (first + (second - first) * share).clamp_(0, 255).to(torch.uint8)


def luminance(images: Tensor) -> Tensor:
    """The gray level (N, 1, H, W), whole numbers in float32, as Pillow's "L"."""
    if images.shape[1] == 1:
        return images.float()
    red, green, blue = images.int().unbind(1)
    return ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)[:, None].float()


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Times a factor."""
    return blended(torch.zeros((), device=images.device), images.float(), factor)


def color(images: Tensor, factor: Tensor) -> Tensor:
    """Away from its gray by a factor, 0 being gray."""
    return blended(luminance(images), images.float(), factor)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Away from the mean gray level of the image."""
    mean = (luminance(images).mean((1, 2, 3), keepdim=True) + 0.5).floor()
    return blended(mean, images.float(), factor)


def sharpness(images: Tensor, factor: Tensor) -> Tensor:
    """Away from the smoothed image, 0 being smooth; the border stays."""
    pixels = images.float()
    if min(images.shape[-2:]) < 3:
        return images
    kernel = torch.ones(3, 3, device=images.device)
    kernel[1, 1] = 5
    channels = images.shape[1]
    inner = F.conv2d(pixels, (kernel / 13).expand(channels, 1, 3, 3), groups=channels)
    smooth = pixels.clone()
    smooth[:, :, 1:-1, 1:-1] = (inner + 0.5).floor_()
    return blended(smooth, pixels, factor)


def posterize(images: Tensor, bits: Tensor) -> Tensor:
    """The first bits of each value alone; from 8 on the image as it is."""
    step = torch.exp2(8 - bits.clamp(0, 8)).int()
    return (images.int() // step * step).to(torch.uint8)


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Inverted from a threshold on."""
    return torch.where(images < threshold, images, 255 - images)


def solarize_add(images: Tensor, added: Tensor) -> Tensor:
    """Brighter by a number, where darker than the middle."""
    return torch.where(images < 128, (images.int() + added.int()).clamp(max=255), images.int()).to(torch.uint8)


def autocontrast(images: Tensor, _: Tensor) -> Tensor:
    """Each channel from its darkest value at 0 to its brightest at 255."""
    pixels = images.double()  # Pillow's table is of double precision, and cut down to whole numbers
    low, high = pixels.amin((2, 3), keepdim=True), pixels.amax((2, 3), keepdim=True)
    scale = 255 / (high - low).clamp(min=1)
    stretched = (pixels * scale - low * scale).clamp_(0, 255).to(torch.uint8)
    return torch.where(high > low, stretched, images)


def equalize(images: Tensor, _: Tensor) -> Tensor:
    """Each channel with a histogram as even as it gets."""
    count, channels = images.shape[:2]
    values = images.reshape(count * channels, -1).long()
    histogram = torch.zeros(len(values), 256, dtype=torch.long, device=images.device)
    histogram.scatter_add_(1, values, torch.ones_like(values))
    last = histogram.gather(1, values.amax(1, keepdim=True))
    step = (values.shape[1] - last) // 255
    before = histogram.cumsum(1) - histogram
    table = ((step // 2 + before) // step.clamp(min=1)).clamp_(max=255)
    table = torch.where(step > 0, table, torch.arange(256, device=images.device))
    return table.gather(1, values).to(torch.uint8).view_as(images)


def invert(images: Tensor, _: Tensor) -> Tensor:
    """The negative."""
    return 255 - images


OPERATIONS: dict[str, Operation] = {
    operation.__name__: operation
    for operation in (
        brightness,
        color,
        contrast,
        sharpness,
        posterize,
        solarize,
        solarize_add,
        autocontrast,
        equalize,
        invert,
    )
}
"""Those that leave each pixel where it is, by name."""

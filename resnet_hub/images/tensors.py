"""Tensors of PyTorch in memory -> the values of an image; this room loads no torch to know one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resnet_hub.config import IMAGE_MODES
from resnet_hub.errors import ImageError, Phrase

from .values import Raster

if TYPE_CHECKING:
    from torch import Tensor

HALF_A_STEP = 1 / 510
"""How far a float may lie beyond 0..1: half a gray level of 8 bits, which rounding loses; a resize overshoots so."""


def raster_of(tensor: Tensor, label: str | Phrase, channels: int | None, *, ranged: bool) -> Raster:
    """The values of a tensor (C, H, W), or (H, W) in gray: uint8 0-255, or floats 0-1.

    Args:
        tensor: On any device; it is copied off that, and its gradient is left behind.
        label: What errors call it.
        channels: Of the network; where absent, an image has 1, 3 or 4.
        ranged: Whether the network records the range of its images' values, so that any numbers are taken by it.

    Raises:
        ImageError: It has another shape or type, or floats that are not from 0 to 1.
    """
    shape = tuple(tensor.shape)
    known = {*IMAGE_MODES, *(() if channels is None else (channels,))}
    if len(shape) not in (2, 3) or not tensor.numel() or (len(shape) == 3 and shape[0] not in known):
        counts = ", ".join(map(str, sorted(known)))
        raise ImageError("preprocessing.tensor_shape", label=label, shape=shape, channels=counts)
    plain = tensor.detach().cpu()
    floats = plain.is_floating_point()
    values = (plain.float() if floats else plain).numpy()
    if not ranged:
        if not floats and values.dtype not in (np.uint8, np.bool_):
            raise ImageError("preprocessing.tensor_type", label=label, type=str(tensor.dtype))
        if floats:
            values = _within_one(values, label)
    return Raster(values[:, :, None] if len(shape) == 2 else values.transpose(1, 2, 0))


def _within_one(values: np.ndarray, label: str | Phrase) -> np.ndarray:
    """The values, rounding aside from 0 to 1. Raises: ImageError for others, and for NaN."""
    low, high = float(values.min()), float(values.max())
    if not -HALF_A_STEP <= low <= high <= 1 + HALF_A_STEP:  # NaN is no number to compare, so it fails as well
        raise ImageError("preprocessing.tensor_range", label=label, low=f"{low:g}", high=f"{high:g}")
    return values.clip(0, 1)

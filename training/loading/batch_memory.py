"""Where the pixels of a batch lie, and how images become arrays and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from resnet_hub.images import Opened, image_of

from .cache import Prepared


def empty(shape: tuple[int, ...], *, shared: bool) -> Tensor:
    """uint8 of that shape, to be filled; in memory shared between processes, so that handing it over copies nothing."""
    if not shared:
        return torch.empty(shape, dtype=torch.uint8)
    storage = torch.UntypedStorage._new_shared(int(np.prod(shape)), device="cpu")
    return torch.empty(0, dtype=torch.uint8).set_(storage).view(shape)


def rows_of(prepared: Prepared) -> np.ndarray:
    """The pixels of an image, uint8 (H, W, C); they may be those of the cache itself."""
    rows = np.asarray(prepared)
    return rows[:, :, None] if rows.ndim == 2 else rows


def to_image(pixels: Tensor) -> Opened:
    """The image of uint8 pixels (C, H, W)."""
    return image_of(pixels.permute(1, 2, 0).numpy())

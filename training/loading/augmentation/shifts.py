"""Random shifts of a batch of images by a few pixels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def shifted(pixels: Tensor, most: int, numbers: np.ndarray) -> Tensor:
    """Each image moved by up to `most` pixels, as its first two numbers say; out-of-range rows repeat the edge."""
    moves = torch.from_numpy((numbers[:, :2] * (2 * most + 1)).astype(np.int64) - most)
    down, right = moves.to(pixels.device, non_blocking=True).T
    height, width = pixels.shape[-2:]
    rows = (torch.arange(height, device=pixels.device) + down[:, None]).clamp_(0, height - 1)
    columns = (torch.arange(width, device=pixels.device) + right[:, None]).clamp_(0, width - 1)
    image = torch.arange(len(pixels), device=pixels.device)
    spread = pixels.permute(0, 2, 3, 1)[image[:, None, None], rows[:, :, None], columns[:, None, :]]
    return spread.permute(0, 3, 1, 2)

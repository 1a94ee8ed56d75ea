"""Normalization layers for feature maps (N, C, H, W) that PyTorch lacks; layers.py picks one by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LayerNorm2d(nn.LayerNorm):
    """Each pixel's channels to mean 0 and variance 1: (N, C, H, W) -> the same shape.

    Source: Ba et al. 2016, "Layer Normalization"; epsilon as in timm's layernorm2d.
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__(channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the normalized `x`."""
        last = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return last.permute(0, 3, 1, 2)


class RMSNorm2d(nn.Module):
    """Each pixel's channels to a mean square of 1: (N, C, H, W) -> the same shape.

    Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization"; epsilon as in timm's rmsnorm2d.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the normalized `x`."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6) * self.weight.reshape(1, -1, 1, 1)


class FrozenBatchNorm2d(nn.Module):
    """Frozen BatchNorm2d: scale, shift and running statistics are loaded from a checkpoint and never updated.

    For fine-tuning with batches too small for statistics. Its tensors are BatchNorm2d's but `num_batches_tracked`.
    """

    if TYPE_CHECKING:  # TorchScript reads the annotations that stay
        weight: Tensor
        bias: Tensor
        running_mean: Tensor
        running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name, start in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((channels,), start))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the normalized `x`."""
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=1e-5)

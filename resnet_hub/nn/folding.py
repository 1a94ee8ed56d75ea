"""Folds and fuses layers: a convolution takes in its norm, its activation and its residual sum.

The fused convolutions are oneDNN's, the ones that torch.compile would choose; called directly they need no compiler
on the machine and no minutes of compilation at the first image.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TypeGuard, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from resnet_hub.errors import CheckpointError
from resnet_hub.nn.layers import BatchNormAct, DropBlock, DropPath, StandardizedConv2d

logger = logging.getLogger(__name__)
ACTIVE = "relu"
"""What oneDNN calls the activation that it can fuse."""
CONVOLUTIONS = (nn.Conv2d, StandardizedConv2d)
"""The convolutions that can be fused; others, of subclasses that compute something else, run as they are."""
NORMS = (nn.BatchNorm2d, BatchNormAct)
"""The norms that go into a convolution; the second one's activation is a layer of its own by then."""
TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
"""The dtypes that a network can be fused in, and the tolerance of each, relative to the largest value."""


class FusedConvolution(nn.Module):
    """act(norm(conv(x))) in one operation, or act(norm(conv(x)) + shortcut)."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d | None, active: bool, dtype: torch.dtype) -> None:
        super().__init__()
        # Folded in float32, whatever the network's own dtype, so that only the product is rounded.
        weight, bias = _folded(conv, norm)
        _check_finite([weight] if bias is None else [weight, bias])
        self.places = ([*conv.padding], [*conv.stride], [*conv.dilation], conv.groups)
        self.active = active
        self.bias = None if bias is None else bias.to(dtype)
        self.weight = weight.to(dtype).contiguous(memory_format=torch.channels_last)
        self.is_packed = False

    def forward(self, x: Tensor) -> Tensor:
        """Returns act(norm(conv(x)))."""
        act = ACTIVE if self.active else "none"
        return torch.ops.mkldnn._convolution_pointwise(x, self._packed(x), self.bias, *self.places, act, [], "")

    def add_to(self, shortcut: Tensor, x: Tensor) -> Tensor:
        """Returns act(norm(conv(x)) + shortcut), in the memory of `shortcut`."""
        act = ACTIVE if self.active else None
        return torch.ops.mkldnn._convolution_pointwise_.binary(
            shortcut, x, self._packed(x), self.bias, *self.places, "add", 1.0, act, [], ""
        )

    def _packed(self, x: Tensor) -> Tensor:
        """The weight, laid out by the first call as suits the CPU best for maps of that size; it serves any size."""
        if not self.is_packed:
            self.weight = torch.ops.mkldnn._reorder_convolution_weight(self.weight, *self.places, [*x.shape])
            self.is_packed = True
        return self.weight


@cache
def computes(dtype: torch.dtype) -> bool:
    """Whether this PyTorch has the fused operations and this CPU runs them in a dtype; tried once, on a small one."""
    if dtype not in TOLERANCES:
        return False
    try:
        fault = None if _error(dtype) <= TOLERANCES[dtype] else "they give other numbers"
    except (AttributeError, RuntimeError) as error:  # PyTorch lacks the operations, or the CPU the instructions
        fault = str(error)
    if fault:
        logger.info("networks run as they are: no fused convolutions in %s here, for %s", dtype, fault)
    return fault is None


def _error(dtype: torch.dtype) -> float:
    """The error of the fused operations in a dtype, relative to the largest value."""
    weight = torch.linspace(-1, 1, 16 * 16 * 9).reshape(16, 16, 3, 3)
    x = torch.linspace(-1, 1, 16 * 8 * 8).reshape(1, 16, 8, 8).contiguous(memory_format=torch.channels_last)
    conv = nn.Conv2d(16, 16, 3, padding=1, bias=False, device="meta")  # which uses no random numbers
    conv.weight = nn.Parameter(weight)
    fused = FusedConvolution(conv, None, True, dtype)
    with torch.inference_mode():
        found = fused.add_to(x.to(dtype, copy=True), fused(x.to(dtype))).float()
        expected = F.relu(F.conv2d(F.relu(F.conv2d(x, weight, padding=1)), weight, padding=1) + x)
        return float((found - expected).abs().max() / expected.abs().max())


def leaves(part: nn.Module) -> list[nn.Module]:
    """The layers of a chain of chains; one that does nothing in evaluation mode has none."""
    if type(part) is nn.Sequential:
        return [leaf for child in part for leaf in leaves(child)]
    if type(part) is BatchNormAct:
        norm = copy.deepcopy(part)
        norm.act = nn.Identity()
        return [norm, *leaves(part.act)]
    return [] if isinstance(part, nn.Identity | DropBlock | DropPath) else [part]


def chain(layers: Iterable[nn.Module], dtype: torch.dtype) -> Iterator[nn.Module]:
    """The layers in evaluation mode, a convolution with the norm and activation behind it as one; others are copied.

    Raises:
        CheckpointError: A weight is not finite.
    """
    left = [leaf for layer in layers for leaf in leaves(layer)]
    while left:
        layer = left.pop(0)
        if not _can_fold(layer):
            _check_finite(layer.state_dict().values())
            yield copy.deepcopy(layer).to(dtype).requires_grad_(False).eval()
            continue
        norm = cast(nn.BatchNorm2d, left.pop(0)) if left and type(left[0]) in NORMS else None
        active = bool(left) and type(left[0]) is nn.ReLU
        left = left[1:] if active else left
        yield FusedConvolution(layer, norm, active, dtype)


@torch.no_grad()
def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d | None) -> tuple[Tensor, Tensor | None]:
    """Weight and bias, float32, of a convolution and the norm behind it as one convolution; in memory of their own."""
    weight = conv.weight
    if isinstance(conv, StandardizedConv2d):
        weight = copy.deepcopy(conv).float().standardized()
    if norm is None:
        return weight.detach().float().clone(), None if conv.bias is None else conv.bias.detach().float().clone()
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None  # a norm without statistics is never fused
    assert variance is not None
    scale, shift = (None if tensor is None else tensor.float() for tensor in (norm.weight, norm.bias))
    bias = None if conv.bias is None else conv.bias.float()
    folded = fuse_conv_bn_weights(weight.float(), bias, mean.float(), variance.float(), norm.eps, scale, shift)
    return folded[0].detach(), folded[1].detach()


def _check_finite(tensors: Iterable[Tensor]) -> None:
    """Raises: CheckpointError. The fused relu turns NaN into 0, so that no output would show it."""
    for tensor in tensors:
        # A finite sum has finite terms, and is taken several times as fast; one that is not may have overflowed.
        if not tensor.sum().isfinite() and not tensor.isfinite().all():
            raise CheckpointError("nn.weights_not_finite")


def _can_fold(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Whether the fused operation can replace this layer: a convolution with zero padding of a fixed size."""
    if type(layer) not in CONVOLUTIONS:
        return False
    return isinstance(layer.padding, tuple) and layer.padding_mode == "zeros"

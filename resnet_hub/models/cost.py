"""What one image costs a network: multiply-accumulates and activations, counted on the meta device without computing.

The conventions are those of fvcore and so of timm's published tables: convolutions and matrix products count in full, a
batch norm costs 2 and a group or layer norm 5 operations for each element, everything else nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from resnet_hub.config import ResNetConfig
from resnet_hub.models.pretrained import PretrainedNetwork

aten = torch.ops.aten
# Paths that stand beside the main one: a projection shortcut and channel attention add no depth.
BESIDE = frozenset({"downsample", "se"})


@dataclass(frozen=True)
class Complexity:
    """The size of a network and the cost of one image."""

    parameters: int
    """Trainable parameters."""
    macs: int
    """Multiply-accumulates for one image."""
    activations: int
    """Outputs of all convolutions and linear layers for one image."""
    layers: int
    """Convolutions and linear layers on the longest path, without shortcuts and attention: 50 in ResNet-50."""


def complexity(model: nn.Module, input_size: Sequence[int]) -> Complexity:
    """The size of `model` and the cost of one image (C, H, W) in evaluation; the model is left as it was.

    A model on the meta device computes nothing; any other one runs a forward pass.
    """
    training = {module: module.training for module in model.modules()}
    counter = _Counter()
    try:
        with torch.no_grad(), counter:
            model.eval()(torch.zeros(1, *input_size, device=next(model.parameters()).device))
    finally:
        for module, mode in training.items():
            module.training = mode
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Complexity(parameters, counter.macs, counter.activations, count_layers(model))


def feature_map_bytes(model: PretrainedNetwork) -> int:
    """About how many bytes of feature maps one image takes at a time, in float32, at the size of its preprocessing.

    In the largest block that is its input, its shortcut, and what its layers take and give.
    """
    _, height, width = model.preprocessing.input_size
    sides = ((level["num_chs"], level["reduction"]) for level in model.feature_info)
    return max(4 * 4 * channels * -(-height // step) * -(-width // step) for channels, step in sides)


def meta_network(config: ResNetConfig) -> PretrainedNetwork:
    """The described network on the meta device: shapes only, no storage."""
    with torch.device("meta"):
        return PretrainedNetwork.class_for(config)(config)


def count_layers(model: nn.Module) -> int:
    """Convolutions and linear layers that follow one another, without shortcuts and attention."""
    return sum(
        isinstance(module, nn.Conv2d | nn.Linear) and not BESIDE & set(name.split("."))
        for name, module in model.named_modules()
    )


class _Counter(TorchDispatchMode):
    """Adds up the cost of each operation that runs inside; hooks on modules would miss BlurPool's convolution."""

    def __init__(self) -> None:
        TorchDispatchMode.__init__(self)
        self.macs = 0
        self.activations = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        outputs = func(*args, **(kwargs or {}))
        operation = func.overloadpacket
        if operation in PRODUCTS:
            self.macs += outputs.numel() * PRODUCTS[operation](args)
            self.activations += outputs.numel()
        elif operation in NORMS:
            self.macs += args[0].numel() * NORMS[operation](args)
        return outputs


def _shape(tensor: Tensor) -> Sequence[int]:
    return tensor.shape


# Multiply-accumulates for each output: of a convolution one for each weight of its filter.
PRODUCTS: dict[Any, Callable[[Sequence[Any]], int]] = {
    aten.convolution: lambda args: prod(_shape(args[1])[1:]),
    aten.addmm: lambda args: _shape(args[1])[1],
    aten.mm: lambda args: _shape(args[0])[1],
}


def _batch_norm_cost(args: Sequence[Any]) -> int:
    """Operations for each element: scale and shift, and the statistics where it computes them as well."""
    weight, computes_statistics = args[1], args[5]
    return 2 if not computes_statistics else 4 if weight is None else 5


NORMS: dict[Any, Callable[[Sequence[Any]], int]] = {
    aten.native_batch_norm: _batch_norm_cost,  # also what standardizes BiT's weights
    aten.cudnn_batch_norm: _batch_norm_cost,
    aten.native_group_norm: lambda args: 5,
    aten.native_layer_norm: lambda args: 5,
}

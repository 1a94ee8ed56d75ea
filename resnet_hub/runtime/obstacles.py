"""What somebody changed in a network so that a copy of its layers would compute something else."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules import module as registry
from torch.nn.modules.batchnorm import _BatchNorm

from resnet_hub.errors import Phrase
from resnet_hub.models import ResNet, ResNetV2
from resnet_hub.nn import (
    BasicBlock,
    Bottleneck,
    PreActivationBasicBlock,
    PreActivationBlock,
    PreActivationBottleneck,
    ResidualBlock,
    ResidualNetwork,
)
from resnet_hub.runtime.snapshot import is_dense

FORWARDS: dict[type, object] = {
    kind: kind.forward for kind in (BasicBlock, Bottleneck, PreActivationBasicBlock, PreActivationBottleneck)
}
"""What computes the blocks, before anybody writes another function into their classes."""


def obstacle(model: nn.Module) -> Phrase | None:
    """What somebody changed in a network so that a copy of its layers would compute something else; None for nothing.

    A hook, a method in place of the class's own, a layer or a tensor of a kind that is not PyTorch's or ours, or a norm
    without statistics.
    """
    if registry._global_forward_hooks or registry._global_forward_pre_hooks:
        return Phrase("runtime.hook_of_all_modules")
    family = next((kind for kind in (ResNet, ResNetV2) if isinstance(model, kind)), type(model))
    for kind in type(model).__mro__[: type(model).__mro__.index(family)]:
        for name, member in vars(kind).items():
            if callable(member) and not name.startswith("__") and hasattr(family, name):
                return Phrase("runtime.own_method", kind=kind.__name__, method=name)
    for name, module in model.named_modules():
        if found := _obstacle_in(module, name or type(model).__name__, is_root=module is model):
            return found
    return _obstacle_in_stages(model) if isinstance(model, ResNet | ResNetV2) else None


def _obstacle_in(module: nn.Module, name: str, is_root: bool) -> Phrase | None:
    """The same of one module, without those inside it."""
    kind = type(module)
    if not (is_root or kind.__module__.startswith(("torch.nn.modules.", "resnet_hub."))):
        return Phrase("runtime.unknown_layer", name=name, kind=f"{kind.__module__}.{kind.__qualname__}")
    if module._forward_hooks or module._forward_pre_hooks:
        return Phrase("runtime.hook", name=name)
    for key, value in vars(module).items():
        if callable(value) and callable(getattr(kind, key, None)):
            return Phrase("runtime.own_method", kind=name, method=key)
    if kind.forward is not FORWARDS.get(kind, kind.forward):
        return Phrase("runtime.own_method", kind=kind.__name__, method="forward")
    if isinstance(module, _BatchNorm) and module.running_mean is None:
        return Phrase("runtime.norm_without_statistics", name=name)
    for tensor in (*module._parameters.values(), *module._buffers.values()):
        if tensor is not None and not _is_plain(tensor):
            return Phrase("runtime.unknown_tensor", name=name, kind=type(tensor).__name__)
    return None


def _obstacle_in_stages(model: ResidualNetwork) -> Phrase | None:
    """A stage that is no chain, or anything in it that is no residual block."""
    for level in model.feature_info[1:]:
        name = level["module"]
        try:
            stage: nn.Module = model._blocks(name)
        except AttributeError:  # something else stands around the blocks
            stage = model.get_submodule(name)
        if not isinstance(stage, nn.Sequential):
            return Phrase("runtime.no_block", name=name, kind=type(stage).__name__)
        for index, block in enumerate(stage):
            if not isinstance(block, ResidualBlock | PreActivationBlock):
                return Phrase("runtime.no_block", name=f"{name}.{index}", kind=type(block).__name__)
    return None


def _is_plain(tensor: Tensor) -> bool:
    """Whether a weight is numbers in memory, each with its own place: not sharded, quantized, sparse or expanded."""
    if type(tensor) not in (Tensor, nn.Parameter) or tensor.layout != torch.strided:
        return False
    return not tensor.is_quantized and not tensor.is_meta and is_dense(tensor)

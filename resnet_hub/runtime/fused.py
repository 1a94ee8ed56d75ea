"""A loaded network -> the same function, faster on a CPU: norms folded, activation and sum fused, weights packed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, cast

import torch
from torch import Tensor, nn

from resnet_hub.errors import ConfigError
from resnet_hub.models import ResNet, ResNetV2
from resnet_hub.nn import (
    BasicBlock,
    Bottleneck,
    FusedConvolution,
    PreActivationBasicBlock,
    PreActivationBlock,
    PreActivationBottleneck,
    ResidualNetwork,
    chain,
    check_images,
    computes,
)
from resnet_hub.runtime.obstacles import obstacle

Network = Callable[[Tensor], Tensor]
BACKENDS = ("auto", "eager", "fused")
"""The inference backends; "auto" is the last one where it is available."""


def chosen_backend(backend: str, model: nn.Module, dtype: torch.dtype) -> str:
    """The backend for a network that computes in this dtype. Raises: ConfigError where it is not available."""
    if backend == "auto":
        return "fused" if can_fuse(model, dtype) else "eager"
    if backend == "fused" and not can_fuse(model, dtype):
        if reason := obstacle(model):
            raise ConfigError("runtime.changed_network", reason=reason)
        architecture = cast(ResidualNetwork, model).config.architecture
        raise ConfigError("runtime.cannot_be_fused", architecture=architecture, dtype=str(dtype)[6:])
    return backend


def can_fuse(model: nn.Module, dtype: torch.dtype) -> bool:
    """Whether `fused_network` supports every block of this network, and this PyTorch and CPU the fused operations."""
    if not isinstance(model, ResNet | ResNetV2) or next(model.parameters()).device.type != "cpu":
        return False
    return obstacle(model) is None and all(type(block) in RESIDUALS for block in _blocks(model)) and computes(dtype)


@dataclass(frozen=True)
class FusedNetwork:
    """Normalized images (N, C, H, W), float32, -> logits (N, num_classes), float32. Thread-safe."""

    features: Network
    """The same images -> pooled features (N, features), float32."""
    classify: Network
    """Pooled features -> logits."""

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """The logits."""
        return self.classify(self.features(images))


def fused_network(model: ResidualNetwork, dtype: torch.dtype) -> FusedNetwork:
    """Normalized images (N, C, H, W), float32, -> logits (N, num_classes), float32; the model stays as it is.

    The weights are copied once, packed for the CPU. Thread-safe.

    Args:
        model: A network for which `can_fuse` holds; the copy is in evaluation mode whatever the network is in.
        dtype: What it computes in, float32 or bfloat16; pooled features and logits are float32.

    Raises:
        CheckpointError: A weight is not finite.
    """
    steps: list[Network] = [*chain(_layers_before(model), dtype)]
    steps += [_FusedBlock(block, dtype) for block in _blocks(model)]
    steps += chain([model.norm] if isinstance(model, ResNetV2) else [], dtype)
    head = head_alone(model)
    packing, packed = Lock(), Event()

    def features(images: Tensor) -> Tensor:
        check_images(model.config, images)
        if packed.is_set():
            return run(images)
        with packing:  # the first images pack the weights, before threads can race
            found = run(images)
            packed.set()
            return found

    @torch.inference_mode()
    def run(images: Tensor) -> Tensor:
        x = images.to(dtype).contiguous(memory_format=torch.channels_last)
        return head.forward_head(_through(steps, x).float(), pre_logits=True)

    return FusedNetwork(features, head._classify if model.num_classes else nn.Identity())


def head_alone(model: ResidualNetwork) -> ResidualNetwork:
    """A network that has the head only, in float32: what pools, drops and classifies, whatever has taken its place."""
    names = {"global_pool", "head_drop", model.classifier.partition(".")[0]}
    head = copy.copy(model)
    kept = {name: copy.deepcopy(part).float() for name, part in model.named_children() if name in names}
    vars(head).update(_modules=kept, _parameters={}, _buffers={})
    return head.requires_grad_(False).eval()


class _FusedBlock:
    """A residual block: the last convolution of F adds the shortcut and activates, if nothing is in between."""

    def __init__(self, block: Any, dtype: torch.dtype) -> None:
        first = isinstance(block, PreActivationBlock)
        self.before = [*chain([block.norm1], dtype)] if first else []
        self.body = [*chain(RESIDUALS[type(block)](block), dtype)]
        self.shortcut = [*chain([] if block.downsample is None else [block.downsample], dtype)]
        self.has_shortcut = first or block.has_shortcut
        self.skip = block.skip if first else 1
        self.after = [] if first else [*chain([block.last_act()], dtype)]
        self.adding: FusedConvolution | None = None
        last = self.body[-1]
        active = [type(step) for step in self.after] == [nn.ReLU]
        if self.has_shortcut and type(last) is FusedConvolution and not last.active and (active or not self.after):
            self.adding, self.after = last, []
            last.active = active
            self.body.pop()

    def __call__(self, x: Tensor) -> Tensor:
        """Returns the block's output, perhaps in the memory of `x`."""
        start = _through(self.before, x)
        inner = _through(self.body, start)
        shortcut = _through(self.shortcut, start) if self.shortcut else x[:, :, :: self.skip, :: self.skip]
        if self.adding is not None:
            return self.adding.add_to(shortcut.contiguous(memory_format=torch.channels_last), inner)
        return _through(self.after, inner + shortcut if self.has_shortcut else inner)


def _through(steps: Sequence[Network], x: Tensor) -> Tensor:
    for step in steps:
        x = step(x)
    return x


def _basic(block: Any) -> list[nn.Module]:
    """The layers of F in a basic block, in the order in which they compute."""
    first = [block.conv1, block.bn1, block.drop_block, block.act1, block.antialias]
    return [*first, block.conv2, block.bn2, block.se, block.drop_path]


def _bottleneck(block: Any) -> list[nn.Module]:
    """The layers of F in a bottleneck, in the order in which they compute."""
    first = [block.conv1, block.bn1, block.act1, block.conv2, block.bn2, block.drop_block, block.act2, block.antialias]
    return [*first, block.conv3, block.bn3, block.se, block.drop_path]


def _preactivation_basic(block: Any) -> list[nn.Module]:
    """The layers of F in a pre-activation basic block, behind the first norm."""
    return [block.conv1, block.drop_block, block.norm2, block.conv2, block.drop_path]


def _preactivation_bottleneck(block: Any) -> list[nn.Module]:
    """The layers of F in a pre-activation bottleneck, behind the first norm."""
    first = [block.conv1, block.norm2, block.conv2, block.drop_block, block.norm3]
    return [*first, block.conv3, block.drop_path]


RESIDUALS: dict[type, Callable[[Any], list[nn.Module]]] = {
    BasicBlock: _basic,
    Bottleneck: _bottleneck,
    PreActivationBasicBlock: _preactivation_basic,
    PreActivationBottleneck: _preactivation_bottleneck,
}
"""The blocks whose layers are known; one that computes anything else has no row, and its network is not fused."""


def _blocks(model: ResidualNetwork) -> Iterator[Any]:
    for level in model.feature_info[1:]:
        yield from model._blocks(level["module"])


def _layers_before(model: ResidualNetwork) -> list[nn.Module]:
    """The layers between the image and the first block."""
    if isinstance(model, ResNetV2):
        return [model.stem, model.maxpool]
    assert isinstance(model, ResNet)
    return [model.conv1, model.bn1, model.act1, model.maxpool]

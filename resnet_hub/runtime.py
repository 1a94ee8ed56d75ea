"""A loaded network -> the same function, faster on a CPU: BatchNorm folded, activation and sum fused, weights packed.

The fused convolutions are oneDNN's, the ones that PyTorch's compiler would choose; called by hand they need no compiler
on the machine and no minutes at the first picture.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from resnet_hub.blocks import BasicBlock, Bottleneck, ResidualBlock
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.layers import DropBlock, DropPath
from resnet_hub.limits import check_images
from resnet_hub.network import ResidualNetwork
from resnet_hub.resnet import ResNet

Network = Callable[[Tensor], Tensor]
BACKENDS = ("auto", "eager", "fused")
"""The ways in which a network can be run; "auto" is the last one where it can be."""
ACTIVE = "relu"
"""What oneDNN calls the activation that it can fuse."""


def native_bf16(device: torch.device | None = None) -> bool:
    """Whether a device, the CPU where absent, has instructions for bfloat16; without them it is slower than float32."""
    if device is not None and device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def can_fuse(model: nn.Module) -> bool:
    """Whether `fused_network` knows every kind of block of this network, and this PyTorch and CPU the operations."""
    if not isinstance(model, ResNet):
        return False
    weight = next(model.parameters())
    if weight.device.type != "cpu" or weight.dtype not in (torch.float32, torch.bfloat16):
        return False
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if not hasattr(torch.ops.mkldnn, "_convolution_pointwise_"):
        return False
    return all(type(block) in RESIDUALS for stage in _stages(model) for block in stage)


def chosen_backend(backend: str, model: ResidualNetwork) -> str:
    """The way the network is run. Raises: ConfigError where it is not to be had."""
    if backend == "auto":
        return "fused" if can_fuse(model) else "eager"
    if backend == "fused" and not can_fuse(model):
        raise ConfigError(
            f"backend='fused' is for networks of the first family on a CPU, and this {model.config.architecture} is "
            "not one; choose 'auto'"
        )
    return backend


def fused_network(model: ResidualNetwork, dtype: torch.dtype) -> Network:
    """Normalised images (N, C, H, W), float32, -> logits (N, num_classes), float32; the model stays as it is.

    The weights are copied once, into the layout that the CPU computes in. Calls from several threads at once are fine.

    Args:
        model: A network in evaluation mode for which `can_fuse` holds.
        dtype: What it computes in, float32 or bfloat16; pooled features and logits are float32.

    Raises:
        CheckpointError: A weight is not finite.
    """
    assert isinstance(model, ResNet)
    steps: list[Network] = [*_chain(_stem_layers(model), dtype)]
    steps += [_FusedBlock(block, dtype) for stage in _stages(model) for block in stage]  # type: ignore[arg-type]
    head = copy.deepcopy(nn.ModuleList([model.global_pool, model.get_classifier()])).float().requires_grad_(False)

    @torch.inference_mode()
    def run(images: Tensor) -> Tensor:
        check_images(model.config, images)
        x = images.to(dtype).contiguous(memory_format=torch.channels_last)
        for step in steps:
            x = step(x)
        return head[1](head[0](x.float()))

    return run


class _FusedConv(nn.Module):
    """act(norm(conv(x))) in one operation, or act(norm(conv(x)) + shortcut)."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d | None, active: bool, dtype: torch.dtype) -> None:
        super().__init__()
        whole = fuse_conv_bn_eval(conv, norm) if norm is not None else conv
        # oneDNN's relu turns what is no number into 0, so that no answer would show it.
        if not all(tensor.isfinite().all() for tensor in whole.state_dict().values()):
            raise CheckpointError(
                "the network's weights hold numbers that are not finite, so they are damaged; use another checkpoint"
            )
        self.places = ([*whole.padding], [*whole.stride], [*whole.dilation], whole.groups)
        self.active = active
        weight = whole.weight.detach().to(dtype).contiguous(memory_format=torch.channels_last)
        self.bias = None if whole.bias is None else whole.bias.detach().to(dtype)
        self.weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *self.places)

    def forward(self, x: Tensor) -> Tensor:
        act = ACTIVE if self.active else "none"
        return torch.ops.mkldnn._convolution_pointwise(x, self.weight, self.bias, *self.places, act, [], "")

    def add_to(self, shortcut: Tensor, x: Tensor) -> Tensor:
        """Returns relu(norm(conv(x)) + shortcut), in the memory of `shortcut`."""
        return torch.ops.mkldnn._convolution_pointwise_.binary(
            shortcut, x, self.weight, self.bias, *self.places, "add", 1.0, ACTIVE, [], ""
        )


class _FusedBlock:
    """act(F(x) + shortcut(x)), where the last convolution of F adds and activates as well, if nothing is in between."""

    def __init__(self, block: ResidualBlock, dtype: torch.dtype) -> None:
        self.body = [*_chain(RESIDUALS[type(block)](block), dtype)]
        self.has_shortcut = block.has_shortcut
        self.shortcut = [*_chain(_leaves(block.downsample), dtype)]
        self.act = copy.deepcopy(block.last_act())
        last = self.body[-1]
        adds = self.has_shortcut and type(self.act) is nn.ReLU and type(last) is _FusedConv and not last.active
        self.adding = self.body.pop() if adds else None

    def __call__(self, x: Tensor) -> Tensor:
        """Returns the block's output, perhaps in the memory of `x`."""
        inner = x
        for step in self.body:
            inner = step(inner)
        if not self.has_shortcut:
            return self.act(inner)
        for step in self.shortcut:
            x = step(x)
        if isinstance(self.adding, _FusedConv):
            return self.adding.add_to(x.contiguous(memory_format=torch.channels_last), inner)
        return self.act(inner + x)


def _basic(block: ResidualBlock) -> list[nn.Module]:
    """The layers of F in a basic block, in the order in which they compute."""
    assert isinstance(block, BasicBlock)
    layers = [block.conv1, block.bn1, block.drop_block, block.act1, block.antialias, block.conv2, block.bn2, block.se]
    return [*layers, block.drop_path]


def _bottleneck(block: ResidualBlock) -> list[nn.Module]:
    """The layers of F in a bottleneck, in the order in which they compute."""
    assert isinstance(block, Bottleneck)
    first = [block.conv1, block.bn1, block.act1, block.conv2, block.bn2, block.drop_block, block.act2, block.antialias]
    return [*first, block.conv3, block.bn3, block.se, block.drop_path]


RESIDUALS: dict[type, Callable[[ResidualBlock], list[nn.Module]]] = {BasicBlock: _basic, Bottleneck: _bottleneck}
"""The blocks whose layers are known; one that computes anything else has no row, and its network is not fused."""


def _stages(model: ResNet) -> Iterator[nn.Sequential]:
    for level in model.feature_info[1:]:
        yield model._blocks(level["module"])


def _stem_layers(model: ResNet) -> list[nn.Module]:
    return [leaf for part in (model.conv1, model.bn1, model.act1, model.maxpool) for leaf in _leaves(part)]


def _leaves(part: nn.Module) -> list[nn.Module]:
    """The layers of a chain of chains; an identity has none."""
    if type(part) is nn.Sequential:
        return [leaf for child in part for leaf in _leaves(child)]
    return [] if _does_nothing(part) else [part]


def _does_nothing(layer: nn.Module) -> bool:
    """Whether a layer returns its input in evaluation mode."""
    return isinstance(layer, nn.Identity | DropBlock | DropPath)


def _chain(layers: Iterable[nn.Module], dtype: torch.dtype) -> Iterator[nn.Module]:
    """The layers, a convolution with the norm and the activation behind it as one; others are copied."""
    left = [layer for layer in layers if not _does_nothing(layer)]
    while left:
        layer = left.pop(0)
        if type(layer) is not nn.Conv2d or not isinstance(layer.padding, tuple):
            yield copy.deepcopy(layer).to(dtype).requires_grad_(False)
            continue
        norm = left[0] if left and type(left[0]) is nn.BatchNorm2d else None
        left = left[1:] if norm is not None else left
        active = bool(left) and type(left[0]) is nn.ReLU
        left = left[1:] if active else left
        yield _FusedConv(layer, norm, active, dtype)

"""Residual blocks: relu(F(x) + shortcut(x)). A variant is one class here and one row in `BLOCKS`.

Modules that hold weights bear the names of timm's state dict (conv1, bn1, se, downsample); others are free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_hub.checks import nearest
from resnet_hub.config import MAX_CHANNELS, ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.layers import DropPath, SamePadAvgPool, activation, antialias, attention, norm
from resnet_hub.nn.scripting import under_name


@dataclass(frozen=True)
class BlockPlace:
    """Where in the network a block stands."""

    in_channels: int
    """Channels of the block's input."""
    width: int
    """Base channels of the stage; the block puts out `width * expansion`."""
    stride: int = 1
    """Input pixels for each output pixel, in each direction."""
    dilation: int = 1
    """Dilation of the 3x3 kernels, in pixels."""
    first_dilation: int = 1
    """The same for the block's strided convolution, which sees the feature map of the stage before."""
    drop_path: float = 0.0
    """Probability of skipping the residual in training."""
    drop_block: nn.Module | None = None
    """The DropBlock layer of the stage."""
    channels: tuple[int, int, int] | None = None
    """Output channels of a pruned bottleneck's three convolutions, where they differ from what `width` gives."""


class ResidualBlock(nn.Module):
    """act(F(x) + shortcut(x)): (N, in, H, W) -> (N, width * expansion, H / stride, W / stride).

    Source: He et al. 2015, "Deep Residual Learning for Image Recognition", equations 1 and 2.
    """

    expansion = 1
    if TYPE_CHECKING:  # TorchScript reads the annotations that stay
        downsample: nn.Module

    def __init__(self, config: ResNetConfig, place: BlockPlace) -> None:
        super().__init__()
        self.has_shortcut = config.shortcut != "none"
        self.out_channels = place.channels[-1] if place.channels else place.width * self.expansion
        self.drop_block = place.drop_block or nn.Identity()
        self.drop_path = DropPath(place.drop_path) if place.drop_path else nn.Identity()

    def residual(self, x: Tensor) -> Tensor:
        """Returns F(x): what the block adds to its shortcut."""
        raise NotImplementedError

    def last_norm(self) -> nn.Module:
        """Returns the norm that ends F; a weight of zero makes the block its shortcut."""
        raise NotImplementedError

    def last_act(self) -> nn.Module:
        """Returns the activation of the sum."""
        raise NotImplementedError

    def activated(self, x: Tensor) -> Tensor:
        """Returns what `last_act` makes of the sum; TorchScript has no methods that return modules."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Returns the block's output."""
        residual = self.drop_path(self.residual(x))
        return self.activated(residual + self.downsample(x) if self.has_shortcut else residual)


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions (ResNet-18, -34 and the CIFAR networks)."""

    def __init__(self, config: ResNetConfig, place: BlockPlace) -> None:
        super().__init__(config, place)
        if config.cardinality != 1 or config.base_width != 64:
            raise ConfigError(
                "nn.cardinality_of_basic_blocks",
                cardinality=config.cardinality,
                base_width=config.base_width,
                architecture=config.architecture,
            )
        if place.channels:
            raise ConfigError("nn.pruned_basic_blocks", pruned=config.pruned, architecture=config.architecture)
        hidden, out = _reduced(config, place.width), self.out_channels
        stride, filtered = _split_stride(config, place)
        self.conv1 = _conv3x3(place.in_channels, hidden, stride=stride, dilation=place.first_dilation)
        self.bn1 = norm(config, hidden)
        self.act1 = activation(config)
        self.antialias = antialias(config, hidden, place.stride) if filtered else nn.Identity()
        self.conv2 = _conv3x3(hidden, out, dilation=place.dilation)
        self.bn2 = norm(config, out)
        self.se = attention(config, out)
        self.act2 = activation(config)
        self.downsample = shortcut(config, place, out)

    def residual(self, x: Tensor) -> Tensor:
        """Returns se(bn(conv3x3(act(bn(conv3x3(x))))))."""
        x = self.antialias(self.act1(self.drop_block(self.bn1(self.conv1(x)))))
        return self.se(self.bn2(self.conv2(x)))

    def last_norm(self) -> nn.Module:
        """Returns bn2."""
        return self.bn2

    def last_act(self) -> nn.Module:
        """Returns act2."""
        return self.act2

    def activated(self, x: Tensor) -> Tensor:
        """Returns act2(x)."""
        return self.act2(x)


class Bottleneck(ResidualBlock):
    """1x1 down, 3x3, 1x1 up (ResNet-50 and deeper, ResNeXt, Wide ResNet); the 3x3 strides ("v1.5") by default."""

    expansion = 4

    def __init__(self, config: ResNetConfig, place: BlockPlace) -> None:
        super().__init__(config, place)
        hidden = place.width * config.base_width // 64 * config.cardinality
        if not 1 <= hidden <= MAX_CHANNELS:
            raise ConfigError(
                "nn.hidden_channels",
                base_width=config.base_width,
                cardinality=config.cardinality,
                channels=hidden,
                width=place.width,
                most=MAX_CHANNELS,
            )
        first, out = _reduced(config, hidden), self.out_channels
        if place.channels:
            first, hidden = place.channels[:2]
        stride, filtered = _split_stride(config, place)
        strides = (stride, 1) if config.stride_place == "1x1" else (1, stride)
        self.conv1 = nn.Conv2d(place.in_channels, first, 1, strides[0], bias=False)
        self.bn1 = norm(config, first)
        self.act1 = activation(config)
        self.conv2 = _conv3x3(first, hidden, strides[1], place.first_dilation, config.cardinality)
        self.bn2 = norm(config, hidden)
        self.act2 = activation(config)
        self.antialias = antialias(config, hidden, place.stride) if filtered else nn.Identity()
        self.conv3 = nn.Conv2d(hidden, out, 1, bias=False)
        self.bn3 = norm(config, out)
        # The kernel of the attention is older than the pruning.
        self.se = attention(config, place.width * self.expansion)
        self.act3 = activation(config)
        self.downsample = shortcut(config, place, out)

    def residual(self, x: Tensor) -> Tensor:
        """Returns se(bn(conv1x1(act(bn(conv3x3(act(bn(conv1x1(x)))))))))."""
        x = self.act1(self.bn1(self.conv1(x)))
        x = self.antialias(self.act2(self.drop_block(self.bn2(self.conv2(x)))))
        return self.se(self.bn3(self.conv3(x)))

    def last_norm(self) -> nn.Module:
        """Returns bn3."""
        return self.bn3

    def last_act(self) -> nn.Module:
        """Returns act3."""
        return self.act3

    def activated(self, x: Tensor) -> Tensor:
        """Returns act3(x)."""
        return self.act3(x)


class ZeroPadShortcut(nn.Module):
    """Option A: every `stride`-th pixel, zeros for the channels that are new; no weights.

    Source: He et al. 2015, section 3.3; the zeros stand half before and half after, as in published CIFAR weights.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        before = (out_channels - in_channels) // 2
        self.stride, self.padding = stride, [0, 0, 0, 0, before, out_channels - in_channels - before]

    def forward(self, x: Tensor) -> Tensor:
        """Returns the subsampled and padded `x`."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], self.padding)


class Gain(ResidualBlock):
    """act(gain * F(x) + x) with one learned scalar that starts at 0, so that a new block is its shortcut.

    Source: De and Smith 2020, "Batch Normalization Biases Residual Blocks" (SkipInit); Bachlechner et al. 2021,
    "ReZero is All You Need".
    """

    def __init__(self, config: ResNetConfig, place: BlockPlace) -> None:
        super().__init__(config, place)
        if config.zero_init_last or not self.has_shortcut:
            option = "zero_init_last=True" if config.zero_init_last else "shortcut='none'"
            raise ConfigError("nn.gain_without_gradient", option=option, block=config.block)
        self.gain = nn.Parameter(torch.zeros(1))

    def ungained(self, x: Tensor) -> Tensor:
        """Returns F(x): `residual` of the block without gain, under a name that TorchScript can call."""
        raise NotImplementedError

    def residual(self, x: Tensor) -> Tensor:
        """Returns gain * F(x)."""
        return self.gain * self.ungained(x)


class GainBasicBlock(Gain, BasicBlock):
    """A basic block with a learned gain."""

    ungained = under_name("ungained", BasicBlock.residual)


class GainBottleneck(Gain, Bottleneck):
    """A bottleneck with a learned gain."""

    ungained = under_name("ungained", Bottleneck.residual)


BLOCKS: dict[str, type[ResidualBlock]] = {
    "basic": BasicBlock,
    "bottleneck": Bottleneck,
    "gain_basic": GainBasicBlock,
    "gain_bottleneck": GainBottleneck,
}


def block_class(name: str) -> type[ResidualBlock]:
    """The residual block of this name. Raises: ConfigError naming the known ones."""
    if name not in BLOCKS:
        raise ConfigError("nn.unknown_block", name=name, nearest=nearest(name, BLOCKS))
    return BLOCKS[name]


def shortcut(config: ResNetConfig, place: BlockPlace, out_channels: int) -> nn.Module:
    """What carries x around F(x): identity where the shapes agree, else what `config.shortcut` names."""
    if config.shortcut == "none" or (place.stride == 1 and place.in_channels == out_channels):
        return nn.Identity()
    if config.shortcut == "identity":
        return ZeroPadShortcut(place.in_channels, out_channels, place.stride)
    plain = place.stride == 1 and place.dilation == 1
    if config.shortcut == "avg_projection":
        projection = nn.Conv2d(place.in_channels, out_channels, 1, bias=False)
        return nn.Sequential(shortcut_pool(place), projection, norm(config, out_channels))
    size = 1 if plain else config.down_kernel_size
    dilation = place.first_dilation if size > 1 else 1
    padding = ((place.stride - 1) + dilation * (size - 1)) // 2
    projection = nn.Conv2d(
        place.in_channels, out_channels, size, place.stride, padding=padding, dilation=dilation, bias=False
    )
    return nn.Sequential(projection, norm(config, out_channels))


def shortcut_pool(place: BlockPlace) -> nn.Module:
    """The average pooling in front of a projection; padding in a dilated stage follows timm's "avg_down"."""
    if place.stride == 1 and place.dilation == 1:
        return nn.Identity()
    if place.dilation > 1:
        return SamePadAvgPool()
    return nn.AvgPool2d(2, place.stride, ceil_mode=True, count_include_pad=False)


def _reduced(config: ResNetConfig, channels: int) -> int:
    """Outputs of a block's first convolution. Raises: ConfigError when the groups of the next do not divide them."""
    reduction, groups = config.reduce_first, config.cardinality
    first = channels // reduction
    if not first or first % groups:
        raise ConfigError("nn.reduce_first", reduce_first=reduction, left=first, channels=channels, cardinality=groups)
    return first


def _split_stride(config: ResNetConfig, place: BlockPlace) -> tuple[int, bool]:
    """The stride of the 3x3 convolution, and whether an anti-aliasing layer carries the stride instead."""
    filtered = config.aa_layer is not None and (place.stride == 2 or place.first_dilation != place.dilation)
    return (1 if filtered else place.stride), filtered


def _conv3x3(in_channels: int, out_channels: int, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(
        in_channels, out_channels, 3, stride, padding=dilation, dilation=dilation, groups=groups, bias=False
    )

"""Pre-activation blocks: x + F(act(norm(x))); a stack of them passes x on untouched. A variant is one class here.

Modules that hold weights bear the names of timm's state dict (norm1, conv1, downsample.conv).
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from resnet_hub.checks import nearest
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.blocks.residual import BlockPlace, shortcut_pool
from resnet_hub.nn.layers import DropPath, convolution, norm_act


class PreActivationBlock(nn.Module):
    """x + F(act(norm(x))): (N, in, H, W) -> (N, width * expansion, H / stride, W / stride).

    Where shapes differ, a projection of the activated x takes the place of x; where a last block strides, every second
    pixel of x itself.
    Source: He et al. 2016, "Identity Mappings in Deep Residual Networks", figure 4e and equation 5.
    """

    expansion = 1

    def __init__(self, config: ResNetConfig, place: BlockPlace) -> None:
        super().__init__()
        self.out_channels = place.width * self.expansion
        self.downsample = projection(config, place, self.out_channels)
        self.skip = place.stride if self.downsample is None else 1
        self.norm1 = norm_act(config, place.in_channels)
        self.drop_block = place.drop_block or nn.Identity()
        self.drop_path = DropPath(place.drop_path) if place.drop_path else nn.Identity()

    def residual(self, x: Tensor) -> Tensor:
        """Returns F(x) of the activated x."""
        raise NotImplementedError

    def shortcut(self, x: Tensor, activated: Tensor) -> Tensor:
        """Returns what is added to F: `x`, the pixels of it that a stride leaves, or its projection."""
        if self.downsample is not None:
            return self.downsample(activated)
        return x if self.skip == 1 else x[:, :, :: self.skip, :: self.skip]

    def last_convolution(self) -> nn.Conv2d:
        """Returns the convolution that ends F; a weight of zero makes the block its shortcut."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Returns the block's output."""
        activated = self.norm1(x)
        return self.drop_path(self.residual(activated)) + self.shortcut(x, activated)


class PreActivationBasicBlock(PreActivationBlock):
    """Two 3x3 convolutions (ResNetV2-18 and -34)."""

    def __init__(self, config: ResNetConfig, place: BlockPlace) -> None:
        super().__init__(config, place)
        width = place.width
        self.conv1 = convolution(config, place.in_channels, width, 3, place.stride, place.first_dilation)
        self.norm2 = norm_act(config, width)
        self.conv2 = convolution(config, width, width, 3, dilation=place.dilation, bias=config.conv_bias)

    def residual(self, x: Tensor) -> Tensor:
        """Returns conv3x3(act(norm(conv3x3(x))))."""
        return self.conv2(self.norm2(self.drop_block(self.conv1(x))))

    def last_convolution(self) -> nn.Conv2d:
        """Returns conv2."""
        return self.conv2


class PreActivationBottleneck(PreActivationBlock):
    """1x1 down, 3x3, 1x1 up (ResNetV2-50 and deeper, BiT); the stride sits on the 3x3."""

    expansion = 4

    def __init__(self, config: ResNetConfig, place: BlockPlace) -> None:
        super().__init__(config, place)
        width = place.width
        self.conv1 = convolution(config, place.in_channels, width, 1)
        self.norm2 = norm_act(config, width)
        self.conv2 = convolution(config, width, width, 3, place.stride, place.first_dilation)
        self.norm3 = norm_act(config, width)
        self.conv3 = convolution(config, width, width * self.expansion, 1, bias=config.conv_bias)

    def residual(self, x: Tensor) -> Tensor:
        """Returns conv1x1(act(norm(conv3x3(act(norm(conv1x1(x)))))))."""
        x = self.drop_block(self.conv2(self.norm2(self.conv1(x))))
        return self.conv3(self.norm3(x))

    def last_convolution(self) -> nn.Conv2d:
        """Returns conv3."""
        return self.conv3


BLOCKS_V2: dict[str, type[PreActivationBlock]] = {
    "basic": PreActivationBasicBlock,
    "bottleneck": PreActivationBottleneck,
}


def block_class_v2(name: str) -> type[PreActivationBlock]:
    """The pre-activation block of this name. Raises: ConfigError naming the known ones."""
    if name not in BLOCKS_V2:
        raise ConfigError("nn.unknown_block", name=name, nearest=nearest(name, BLOCKS_V2))
    return BLOCKS_V2[name]


def projection(config: ResNetConfig, place: BlockPlace, out_channels: int) -> nn.Module | None:
    """What takes the place of x where shapes differ: a 1x1 convolution, in the -d networks after average pooling."""
    same = place.in_channels == out_channels and place.first_dilation == place.dilation
    if same and (place.stride == 1 or config.stride_place == "last_block"):
        return None
    averaged = config.shortcut == "avg_projection"
    pool = shortcut_pool(place) if averaged else nn.Identity()
    stride = 1 if averaged else place.stride
    conv = convolution(config, place.in_channels, out_channels, 1, stride, bias=config.conv_bias)
    return nn.Sequential(OrderedDict(pool=pool, conv=conv))

"""The layers of pre-activation networks: norm and activation in one, and convolutions that standardize their weights.

A norm and its activation are one module, since some norms are both at once; the names of weights are timm's.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_hub.checks import nearest
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.layers.common import activation
from resnet_hub.nn.layers.norms import FrozenBatchNorm2d, LayerNorm2d, RMSNorm2d
from resnet_hub.nn.scripting import under_name

GROUPS = 32
"""Groups of GroupNorm and EvoNorm."""


class Activated(nn.Module):
    """act(norm(x)): (N, C, H, W) -> the same shape. A subclass names its norm as the second base."""

    def __init__(self, *shape: int, act: nn.Module, **options: float) -> None:
        super().__init__(*shape, **options)
        self.act = act

    def normalized(self, x: Tensor) -> Tensor:
        """Returns norm(x): `forward` of the second base, under a name that TorchScript can call."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Returns the normalized and activated `x`."""
        return self.act(self.normalized(x))


class BatchNormAct(Activated, nn.BatchNorm2d):
    """Batch normalization, then the activation."""

    normalized = under_name("normalized", nn.BatchNorm2d.forward)

    def _check_input_dim(self, input: Tensor) -> None:
        """Nothing: the network has looked at its images, and a symbolic trace has no shape to look at."""


class FrozenBatchNormAct(Activated, FrozenBatchNorm2d):
    """Frozen batch normalization, then the activation."""

    normalized = under_name("normalized", FrozenBatchNorm2d.forward)


class GroupNormAct(Activated, nn.GroupNorm):
    """Group normalization, then the activation."""

    normalized = under_name("normalized", nn.GroupNorm.forward)


class LayerNormAct(Activated, LayerNorm2d):
    """Normalization of each pixel's channels, then the activation."""

    normalized = under_name("normalized", LayerNorm2d.forward)


class RMSNormAct(Activated, RMSNorm2d):
    """Each pixel's channels to a mean square of 1, then the activation."""

    normalized = under_name("normalized", RMSNorm2d.forward)


class EvoNormS0(nn.Module):
    """x * sigmoid(v * x) / std of the group, scaled and shifted: (N, C, H, W) -> the same shape.

    Source: Liu et al. 2020, "Evolving Normalization-Activation Layers", table 1 (EvoNorm-S0).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.groups = GROUPS
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.v = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the normalized and activated `x`."""
        n, channels, height, width = x.shape
        grouped = (n, self.groups, channels // self.groups, height, width)
        # In float32: the sum of squares of a large group would overflow in half precision.
        variance = x.reshape(grouped).float().var((2, 3, 4), correction=0, keepdim=True)
        gated = (x * (x * _by_channel(self.v, x)).sigmoid()).reshape(grouped)
        normalized = (gated / (variance + 1e-5).sqrt().to(x.dtype)).flatten(1, 2)
        return normalized * _by_channel(self.weight, x) + _by_channel(self.bias, x)


class FilterResponseNorm(nn.Module):
    """max(scaled x / root mean square of x in each channel, tau): (N, C, H, W) -> the same shape.

    Source: Singh and Krishnan 2020, "Filter Response Normalization Layer", equations 1 to 3 (FRN and TLU).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.tau = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the normalized `x`, nowhere below the learned threshold."""
        scale = (x.float().square().mean((2, 3), keepdim=True) + 1e-5).rsqrt().to(x.dtype)
        shifted = x * scale * _by_channel(self.weight, x) + _by_channel(self.bias, x)
        return torch.maximum(shifted, _by_channel(self.tau, x))


class StandardizedConv2d(nn.Conv2d):
    """A convolution whose filters have mean 0 and variance 1, each: weights are learned up to shift and scale.

    Source: Qiao et al. 2019, "Weight Standardization", equations 7 and 8; the epsilon is that of BiT.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Returns the convolution of `x` with the standardized weight."""
        return F.conv2d(x, self.standardized(), self.bias, self.stride, self.padding, self.dilation, self.groups)

    def standardized(self) -> Tensor:
        """Returns the weight that convolves."""
        # Batch normalization with the filters as channels: one fused operation, forward and backward.
        filters = self.weight.reshape(1, self.out_channels, -1)
        return F.batch_norm(filters, None, None, training=True, momentum=0.0, eps=1e-8).reshape_as(self.weight)


class PooledConvolution(nn.Module):
    """The head of BiT: a 1x1 convolution of pooled features, (N, C) -> (N, classes); a feature map stays one."""

    def __init__(self, fc: nn.Module, pooled: bool) -> None:
        super().__init__()
        self.fc, self.pooled = fc, pooled

    def forward(self, x: Tensor) -> Tensor:
        """Returns the logits."""
        return self.fc(x[:, :, None, None]).flatten(1) if self.pooled else self.fc(x)


# Under timm's names; the last two are activations as well, so `act_layer` has no say in them.
NORM_ACTS: dict[str, Callable[[int, ResNetConfig], nn.Module]] = {
    "batchnorm": lambda channels, config: BatchNormAct(channels, act=activation(config)),
    "frozenbatchnorm2d": lambda channels, config: FrozenBatchNormAct(channels, act=activation(config)),
    "groupnorm": lambda channels, config: GroupNormAct(GROUPS, channels, act=activation(config)),
    "groupnorm1": lambda channels, config: GroupNormAct(1, channels, act=activation(config)),
    # The epsilon is ten times that of the norm without activation, in timm as well.
    "layernorm2d": lambda channels, config: LayerNormAct(channels, act=activation(config), eps=1e-5),
    "rmsnorm2d": lambda channels, config: RMSNormAct(channels, act=activation(config)),
    "evonorms0": lambda channels, _: EvoNormS0(channels),
    "frntlu": lambda channels, _: FilterResponseNorm(channels),
}


def norm_act(config: ResNetConfig, channels: int) -> nn.Module:
    """The normalization that the network names, with its activation. Raises: ConfigError."""
    name = config.norm_layer
    if name not in NORM_ACTS:
        raise ConfigError("nn.unknown_norm_layer", name=name, nearest=nearest(name, NORM_ACTS, 9))
    if name in ("groupnorm", "evonorms0") and channels % GROUPS:
        raise ConfigError(
            "nn.norm_groups", name=name, groups=GROUPS, architecture=config.architecture, channels=channels
        )
    return NORM_ACTS[name](channels, config)


def convolution(
    config: ResNetConfig,
    in_channels: int,
    out_channels: int,
    size: int,
    stride: int = 1,
    dilation: int = 1,
    *,
    bias: bool = False,
) -> nn.Conv2d:
    """A convolution that keeps H and W but for its stride, with standardized weights in BiT networks."""
    kind = StandardizedConv2d if config.conv_layer == "std_conv2d" else nn.Conv2d
    padding = dilation * (size // 2)
    return kind(in_channels, out_channels, size, stride, padding=padding, dilation=dilation, bias=bias)


def _by_channel(parameter: Tensor, x: Tensor) -> Tensor:
    """(C) -> (1, C, 1, 1), in the dtype of `x`, which autocast has lowered."""
    return parameter.reshape(1, -1, 1, 1).to(x.dtype)

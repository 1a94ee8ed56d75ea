"""The small layers of residual networks: channel attention, anti-aliasing, stochastic depth, norms by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_hub.checks import nearest
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.layers.norms import FrozenBatchNorm2d, LayerNorm2d, RMSNorm2d


class SqueezeExcite(nn.Module):
    """x * sigmoid(fc2(relu(fc1(mean(x))))): (N, C, H, W) -> the same shape.

    Source: Hu et al. 2018, "Squeeze-and-Excitation Networks", section 3; the hidden width is a
    multiple of 8 as in timm.
    """

    def __init__(self, channels: int, ratio: float) -> None:
        super().__init__()
        hidden = max(8, int(channels * ratio + 4) // 8 * 8)
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Returns `x` with each channel scaled by a gate from 0 to 1."""
        gate = self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * gate.sigmoid()


class EfficientChannelAttention(nn.Module):
    """x * sigmoid(conv1d(mean(x))) over neighboring channels: (N, C, H, W) -> the same shape.

    Source: Wang et al. 2020, "ECA-Net", equation 12: the kernel grows with log2(C).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        size = int((math.log2(channels) + 1) / 2)
        size = max(size if size % 2 else size + 1, 3)
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Returns `x` with each channel scaled by a gate from 0 to 1."""
        gate = self.conv(x.mean((2, 3))[:, None]).sigmoid()
        return x * gate.reshape(x.shape[0], -1, 1, 1)


class BlurPool(nn.Module):
    """Binomial 3x3 low-pass filter, then the stride: (N, C, H, W) -> (N, C, H / stride, W / stride).

    Source: Zhang 2019, "Making Convolutional Networks Shift-Invariant Again", section 3.2.
    """

    if TYPE_CHECKING:  # TorchScript reads the annotations that stay
        filt: Tensor

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        # On a named device, so that a network built without storage still has its constant.
        row = torch.tensor([0.25, 0.5, 0.25], device="cpu")
        self.register_buffer("filt", (row[:, None] * row).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the filtered and strided `x`."""
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), self.filt, stride=self.stride, groups=x.shape[1])


class SamePadAvgPool(nn.Module):
    """2x2 average at stride 1, zero-padded at the right and the bottom: the shape stays.

    The zeros count in the average, as they do in the networks this must agree with.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Returns the averaged `x`."""
        return F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2, stride=1)


class DropPath(nn.Module):
    """Stochastic depth: in training each sample's residual is zeroed with probability `rate`, the others scaled up.

    Source: Huang et al. 2016, "Deep Networks with Stochastic Depth", section 3.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Returns `x`, or some samples of it zeroed."""
        if not self.training or self.rate == 0:
            return x
        kept = x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(1 - self.rate)
        return x * kept.div_(1 - self.rate)

    def extra_repr(self) -> str:
        """Returns the rate, for `print(model)`."""
        return f"rate={self.rate:.3f}"


class DropBlock(nn.Module):
    """In training, zeroes squares of `size` pixels in all channels and scales the rest up to keep the mean.

    Source: Ghiasi et al. 2018, "DropBlock", algorithm 1.
    """

    def __init__(self, rate: float, size: int, scale: float) -> None:
        super().__init__()
        self.rate, self.size, self.scale = rate, size, scale

    def forward(self, x: Tensor) -> Tensor:
        """Returns `x`, or `x` with squares zeroed."""
        if not self.training or self.rate == 0:
            return x
        n, _, height, width = x.shape
        tall, wide = min(self.size, height), min(self.size, width)
        centers = (height - tall + 1) * (width - wide + 1)
        gamma = min(1.0, self.scale * self.rate * height * width / (tall * wide * centers))
        seeds = x.new_empty(n, 1, height, width).bernoulli_(gamma)
        dropped = F.max_pool2d(seeds, (tall, wide), stride=1, padding=(tall // 2, wide // 2))
        kept = 1 - dropped[..., :height, :width]
        # Summed in float32: the sum over a large batch would overflow in half precision.
        return x * kept * (kept.numel() / kept.sum(dtype=torch.float32).clamp(min=1)).to(x.dtype)


class GlobalPool(nn.Module):
    """(N, C, H, W) -> (N, C), or (N, 2C) for catavgmax; an empty kind returns its input."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    @property
    def width_factor(self) -> int:
        """Features out for each channel in."""
        return 2 if self.kind == "catavgmax" else 1

    @property
    def pool_type(self) -> str:
        """`kind` under timm's name, which its `save_for_hf` reads."""
        return self.kind

    def forward(self, x: Tensor) -> Tensor:
        """Returns the pooled features."""
        if self.kind == "avg":
            return x.mean((2, 3))
        if self.kind == "max":
            return x.amax((2, 3))
        if self.kind == "avgmax":
            return 0.5 * (x.mean((2, 3)) + x.amax((2, 3)))
        if self.kind == "catavgmax":
            return torch.cat((x.mean((2, 3)), x.amax((2, 3))), dim=1)
        return x

    def extra_repr(self) -> str:
        """Returns the kind, for `print(model)`."""
        return repr(self.kind)


def _quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


def _hard_mish(x: Tensor) -> Tensor:
    return 0.5 * x * (x + 2).clamp(0, 2)


class Elementwise(nn.Module):
    """An elementwise function, as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Returns the function of `x`."""
        return self.function(x)


# Under timm's names; prelu learns one slope per layer.
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "relu6": lambda: nn.ReLU6(inplace=True),
    "leaky_relu": lambda: nn.LeakyReLU(inplace=True),
    "prelu": nn.PReLU,
    "elu": lambda: nn.ELU(inplace=True),
    "celu": lambda: nn.CELU(inplace=True),
    "selu": lambda: nn.SELU(inplace=True),
    "gelu": nn.GELU,
    "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
    "quick_gelu": lambda: Elementwise(_quick_gelu),
    "silu": lambda: nn.SiLU(inplace=True),
    "swish": lambda: nn.SiLU(inplace=True),
    "mish": lambda: nn.Mish(inplace=True),
    "hard_swish": lambda: nn.Hardswish(inplace=True),
    "hard_mish": lambda: Elementwise(_hard_mish),
    "hard_sigmoid": lambda: nn.Hardsigmoid(inplace=True),
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "identity": nn.Identity,
}

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batchnorm": nn.BatchNorm2d,
    "frozenbatchnorm2d": FrozenBatchNorm2d,
    "groupnorm": lambda channels: nn.GroupNorm(32, channels),
    "groupnorm1": lambda channels: nn.GroupNorm(1, channels),
    "layernorm2d": LayerNorm2d,
    "rmsnorm2d": RMSNorm2d,
}


def activation(config: ResNetConfig) -> nn.Module:
    """The activation that the network names. Raises: ConfigError."""
    if config.act_layer not in ACTIVATIONS:
        raise ConfigError(
            "nn.unknown_act_layer", name=config.act_layer, nearest=nearest(config.act_layer, ACTIVATIONS, 9)
        )
    return ACTIVATIONS[config.act_layer]()


def norm(config: ResNetConfig, channels: int) -> nn.Module:
    """The normalization that the network names. Raises: ConfigError."""
    if config.norm_layer not in NORMS:
        raise ConfigError("nn.unknown_norm_layer", name=config.norm_layer, nearest=nearest(config.norm_layer, NORMS, 9))
    if config.norm_layer == "groupnorm" and channels % 32:
        raise ConfigError(
            "nn.norm_groups", name=config.norm_layer, groups=32, architecture=config.architecture, channels=channels
        )
    return NORMS[config.norm_layer](channels)


def attention(config: ResNetConfig, channels: int) -> nn.Module:
    """The channel attention that the network names; identity for none. Raises: ConfigError."""
    if config.attn_layer is None:
        return nn.Identity()
    if config.attn_layer == "se":
        return SqueezeExcite(channels, config.attn_ratio)
    if config.attn_layer == "eca":
        return EfficientChannelAttention(channels)
    raise ConfigError("nn.unknown_attn_layer", name=config.attn_layer)


def antialias(config: ResNetConfig, channels: int, stride: int) -> nn.Module:
    """The low-pass filter that carries the stride; identity for none. Raises: ConfigError."""
    if config.aa_layer is None:
        return nn.Identity()
    if config.aa_layer == "avg":
        return nn.AvgPool2d(stride)
    if config.aa_layer == "blur":
        return BlurPool(channels, stride)
    raise ConfigError("nn.unknown_aa_layer", name=config.aa_layer)


def drop_block(config: ResNetConfig, stage: int) -> nn.Module | None:
    """DropBlock of a stage: the third and fourth of ImageNet networks have one, with the sizes and scales of timm."""
    if not config.drop_block_rate or stage not in (2, 3):
        return None
    size, scale = {2: (5, 0.25), 3: (3, 1.0)}[stage]
    return DropBlock(config.drop_block_rate, size, scale)

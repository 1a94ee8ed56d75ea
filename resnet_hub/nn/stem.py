"""The stem: what turns an image into the first feature map, and the pooling behind it."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.layers import activation, antialias, convolution, norm, norm_act


def stem_width(config: ResNetConfig) -> int:
    """Channels of the first feature map."""
    if config.stem == "7x7":
        # timm's first network file has 64 here whatever `stem_width` says, and the rows of that file rely on it.
        return config.plain_stem_width if config.family == "resnet" else config.stem_width
    return config.stem_width if config.stem == "3x3" else 2 * config.stem_width


def stem_convolution(config: ResNetConfig) -> nn.Module:
    """(N, in_chans, H, W) -> (N, stem_width, H / 2, W / 2); the CIFAR stem keeps H and W.

    Source: He et al. 2015, table 1 (7x7) and section 4.2 (3x3); He et al. 2018, "Bag of Tricks", figure 2b (deep).
    """
    out = stem_width(config)
    if config.stem == "7x7":
        return nn.Conv2d(config.in_chans, out, 7, stride=2, padding=3, bias=False)
    if config.stem == "3x3":
        return nn.Conv2d(config.in_chans, out, 3, padding=1, bias=False)
    first, middle = _first_width(config), config.stem_width
    return nn.Sequential(
        nn.Conv2d(config.in_chans, first, 3, stride=2, padding=1, bias=False),
        norm(config, first),
        activation(config),
        nn.Conv2d(first, middle, 3, padding=1, bias=False),
        norm(config, middle),
        activation(config),
        nn.Conv2d(middle, out, 3, padding=1, bias=False),
    )


def preactivation_stem(config: ResNetConfig) -> nn.Sequential:
    """(N, in_chans, H, W) -> (N, stem_width, H / 2, W / 2), before any norm; the CIFAR stem keeps H and W.

    Source: He et al. 2016, "Identity Mappings in Deep Residual Networks", section 4.1; deep and tiered as above.
    """
    out, bias = stem_width(config), config.conv_bias
    if config.stem == "7x7":
        return nn.Sequential(OrderedDict(conv=convolution(config, config.in_chans, out, 7, stride=2, bias=bias)))
    if config.stem == "3x3":
        return nn.Sequential(OrderedDict(conv=convolution(config, config.in_chans, out, 3, bias=bias)))
    first, middle = _first_width(config), config.stem_width
    return nn.Sequential(
        OrderedDict(
            conv1=convolution(config, config.in_chans, first, 3, stride=2),
            norm1=norm_act(config, first),
            conv2=convolution(config, first, middle, 3),
            norm2=norm_act(config, middle),
            conv3=convolution(config, middle, out, 3, bias=bias),
        )
    )


def stem_pool(config: ResNetConfig) -> nn.Module:
    """(N, C, H, W) -> (N, C, H / 2, W / 2), or its input for the CIFAR networks.

    The low-pass variants follow timm: average pooling alone, or a dense maximum and then the blurred stride.
    """
    channels = stem_width(config)
    if config.stem_pool == "none":
        return nn.Identity()
    if config.stem_pool == "zero_padded_max":
        return nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(3, stride=2))
    if config.stem_pool == "conv":
        stride = 1 if config.aa_layer else 2
        convolution = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        filtered = [antialias(config, channels, 2)] if config.aa_layer else []
        return nn.Sequential(convolution, *filtered, norm(config, channels), activation(config))
    if config.aa_layer is None:
        return nn.MaxPool2d(3, stride=2, padding=1)
    if config.aa_layer == "avg":
        return antialias(config, channels, 2)
    return nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), antialias(config, channels, 2))


def _first_width(config: ResNetConfig) -> int:
    """Channels behind the first of three convolutions. Raises: ConfigError when there would be none."""
    first = 3 * (config.stem_width // 4) if config.stem == "tiered" else config.stem_width
    if not first:
        raise ConfigError("nn.stem_width", width=config.stem_width)
    return first

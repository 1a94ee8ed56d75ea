"""Checks before any work is done: parameter counts that fit no machine, and images that do not fit the network."""

from __future__ import annotations

from itertools import count

import torch
from torch import Tensor
from torch.fx import Proxy

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError, ImageError, Phrase
from resnet_hub.nn.blocks import Bottleneck, block_class
from resnet_hub.nn.stem import stem_width

# 16 GB in float32; the largest published residual networks have 0.9 billion.
MAX_PARAMETERS = 4_000_000_000


def parameter_estimate(config: ResNetConfig) -> int:
    """About how many parameters the network has, found without building it: convolutions, attention and head."""
    width_in = stem_width(config)
    total = 9 * (config.in_chans + 2 * width_in) * width_in if config.stem in ("deep", "tiered") else 0
    total += 49 * config.in_chans * width_in + (9 * width_in**2 if config.stem_pool == "conv" else 0)
    for name, width, depth in zip(config.blocks, config.widths, config.depths, strict=True):
        kind = block_class(name)
        width_out = width * kind.expansion
        projection = config.shortcut in ("projection", "avg_projection") and config.down_kernel_size**2
        total += width_in * width_out * projection + _block_weights(config, kind, width_in, width)
        total += (depth - 1) * _block_weights(config, kind, width_out, width)
        if config.attn_layer == "se":
            total += depth * 2 * width_out * max(8, int(width_out * config.attn_ratio))
        width_in = width_out
    return total + width_in * (2 if config.global_pool == "catavgmax" else 1) * config.num_classes


def _block_weights(config: ResNetConfig, kind: type, width_in: int, width: int) -> int:
    """Weights of the convolutions in F(x) of a block."""
    if not issubclass(kind, Bottleneck):
        hidden = width // config.reduce_first
        return 9 * (width_in * hidden + hidden * width)
    hidden = width * config.base_width // 64 * config.cardinality
    first = hidden // config.reduce_first
    return width_in * first + 9 * first * hidden // config.cardinality + hidden * width * kind.expansion


def check_parameters(config: ResNetConfig) -> None:
    """Raises: ConfigError when the network would have more parameters than any machine can hold."""
    estimate = parameter_estimate(config)
    if estimate > MAX_PARAMETERS:
        raise ConfigError(
            "nn.too_many_parameters",
            architecture=config.architecture,
            estimate=estimate / 1e9,
            gigabytes=4 * estimate / 1e9,
            most=MAX_PARAMETERS / 1e9,
        )


def check_images(config: ResNetConfig, images: Tensor) -> None:
    """Nothing where the network can take the tensor; only its shape and type are looked at.

    Traces and exports get past: some have no shape, and the others would write the answer down.

    Raises:
        ImageError: It is not (N, in_chans, H, W) of floating-point numbers, or its sides are not what the strides need.
    """
    if isinstance(images, Proxy) or torch.jit.is_tracing() or torch.compiler.is_exporting():
        return
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[1] != config.in_chans:
        raise ImageError(
            "nn.images_of_another_shape", shape=shape, architecture=config.architecture, channels=config.in_chans
        )
    if not images.is_floating_point():
        raise ImageError("nn.images_not_normalized", type=str(images.dtype))
    for name, side in zip(("height", "width"), shape[2:], strict=True):
        if not side_fits(config, side):
            below = next((fitting for fitting in range(side, 0, -1) if side_fits(config, fitting)), None)
            above = next(fitting for fitting in count(side + 1) if side_fits(config, fitting))
            raise ImageError(
                "nn.side_too_small" if below is None else "nn.side_does_not_fit",
                name=Phrase("nn.height" if name == "height" else "nn.width"),
                side=side,
                architecture=config.architecture,
                below=below,
                above=above,
            )


def side_fits(config: ResNetConfig, side: int) -> bool:
    """Whether every layer can compute with images whose height or width has this many pixels.

    Most networks take any. A blur mirrors the edge, for which it needs two pixels. An average in front of a stride
    drops the last pixel of an odd side, which the shortcut keeps: the two could not be added.
    """
    if config.aa_layer is None:
        return side >= 1
    filters = []  # the stride of each low-pass filter, and whether a shortcut goes around it
    if config.stem_pool != "none":
        filters.append((2, False))
    reduction = (1 if config.stem == "3x3" else 2) * (1 if config.stem_pool == "none" else 2)
    for stride in config.stage_strides[0 if config.stage_strides[0] > 1 else 1 :]:
        filters.append((1 if reduction >= config.most_reduction else stride, config.shortcut != "none"))
        reduction *= filters[-1][0]
    side = side if config.stem == "3x3" else -(-side // 2)
    for stride, has_shortcut in filters:
        if config.aa_layer == "avg" and ((side % stride and has_shortcut) or side < stride):
            return False
        if config.aa_layer == "blur" and side < 2:
            return False
        side = side // stride if config.aa_layer == "avg" else -(-side // stride)
    return side >= 1

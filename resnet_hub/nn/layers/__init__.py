"""The small layers of residual networks: attention, anti-aliasing, stochastic depth, norms, pre-activation."""

from resnet_hub.nn.layers.common import (
    DropBlock,
    DropPath,
    GlobalPool,
    SamePadAvgPool,
    activation,
    antialias,
    attention,
    drop_block,
    norm,
)
from resnet_hub.nn.layers.pre_activation import (
    BatchNormAct,
    PooledConvolution,
    StandardizedConv2d,
    convolution,
    norm_act,
)

__all__ = [
    "BatchNormAct",
    "DropBlock",
    "DropPath",
    "GlobalPool",
    "PooledConvolution",
    "SamePadAvgPool",
    "StandardizedConv2d",
    "activation",
    "antialias",
    "attention",
    "convolution",
    "drop_block",
    "norm",
    "norm_act",
]

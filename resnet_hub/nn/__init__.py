"""Residual networks as tensors see them: stems, blocks, layers, norms, and the network they make; no file, no Hub."""

from resnet_hub.nn.blocks import (
    BasicBlock,
    Bottleneck,
    PreActivationBasicBlock,
    PreActivationBlock,
    PreActivationBottleneck,
    ResidualBlock,
    block_class,
    block_class_v2,
)
from resnet_hub.nn.feature_info import FeatureInfo, Level, feature_level
from resnet_hub.nn.folding import FusedConvolution, chain, computes
from resnet_hub.nn.layers import DropBlock, DropPath, PooledConvolution, activation, norm, norm_act
from resnet_hub.nn.limits import check_images
from resnet_hub.nn.network import ResidualNetwork
from resnet_hub.nn.stages import Checkpointing, Stage
from resnet_hub.nn.stem import preactivation_stem, stem_convolution, stem_pool, stem_width

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "Checkpointing",
    "DropBlock",
    "DropPath",
    "FeatureInfo",
    "FusedConvolution",
    "Level",
    "PooledConvolution",
    "PreActivationBasicBlock",
    "PreActivationBlock",
    "PreActivationBottleneck",
    "ResidualBlock",
    "ResidualNetwork",
    "Stage",
    "activation",
    "block_class",
    "block_class_v2",
    "chain",
    "check_images",
    "computes",
    "feature_level",
    "norm",
    "norm_act",
    "preactivation_stem",
    "stem_convolution",
    "stem_pool",
    "stem_width",
]

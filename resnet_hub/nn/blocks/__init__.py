"""The residual blocks of both families, the activation behind the sum or in front of the convolutions."""

from resnet_hub.nn.blocks.pre_activation import (
    PreActivationBasicBlock,
    PreActivationBlock,
    PreActivationBottleneck,
    block_class_v2,
)
from resnet_hub.nn.blocks.residual import BasicBlock, BlockPlace, Bottleneck, ResidualBlock, block_class

__all__ = [
    "BasicBlock",
    "BlockPlace",
    "Bottleneck",
    "PreActivationBasicBlock",
    "PreActivationBlock",
    "PreActivationBottleneck",
    "ResidualBlock",
    "block_class",
    "block_class_v2",
]

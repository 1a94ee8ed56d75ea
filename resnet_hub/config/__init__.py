"""What a network is (`ResNetConfig`) and what its input is (`Preprocessing`): frozen, JSON both ways."""

from resnet_hub.config.network import MAX_CHANNELS, TASKS, ResNetConfig
from resnet_hub.config.network_input import (
    IMAGE_MODES,
    IMAGENET_MEAN,
    IMAGENET_STD,
    MAX_INPUT_SIZE,
    MAX_VALUE,
    Preprocessing,
)

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "IMAGE_MODES",
    "MAX_CHANNELS",
    "MAX_INPUT_SIZE",
    "MAX_VALUE",
    "TASKS",
    "Preprocessing",
    "ResNetConfig",
]

"""What users construct: networks by name, by config, from a checkpoint; read resnet.py first."""

from resnet_hub.models.auto import AutoResNet
from resnet_hub.models.cost import complexity, feature_map_bytes, meta_network
from resnet_hub.models.factory import create_model
from resnet_hub.models.features import FeatureNetwork
from resnet_hub.models.pretrained import PretrainedNetwork
from resnet_hub.models.resnet import ResNet
from resnet_hub.models.resnetv2 import ResNetV2

__all__ = [
    "AutoResNet",
    "FeatureNetwork",
    "PretrainedNetwork",
    "ResNet",
    "ResNetV2",
    "complexity",
    "create_model",
    "feature_map_bytes",
    "meta_network",
]

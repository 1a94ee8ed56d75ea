"""Residual networks, weight-compatible with timm: load, fine-tune, serve and share them."""

from resnet_hub.classifier import ImageClassifier as ImageClassifier
from resnet_hub.classifier import Prediction as Prediction
from resnet_hub.config import Preprocessing as Preprocessing
from resnet_hub.config import ResNetConfig as ResNetConfig
from resnet_hub.errors import ResNetHubError as ResNetHubError
from resnet_hub.models import AutoResNet as AutoResNet
from resnet_hub.models import FeatureNetwork as FeatureNetwork
from resnet_hub.models import ResNet as ResNet
from resnet_hub.models import ResNetV2 as ResNetV2
from resnet_hub.models import create_model as create_model
from resnet_hub.registry import list_architectures as list_architectures

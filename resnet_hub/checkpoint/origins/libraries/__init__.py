"""Libraries whose weights have names and habits of their own, a file each."""

from resnet_hub.checkpoint.origins.libraries.caffe import ORIGIN as CAFFE
from resnet_hub.checkpoint.origins.libraries.detectron import ORIGIN as DETECTRON
from resnet_hub.checkpoint.origins.libraries.keras import ORIGIN as KERAS
from resnet_hub.checkpoint.origins.libraries.keras_layers import KERAS_CONFIG, KERAS_LAYER, KERAS_OLDER, named_by_order
from resnet_hub.checkpoint.origins.libraries.openmmlab import ORIGIN as OPENMMLAB
from resnet_hub.checkpoint.origins.libraries.quantized import ORIGIN as QUANTIZED
from resnet_hub.checkpoint.origins.libraries.torchvision import ORIGIN as TORCHVISION
from resnet_hub.checkpoint.origins.libraries.torchvision import seen as torchvision_input
from resnet_hub.checkpoint.origins.libraries.transformers import ORIGIN as TRANSFORMERS
from resnet_hub.checkpoint.origins.libraries.transformers import transformers_name

__all__ = [
    "CAFFE",
    "DETECTRON",
    "KERAS",
    "KERAS_CONFIG",
    "KERAS_LAYER",
    "KERAS_OLDER",
    "OPENMMLAB",
    "QUANTIZED",
    "TORCHVISION",
    "TRANSFORMERS",
    "named_by_order",
    "torchvision_input",
    "transformers_name",
]

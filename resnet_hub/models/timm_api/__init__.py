"""timm's interface to networks: what its tools ask one for, and its words for `create_model`."""

from resnet_hub.models.timm_api.attributes import TimmAttributes, feature_facts
from resnet_hub.models.timm_api.words import Source, feature_options, named_source, network_options

__all__ = ["Source", "TimmAttributes", "feature_facts", "feature_options", "named_source", "network_options"]

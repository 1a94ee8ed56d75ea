"""Which networks and weights there are: the table of architectures and the catalog of published weights."""

from resnet_hub.registry.architectures import (
    ARCHITECTURES,
    architecture,
    default_preprocessing,
    in_timm,
    list_architectures,
    named_network,
)
from resnet_hub.registry.counted import CountedCost, counted_cost
from resnet_hub.registry.fingerprints import fingerprint, fitting_architectures, stage_depths
from resnet_hub.registry.imagenet_names import imagenet_label_names
from resnet_hub.registry.pruned import pruned_channels
from resnet_hub.registry.published import (
    OWNER,
    PublishedTag,
    find_tag,
    is_non_commercial,
    is_published_name,
    near_published,
    published_architecture,
    published_tags,
    published_weights,
    renamed_architecture,
)

__all__ = [
    "ARCHITECTURES",
    "OWNER",
    "CountedCost",
    "PublishedTag",
    "architecture",
    "counted_cost",
    "default_preprocessing",
    "find_tag",
    "fingerprint",
    "fitting_architectures",
    "imagenet_label_names",
    "in_timm",
    "is_non_commercial",
    "is_published_name",
    "list_architectures",
    "named_network",
    "near_published",
    "pruned_channels",
    "published_architecture",
    "published_tags",
    "published_weights",
    "renamed_architecture",
    "stage_depths",
]

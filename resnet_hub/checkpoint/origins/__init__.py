"""Where weights come from: a row for each writer, asked in order, and the one that recognizes a network reads it."""

from __future__ import annotations

from dataclasses import replace

from resnet_hub.checkpoint.origins import cifar, residual, self_supervised, sequential
from resnet_hub.checkpoint.origins.folded import has_statistics, with_statistics
from resnet_hub.checkpoint.origins.libraries import (
    CAFFE,
    DETECTRON,
    KERAS,
    KERAS_CONFIG,
    KERAS_LAYER,
    KERAS_OLDER,
    OPENMMLAB,
    QUANTIZED,
    TORCHVISION,
    TRANSFORMERS,
    named_by_order,
    transformers_name,
)
from resnet_hub.checkpoint.origins.notes import noted_classes, noted_normalization
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.checkpoint.origins.reparametrized import refuse_parts, unmasked

ORIGINS: tuple[Origin, ...] = (
    TRANSFORMERS,
    KERAS,
    QUANTIZED,
    self_supervised.ORIGIN,
    self_supervised.DEEP_HEAD,
    OPENMMLAB,
    DETECTRON,
    CAFFE,
    cifar.ORIGIN,
    sequential.ORIGIN,
    TORCHVISION,
    residual.ORIGIN,
)
"""The table, the more particular rows first."""

UNKNOWN = replace(residual.ORIGIN, name="an unknown writer")
"""What reads names that no row recognizes: as they are, so that an error can name them."""

__all__ = [
    "KERAS_CONFIG",
    "KERAS_LAYER",
    "KERAS_OLDER",
    "ORIGINS",
    "Contents",
    "Origin",
    "has_statistics",
    "named_by_order",
    "noted_classes",
    "noted_normalization",
    "origin_of",
    "refuse_parts",
    "transformers_name",
    "unmasked",
    "with_statistics",
]


def origin_of(contents: Contents) -> Origin:
    """The first row that recognizes the network; a folder of ours needs no recognition."""
    if contents.config is not None and "resnet_hub" in contents.config:
        return residual.ORIGIN
    return next((origin for origin in ORIGINS if origin.recognize(contents)), UNKNOWN)

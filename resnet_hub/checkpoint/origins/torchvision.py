"""torchvision's residual networks: timm's names, with an input of their own."""

from __future__ import annotations

import re

from resnet_hub.checkpoint.origins import residual
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig

ANCHOR = re.compile(r"layer1\.0\.conv1\.weight$")
INPUT = Preprocessing(interpolation="bilinear", crop_pct=224 / 256)
"""IMAGENET1K_V1 and the tutorials: shortest side to 256 px, 224 px center crop."""


def recognize(contents: Contents) -> bool:
    """Whether the file keeps torchvision's names of modules: an activation is `relu` there and `act1` in timm."""
    return {"layer1.0.relu", "avgpool"} <= contents.modules


def preprocessing(contents: Contents, network: ResNetConfig) -> Preprocessing:
    """The input of the first published weights."""
    return INPUT.with_channels(network.in_chans)


ORIGIN = Origin("torchvision", ANCHOR, recognize, residual.rename, preprocessing=preprocessing)

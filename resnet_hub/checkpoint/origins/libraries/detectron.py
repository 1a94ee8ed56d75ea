"""detectron2's backbones: stages res2 to res5; images are BGR in 0 to 255 unless the file came from torchvision.

Its norms were frozen and folded in early versions: a scale and a bias, which are all that a group norm has as well.
"""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.origins.libraries import torchvision
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig

ANCHOR = re.compile(r"res2\.0\.conv1\.weight$")
RENAMED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^stem\.conv1\.norm\."), "bn1."),
    (re.compile(r"^stem\.conv1\."), "conv1."),
    (re.compile(r"^stem\.fc\.|^linear\."), "fc."),
    (re.compile(r"\.conv(\d)\.norm\."), r".bn\1."),
    (re.compile(r"\.shortcut\.norm\."), ".downsample.1."),
    (re.compile(r"\.shortcut\."), ".downsample.0."),
)
MEAN = (123.675, 116.28, 103.53)
"""Of the pixels of each channel in the order RGB, on the scale 0 to 255."""


def recognize(contents: Contents) -> bool:
    """Whether the first stage is res2."""
    return any(ANCHOR.match(name) for name in contents.tensors)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The tensors in our names, with the channels of the first convolution in the order RGB."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in contents.tensors.items():
        for theirs, ours in RENAMED:
            name = theirs.sub(ours, name)
        stage = re.match(r"res(\d)\.", name)
        name = f"layer{int(stage[1]) - 1}.{name[stage.end() :]}" if stage else name
        if name == "conv1.weight" and tensor.ndim == 4 and tensor.shape[1] == 3 and not _from_torchvision(contents):
            tensor = tensor.flip(1)
        renamed[name] = tensor
    return renamed


def options(contents: Contents) -> dict[str, Any]:
    """Where a stage strides: Caffe's networks, without groups, at the 1x1."""
    groups = contents.tensors.get("res2.0.conv2.weight")
    grouped = groups is not None and groups.ndim == 4 and groups.shape[0] != groups.shape[1]
    bottleneck = "res2.0.conv3.weight" in contents.tensors
    return {"stride_place": "1x1"} if bottleneck and not grouped and not _from_torchvision(contents) else {}


def preprocessing(contents: Contents, network: ResNetConfig) -> Preprocessing:
    """The pixel mean of detectron2, without a standard deviation but for networks with groups."""
    if _from_torchvision(contents) or network.in_chans != 3:
        return torchvision.seen().with_channels(network.in_chans)
    std = (58.395, 57.12, 57.375) if network.cardinality > 1 else (1.0, 1.0, 1.0)
    mean = tuple(value / 255 for value in MEAN)
    return torchvision.seen(mean=mean, std=tuple(value / 255 for value in std))


def _from_torchvision(contents: Contents) -> bool:
    return contents.extras.get("__author__") == "torchvision"


ORIGIN = Origin(
    "detectron2",
    ANCHOR,
    recognize,
    rename,
    architectures=torchvision.ARCHITECTURES,
    options=options,
    folds_norms=True,
    preprocessing=preprocessing,
)

"""The CIFAR networks of akamaster and kuangliu: `linear` is the head, `shortcut` what stands where shapes differ."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.registry import default_preprocessing

ANCHOR = re.compile(r"layer1\.0\.conv1\.weight$")
RENAMED = ((re.compile(r"^linear\."), "fc."), (re.compile(r"\.shortcut\."), ".downsample."))
WIDE = Preprocessing(
    input_size=(3, 32, 32),
    interpolation="bilinear",
    crop_pct=1.0,
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
)
"""Of kuangliu's networks, which have ImageNet's widths."""


def recognize(contents: Contents) -> bool:
    """Whether a head or a shortcut bears their names beside blocks in layers."""
    blocks = any(ANCHOR.match(name) for name in contents.tensors)
    return blocks and any(theirs.search(name) for name in contents.tensors for theirs, _ in RENAMED)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The same tensors with the head as `fc` and the shortcuts as `downsample`."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in contents.tensors.items():
        for theirs, ours in RENAMED:
            name = theirs.sub(ours, name)
        renamed[name] = tensor
    return renamed


def options(contents: Contents) -> dict[str, Any]:
    """A stem that keeps the size of the image, as both have."""
    first = contents.tensors.get("conv1.weight")
    return {"stem": "3x3", "stem_pool": "none"} if first is not None and first.shape[-1] == 3 else {}


def preprocessing(_: Contents, network: ResNetConfig) -> Preprocessing:
    """The input of akamaster's networks, which is ours, or of kuangliu's."""
    return default_preprocessing(network) if len(network.widths) == 3 else WIDE.with_channels(network.in_chans)


ORIGIN = Origin(
    "the CIFAR networks of akamaster and kuangliu",
    ANCHOR,
    recognize,
    rename,
    architectures=("cifar_resnet*", "resnet[1-9]*"),
    options=options,
    preprocessing=preprocessing,
)

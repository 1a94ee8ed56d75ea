"""transformers' own ResNet (microsoft/resnet-50 and what is tuned from it): stages of layers behind an embedder."""

from __future__ import annotations

import re

from torch import Tensor

from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig

ANCHOR = re.compile(r"(?:resnet\.)?embedder\.embedder\.convolution\.weight$")
BLOCK = re.compile(r"(?:resnet\.)?encoder\.stages\.(\d+)\.layers\.(\d+)\.(?:layer\.(\d)|shortcut)\.(\w+)\.(\w+)")
OTHERS = {
    "embedder.embedder.convolution.": "conv1.",
    "embedder.embedder.normalization.": "bn1.",
    "classifier.1.": "fc.",
}
INPUT = Preprocessing(crop_pct=224 / 256)
"""Of the published ones, where no preprocessor_config.json says another: 224 px, bicubic."""


def recognize(contents: Contents) -> bool:
    """Whether the stem is an embedder and the blocks lie in an encoder's stages."""
    stem = any(ANCHOR.fullmatch(name) for name in contents.tensors)
    return stem and any(BLOCK.fullmatch(name) for name in contents.tensors)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The same tensors as conv1, bn1, layer1 ... and fc."""
    return {our_name(name): tensor for name, tensor in contents.tensors.items()}


def our_name(name: str) -> str:
    """The name here of a tensor in transformers; one that is unknown stays, to be named as such."""
    if found := BLOCK.fullmatch(name):
        stage, block, layer, kind, leaf = found.groups()
        convolution = kind == "convolution"
        if layer is None:
            part = f"downsample.{0 if convolution else 1}"
        else:
            part = f"{'conv' if convolution else 'bn'}{int(layer) + 1}"
        return f"layer{int(stage) + 1}.{block}.{part}.{leaf}"
    name = name.removeprefix("resnet.")
    for theirs, ours in OTHERS.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def transformers_name(name: str, *, head: bool = True) -> str:
    """The name in transformers of a tensor of ours, the inverse of `our_name`; `head`: in a network with a head."""
    prefix = "resnet." if head else ""
    for theirs, ours in OTHERS.items():
        if name.startswith(ours):
            return ("" if ours == "fc." else prefix) + theirs + name.removeprefix(ours)
    stage, block, *parts, leaf = name.split(".")
    if parts[0] == "downsample":
        part = f"shortcut.{'convolution' if parts[1] == '0' else 'normalization'}"
    else:
        kind = "convolution" if parts[0].startswith("conv") else "normalization"
        part = f"layer.{int(parts[0][-1]) - 1}.{kind}"
    return f"{prefix}encoder.stages.{int(stage.removeprefix('layer')) - 1}.layers.{block}.{part}.{leaf}"


def preprocessing(_: Contents, network: ResNetConfig) -> Preprocessing:
    """The input of the published networks."""
    return INPUT.with_channels(network.in_chans)


ORIGIN = Origin(
    "transformers",
    ANCHOR,
    recognize,
    rename,
    architectures=tuple(f"resnet{depth}" for depth in (18, 26, 34, 50, 101, 152)),
    preprocessing=preprocessing,
)

"""mmpretrain and mmcls: a backbone in torchvision's names, the head beside it, class names among the notes."""

from __future__ import annotations

import re

from torch import Tensor

from resnet_hub.checkpoint.origins.libraries import torchvision
from resnet_hub.checkpoint.origins.notes import options_of
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig

ANCHOR = re.compile(r"layer1\.0\.conv1\.weight$")
STEM = {
    **{f"stem.{3 * part}.": f"conv1.{3 * part}." for part in range(3)},
    **{f"stem.{3 * part + 1}.": f"conv1.{3 * part + 1}." for part in range(2)},
    "stem.7.": "bn1.",
    **{f"stem.{part}.conv.": f"conv1.{3 * part}." for part in range(3)},
    **{f"stem.{part}.bn.": f"conv1.{3 * part + 1}." for part in range(2)},
    "stem.2.bn.": "bn1.",
}
"""The three convolutions of the variants -c and -d, as plain layers or as layers of a convolution and its norm."""
ATTENTION = re.compile(r"\.se_layer\.conv([12])\.conv\.")
HEAD = "head.fc."
SMALL = Preprocessing(
    input_size=(3, 32, 32),
    interpolation="bilinear",
    crop_pct=1.0,
    mean=(0.4914, 0.48216, 0.44653),
    std=(0.2023, 0.19941, 0.20101),
)


def recognize(contents: Contents) -> bool:
    """Whether the network is a backbone with a head `head.fc` beside it, or has layers that only they name so."""
    tensors = contents.tensors
    blocks = any(ANCHOR.match(name) for name in tensors)
    beside = contents.place.endswith("backbone") and f"{HEAD}weight" in contents.around
    return blocks and (beside or any(name.startswith("stem.") or ATTENTION.search(name) for name in tensors))


def rename(contents: Contents) -> dict[str, Tensor]:
    """The backbone in our names, with the head as `fc`."""
    nested = any(name.startswith("stem.") and name.split(".")[2] in ("conv", "bn") for name in contents.tensors)
    stem = {theirs: ours for theirs, ours in STEM.items() if theirs.endswith(("conv.", "bn.")) == nested}
    renamed: dict[str, Tensor] = {}
    for name, tensor in contents.tensors.items():
        theirs = next((prefix for prefix in stem if name.startswith(prefix)), "")
        name = stem[theirs] + name.removeprefix(theirs) if theirs else name
        renamed[ATTENTION.sub(r".se.fc\1.", name)] = tensor
    for leaf in ("weight", "bias"):
        if f"{HEAD}{leaf}" in contents.around:
            renamed[f"fc.{leaf}"] = contents.around[f"{HEAD}{leaf}"]
    return renamed


def preprocessing(_: Contents, network: ResNetConfig) -> Preprocessing:
    """The input of their configs: that of torchvision for ImageNet, 32 px for CIFAR."""
    return (SMALL if network.stem == "3x3" else torchvision.seen()).with_channels(network.in_chans)


def label_names(contents: Contents) -> tuple[str, ...] | None:
    """The class names that the notes of training keep."""
    meta = contents.extras.get("meta")
    kept = {**getattr(meta, "__dict__", {}), **meta} if isinstance(meta, dict) else options_of(contents)
    nested = kept.get("dataset_meta")
    names = kept.get("CLASSES") or (nested.get("classes") if isinstance(nested, dict) else None)
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names) or None


ORIGIN = Origin(
    "mmpretrain",
    ANCHOR,
    recognize,
    rename,
    architectures=(*torchvision.ARCHITECTURES, "resnet50?", "resnet101?", "resnet152?", "seresnet*"),
    preprocessing=preprocessing,
    label_names=label_names,
)

"""Caffe2's blobs, one word for a name, BGR in 0 to 255: Detectron's with folded norms, and those of detectron2."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.origins.folded import with_statistics
from resnet_hub.checkpoint.origins.libraries import detectron, torchvision
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig

ANCHOR = re.compile(r"res2_0_branch2a_w$")
IN_BLOCK = re.compile(r"res(\d)_(\d+)_branch(1|2[abc])_(w|[bg]n_\w+)")
STEM_NORM = re.compile(r"(?:res_)?conv1_([bg]n_\w+)")
OTHERS = {
    "conv1_w": "conv1.weight",
    "fc1000_w": "fc.weight",
    "fc1000_b": "fc.bias",
    "pred_w": "fc.weight",
    "pred_b": "fc.bias",
}
LEAVES = {
    "w": "weight",
    "bn_s": "weight",
    "bn_b": "bias",
    "bn_gamma": "weight",
    "bn_beta": "bias",
    "bn_running_mean": "running_mean",
    "bn_running_var": "running_var",
    "gn_s": "weight",
    "gn_b": "bias",
}
UNFOLDED = "res_conv1_bn_gamma"
"""What detectron2's files have where Detectron's have a scale."""
GROUP_NORM = "res2_0_branch2a_gn_s"
MOMENTUM = "_momentum"
MEAN = (122.7717, 115.9465, 102.9801)
"""Of the pixels of each channel in the order RGB, on the scale 0 to 255. Source: Detectron's PIXEL_MEANS."""


def recognize(contents: Contents) -> bool:
    """Whether the first block bears its blob's name."""
    return any(ANCHOR.match(name) for name in contents.tensors)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The blobs in our names, the first convolution for RGB, and the statistics that a scale and a bias stand for."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in contents.tensors.items():
        if name.endswith(MOMENTUM):
            continue
        ours = OTHERS.get(name) or _our_name(name)
        if ours == "conv1.weight" and tensor.ndim == 4:
            tensor = tensor.flip(1)
        renamed[ours] = tensor
    folded = UNFOLDED not in contents.tensors and GROUP_NORM not in contents.tensors
    return with_statistics(renamed) if folded else renamed


def left_over(contents: Contents) -> dict[str, str]:
    """The optimizer's blobs."""
    return dict.fromkeys((name for name in contents.tensors if name.endswith(MOMENTUM)), "momentum")


def options(contents: Contents) -> dict[str, Any]:
    """Where a stage strides: at the 1x1, but for networks with groups or group norm."""
    return {} if _has_groups(contents) or GROUP_NORM in contents.tensors else {"stride_place": "1x1"}


def preprocessing(contents: Contents, network: ResNetConfig) -> Preprocessing:
    """The pixel mean of Detectron, without a standard deviation; what detectron2 takes where the file is its own."""
    if UNFOLDED in contents.tensors:
        return detectron.preprocessing(contents, network)
    return torchvision.seen(mean=tuple(value / 255 for value in MEAN), std=(1 / 255,) * 3)


def _has_groups(contents: Contents) -> bool:
    middle = contents.tensors.get("res2_0_branch2b_w")
    return middle is not None and middle.ndim == 4 and middle.shape[0] != middle.shape[1]


def _our_name(name: str) -> str:
    """The name here of a blob of the stem's norm or in a block; any other stays, to be named as unknown."""
    stem = STEM_NORM.fullmatch(name)
    if stem and stem[1] in LEAVES:
        return f"bn1.{LEAVES[stem[1]]}"
    found = IN_BLOCK.fullmatch(name)
    if found is None or found[4] not in LEAVES:
        return name
    stage, block, branch, leaf = found.groups()
    place = {"1": ("downsample.0", "downsample.1")}.get(branch)
    number = "abc".find(branch[-1]) + 1
    convolution, norm = place or (f"conv{number}", f"bn{number}")
    return f"layer{int(stage) - 1}.{block}.{convolution if leaf == 'w' else norm}.{LEAVES[leaf]}"


ORIGIN = Origin(
    "Caffe2",
    ANCHOR,
    recognize,
    rename,
    left_over=left_over,
    architectures=(*torchvision.ARCHITECTURES, "resnet50_gn"),
    options=options,
    preprocessing=preprocessing,
)

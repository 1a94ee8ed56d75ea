"""Caffe2's blobs, as Detectron's pickles hold them: one word for a name, BGR in 0 to 255, norms of scale and bias."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from resnet_hub.checkpoint.origins import torchvision
from resnet_hub.checkpoint.origins.origin import Contents, Origin
from resnet_hub.config import Preprocessing, ResNetConfig

ANCHOR = re.compile(r"res2_0_branch2a_w$")
CONVOLUTION = re.compile(r"res(\d)_(\d+)_branch(1|2[abc])_(w|bn_s|bn_b)")
OTHERS = {
    "conv1_w": "conv1.weight",
    "res_conv1_bn_s": "bn1.weight",
    "res_conv1_bn_b": "bn1.bias",
    "fc1000_w": "fc.weight",
    "fc1000_b": "fc.bias",
    "pred_w": "fc.weight",
    "pred_b": "fc.bias",
}
LEAVES = {"w": "weight", "bn_s": "weight", "bn_b": "bias"}
MOMENTUM = "_momentum"
MEAN = (122.7717, 115.9465, 102.9801)
"""Of the pixels of each channel in the order RGB, on the scale 0 to 255. Source: Detectron's PIXEL_MEANS."""
EPSILON = 1e-5
"""What a norm adds to the variance: with the rest of 1 as variance, it is a scale and a bias alone."""


def recognize(contents: Contents) -> bool:
    """Whether the first block bears its blob's name."""
    return any(ANCHOR.match(name) for name in contents.tensors)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The blobs in our names, the first convolution for RGB, and the statistics that a scale and a bias stand for."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in contents.tensors.items():
        if name.endswith(MOMENTUM):
            continue
        ours = OTHERS.get(name) or _in_block(name)
        if ours == "conv1.weight" and tensor.ndim == 4:
            tensor = tensor.flip(1)
        renamed[ours] = tensor
    for name in [name for name in renamed if re.search(r"(?:bn\d|downsample\.1)\.weight$", name)]:
        norm = name.removesuffix("weight")
        renamed.setdefault(f"{norm}running_mean", torch.zeros_like(renamed[name]))
        renamed.setdefault(f"{norm}running_var", torch.full_like(renamed[name], 1 - EPSILON))
    return renamed


def left_over(contents: Contents) -> dict[str, str]:
    """The optimizer's blobs."""
    return dict.fromkeys((name for name in contents.tensors if name.endswith(MOMENTUM)), "momentum")


def options(_: Contents) -> dict[str, Any]:
    """Where a stage strides: at the 1x1."""
    return {"stride_place": "1x1"}


def preprocessing(_: Contents, network: ResNetConfig) -> Preprocessing:
    """The pixel mean of Detectron, without a standard deviation."""
    return torchvision.seen(mean=tuple(value / 255 for value in MEAN), std=(1 / 255,) * 3)


def _in_block(name: str) -> str:
    """The name here of a blob in a block; any other stays, to be named as unknown."""
    found = CONVOLUTION.fullmatch(name)
    if found is None:
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
    architectures=torchvision.ARCHITECTURES,
    options=options,
    preprocessing=preprocessing,
)

"""A network of torchvision's as `nn.Sequential(*network.children())`: numbers in place of names."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from resnet_hub.checkpoint.origins.libraries import TORCHVISION
from resnet_hub.checkpoint.origins.origin import Contents, Origin

ANCHOR = re.compile(r"\d\.0\.conv1\.weight$")
STAGES = 4


def recognize(contents: Contents) -> bool:
    """Whether a stage bears a number where torchvision has its name."""
    return any(ANCHOR.match(name) for name in contents.tensors)


def rename(contents: Contents) -> dict[str, Tensor]:
    """The tensors under torchvision's names; what has a number of no part of a network stays, to be named."""
    first = first_stage(contents)
    parts = {"0": "conv1", "1": "bn1", **{str(first + stage): f"layer{stage + 1}" for stage in range(STAGES)}}
    parts |= {str(number): "fc" for number in range(first + STAGES, first + STAGES + 3)}
    renamed: dict[str, Tensor] = {}
    for name, tensor in contents.tensors.items():
        number, _, rest = name.partition(".")
        renamed[f"{parts.get(number, number)}.{rest}"] = tensor
    return renamed


def first_stage(contents: Contents) -> int:
    """The number of the first stage: 4, or 3 where the pooling behind the stem is left out."""
    return min(int(name[0]) for name in contents.tensors if ANCHOR.match(name))


def options(contents: Contents) -> dict[str, Any]:
    """The stem without pooling, where there is no number for one."""
    first = contents.tensors.get("0.weight")
    small = first is not None and first.shape[-1] == 3
    return {"stem": "3x3", "stem_pool": "none"} if small and first_stage(contents) == 3 else {}


ORIGIN = Origin(
    "a Sequential of torchvision's",
    ANCHOR,
    recognize,
    rename,
    architectures=TORCHVISION.architectures,
    options=options,
    preprocessing=TORCHVISION.preprocessing,
)

"""The layers of Keras's residual networks: their names, and the order in which files without names keep them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

KERAS_CONFIG = "keras_config"
"""Under which name a model's own config stands beside its tensors."""
KERAS_BLOCK = re.compile(r"conv(\d{1,3})_block(\d{1,4})_(preact|[0-3])_(conv|bn)")
"""Stage, block, part and kind of a layer inside a residual block."""
KERAS_LAYER = re.compile(rf"{KERAS_BLOCK.pattern}|conv1_conv|conv1_bn|post_bn|predictions|probs")
"""The name of a layer with weights."""
KERAS_OLDER = re.compile(r"res\d[a-z]_branch")
"""A layer of the definitions before 2019, whose norms had another epsilon and whose pooling no border."""
STAGES = {16: (3, 4, 6, 3), 33: (3, 4, 23, 3), 50: (3, 8, 36, 3)}
"""Blocks in each stage, by all blocks: of ResNet-50, -101 and -152."""


def named_by_order(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors with the layers' names, where their groups have numbers for names ("layers/conv2d_12").

    Keras wrote names beside the numbers only later; without them the order says which layer it is.
    """
    groups = _numbered(tensors)
    convolutions, norms = groups.get("conv2d", []), groups.get("batch_normalization", [])
    stages = STAGES.get((len(convolutions) - 5) // 3)
    if any(KERAS_LAYER.fullmatch(_layer(name)) for name in tensors) or stages is None:
        return dict(tensors)
    names = {}
    for v2 in (False, True):
        ordered = _in_order(stages, v2=v2)
        if (len(ordered[0]), len(ordered[1])) == (len(convolutions), len(norms)):
            names = dict(zip([*convolutions, *norms], [*ordered[0], *ordered[1]], strict=True))
    named = {name: f"{names.get(_layer(name), _layer(name))}/{name.rpartition('/')[2]}" for name in tensors}
    return {named[name]: tensor for name, tensor in tensors.items()}


def _layer(name: str) -> str:
    return name.rpartition("/")[0]


def _numbered(tensors: Mapping[str, Tensor]) -> dict[str, list[str]]:
    """Kind of layer -> its groups, by their numbers."""
    found: dict[str, dict[int, str]] = {}
    for name in tensors:
        group = _layer(name)
        last = group.rpartition("/")[2]
        kind, _, number = last.rpartition("_")
        if not number.isdecimal():
            kind, number = last, "0"
        found.setdefault(kind, {})[int(number)] = group
    return {kind: [groups[number] for number in sorted(groups)] for kind, groups in found.items()}


def _in_order(stages: Sequence[int], *, v2: bool) -> tuple[list[str], list[str]]:
    """The names of convolutions and of norms as Keras lists the layers: by their distance from the output."""
    convolutions, norms = ["conv1_conv"], [] if v2 else ["conv1_bn"]
    for stage, depth in enumerate(stages, start=2):
        for block in range(1, depth + 1):
            name = f"conv{stage}_block{block}"
            parts = (1, 2, 0, 3) if block == 1 else (1, 2, 3)
            convolutions += [f"{name}_{part}_conv" for part in parts]
            norms += [f"{name}_preact_bn"] if v2 else []
            norms += [f"{name}_{part}_bn" for part in ((1, 2) if v2 else parts)]
    return convolutions, norms + (["post_bn"] if v2 else [])

"""Weights that a tool keeps as parts of others: pruned ones are multiplied out, the rest is refused by its tool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from torch import Tensor

from resnet_hub.errors import CheckpointError, Phrase
from resnet_hub.terminal import shown_name

PARTS: tuple[tuple[re.Pattern[str], tuple[str, str], Phrase], ...] = (
    (
        re.compile(r".+\.(?:lora_\w+|base_layer|hada_\w+|lokr_\w+)(?:\.|$)"),
        ("", ""),
        Phrase("checkpoint.whole_by_peft"),
    ),
    (re.compile(r".+\.parametrizations\..+\.original\d?$"), ("", ""), Phrase("checkpoint.whole_by_parametrize")),
    (re.compile(r".+_g$"), ("_g", "_v"), Phrase("checkpoint.whole_by_weight_norm")),
    (re.compile(r".+_orig$"), ("_orig", "_u"), Phrase("checkpoint.whole_by_spectral_norm")),
)
"""Names of such parts, what they and the parts beside them end in, and how their tool gives the whole."""
SHOWN = 3


def unmasked(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with those that were pruned as they compute: `weight_orig` times `weight_mask` is `weight`."""
    found = {}
    for name, tensor in state.items():
        mask = state.get(f"{name.removesuffix('_orig')}_mask") if name.endswith("_orig") else None
        if mask is not None and mask.shape == tensor.shape:
            found[name.removesuffix("_orig")] = tensor * mask.to(tensor.dtype)
        elif not (name.endswith("_mask") and f"{name.removesuffix('_mask')}_orig" in state):
            found[name] = tensor
    return found


def refuse_parts(names: Mapping[str, Tensor], file: str) -> None:
    """Raises: CheckpointError where tensors are parts of weights that only a tool puts together."""
    for pattern, (end, other), way in PARTS:
        found = [name for name in names if pattern.match(name) and f"{name.removesuffix(end)}{other}" in names]
        if found:
            shown = ", ".join(map(shown_name, islice(found, SHOWN))) + (", ..." if len(found) > SHOWN else "")
            raise CheckpointError("checkpoint.parts_of_weights", file=file, names=shown, way=way)

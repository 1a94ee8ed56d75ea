"""The tensors of a network as libraries expect them that know no frozen norms: each norm with its counter."""

from __future__ import annotations

import torch
from torch import Tensor

from resnet_hub.models import PretrainedNetwork

COUNTER = "num_batches_tracked"


def complete_state(model: PretrainedNetwork) -> dict[str, Tensor]:
    """The state dict, with the counter of batches that frozen norms lack, so that a strict reader misses nothing."""
    state = dict(model.state_dict())
    for name in [name for name in state if name.endswith(".running_var")]:
        state.setdefault(f"{name.removesuffix('running_var')}{COUNTER}", torch.zeros((), dtype=torch.int64))
    return state

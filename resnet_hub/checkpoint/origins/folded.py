"""Norms that were folded into a scale and a bias -> batch norms with the statistics that leave both as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

NORM = re.compile(r"(.*(?:bn\d|downsample\.1)\.)weight")
EPSILON = 1e-5
"""What a norm adds to the variance: with the rest of 1 as variance, it is a scale and a bias alone."""


def has_statistics(state: Mapping[str, Tensor]) -> bool:
    """Whether any norm of a network under our names has a mean and a variance."""
    return any(name.endswith(("running_mean", "running_var")) for name in state)


def with_statistics(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a network under our names, and the statistics that a scale and a bias stand for."""
    found = dict(state)
    for name, scale in state.items():
        if norm := NORM.fullmatch(name):
            found.setdefault(f"{norm[1]}running_mean", torch.zeros_like(scale))
            found.setdefault(f"{norm[1]}running_var", torch.full_like(scale, 1 - EPSILON))
    return found

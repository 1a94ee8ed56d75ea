"""Tensors of PyTorch and arrays of numpy: the same numbers, either as it was given; arrays need no torch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Numbers = TypeVar("Numbers", "Tensor", np.ndarray)
"""A tensor, or an array: what takes one gives one of the same kind."""


def is_tensor(given: object) -> TypeGuard[Tensor]:
    """Whether it is a tensor, of which there is none before torch is loaded."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(given, torch.Tensor)


def as_array(given: Tensor | np.ndarray) -> np.ndarray:
    """The array itself, or one that shares the memory of a tensor on the CPU; of one elsewhere it is a copy."""
    found: Any = given.cpu().numpy() if is_tensor(given) else given
    array: np.ndarray = found
    return array


def of_kind(given: Tensor | np.ndarray, like: Numbers) -> Numbers:
    """The same numbers as a tensor on the CPU where `like` is a tensor, else as an array."""
    found: Any = given
    if is_tensor(like) and not is_tensor(given):
        import torch

        found = torch.from_numpy(given)
    elif not is_tensor(like):
        found = as_array(given)
    return found

"""Tensors of a network -> what any reader of a weights file opens: all their numbers, on the CPU, each for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from resnet_hub.errors import CheckpointError


def plain_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors on the CPU, contiguous, none in the memory of another.

    Raises:
        CheckpointError: A tensor has no numbers, or not all of them, or they are not stored as numbers.
    """
    for name, tensor in state.items():
        _refuse_other_kinds(name, tensor)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    places = Counter(_place(tensor) for tensor in plain.values())
    return {name: tensor.clone() if places[_place(tensor)] > 1 else tensor for name, tensor in plain.items()}


def _place(tensor: Tensor) -> object:
    """What is the same for tensors that share memory; an object of its own where there is none."""
    return tensor.untyped_storage().data_ptr() if tensor.numel() else object()


def _refuse_other_kinds(name: str, tensor: Tensor) -> None:
    """Raises: CheckpointError for a tensor without storage, sharded, quantized or sparse."""
    if tensor.is_meta:
        raise CheckpointError("checkpoint.tensor_without_storage", name=name)
    if type(tensor) not in (Tensor, nn.Parameter):
        raise CheckpointError("checkpoint.no_plain_tensor", name=name, kind=type(tensor).__name__)
    if tensor.layout != torch.strided or tensor.is_quantized:
        kind = tensor.dtype if tensor.is_quantized else tensor.layout
        raise CheckpointError("checkpoint.no_plain_tensor", name=name, kind=str(kind).removeprefix("torch."))

"""A network as it was when it was looked at, to tell whether its answers may have changed since."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from operator import is_
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as registry

SAMPLES = 1024
"""Values that are compared of a tensor at each look, at least; of shorter ones, all are."""
SLICE = 2**18
"""Most values of eight bytes that are added up at a time."""
OF_ALL = len(vars(nn.Module()))
"""Attributes that every module begins with: its mode, which changes no answer, and what `parts` looks into."""
WHOLE = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""The whole numbers that have the bits of a value of so many bytes."""


def parts(module: nn.Module) -> list[Any]:
    """Every object that a network is made of: its modules, their classes, settings, hooks and tensors, in order."""
    return _parts(module, [len(registry._global_forward_hooks), len(registry._global_forward_pre_hooks)])


def _parts(module: nn.Module, found: list[Any]) -> list[Any]:
    found += (module, type(module), type(module).forward, len(module._forward_hooks), len(module._forward_pre_hooks))
    found += islice(vars(module).values(), OF_ALL, None)
    found += module._parameters.values()
    found += module._buffers.values()
    for child in module._modules.values():
        if child is not None:
            _parts(child, found)
    return found


def same(before: Sequence[Any], now: Sequence[Any]) -> bool:
    """Whether both hold the very same objects."""
    return len(before) == len(now) and all(map(is_, before, now))


class Snapshot:
    """The weights of a network at this moment. Not thread-safe.

    PyTorch counts what is written into a tensor, but not what is written through `tensor.data`, numpy or another
    process. Such writes are found by their values: the bits of every weight are added up at each look, and a sample is
    compared as well, since values that change places have the same sum.
    """

    def __init__(self, model: nn.Module) -> None:
        self._tensors = [*model.parameters(), *model.buffers()]
        self._counted = [tensor for tensor in self._tensors if not tensor.is_inference()]
        self._marks = self._marks_now()
        flat = [_flat(tensor) for tensor in self._tensors if tensor.is_floating_point()]
        long = [values for values in flat if _step(values) > 1]
        # By size, since only numbers of one size can be laid behind each other.
        self._samples: dict[int, list[Tensor]] = {}
        for values in flat:
            self._samples.setdefault(values.itemsize, []).append(values[:: _step(values)])
        for values in long:
            start, end = _words(values)
            self._samples[values.itemsize] += values[:start], values[end:]
        self._sampled = self._sampled_now()
        self._slices = [part for values in long for part in _slices(values)]
        self._sums, self._looks = self._sums_now(), 0

    def still_holds(self, turns: int = 1) -> bool:
        """Whether every weight is where it was and has the values that it had.

        Args:
            turns: Looks that the sums are spread over. What they alone can find, a write into few values that nothing
                counts, is found that many looks later at most.
        """
        if self._marks != self._marks_now():
            return False
        if not all(map(torch.equal, self._sampled, self._sampled_now())):
            return False
        self._looks += 1
        here = slice(self._looks % turns, None, turns)
        return self._sums[here] == self._sums_now(here)

    def _marks_now(self) -> list[Any]:
        places = [(tensor.data_ptr(), tensor.shape, tensor.stride()) for tensor in self._tensors]
        return [places, [tensor._version for tensor in self._counted]]

    def _sampled_now(self) -> list[Tensor]:
        return [torch.cat(samples) for samples in self._samples.values()]

    def _sums_now(self, here: slice = slice(None)) -> list[int]:
        return [int(part.sum()) for part in self._slices[here]]


def _flat(tensor: Tensor) -> Tensor:
    """The values of a tensor as whole numbers, in the order of memory and in the same memory."""
    order = sorted(range(tensor.ndim), key=lambda index: (tensor.stride(index), tensor.shape[index]), reverse=True)
    return tensor.detach().permute(order).view(-1).view(WHOLE[tensor.itemsize])


def is_dense(tensor: Tensor) -> bool:
    """Whether the values lie behind each other in memory, in whatever order of dimensions."""
    order = sorted(range(tensor.ndim), key=lambda index: (tensor.stride(index), tensor.shape[index]), reverse=True)
    return tensor.permute(order).is_contiguous()


def _step(values: Tensor) -> int:
    """How far apart the compared values lie: a number without the factors of shapes, so that all places have turns."""
    step = max(1, values.numel() // SAMPLES)
    while any(step % factor == 0 for factor in (2, 3, 5, 7)):
        step -= 1
    return step


def _words(values: Tensor) -> tuple[int, int]:
    """Where the numbers of eight bytes begin and end among the values."""
    each = 8 // values.itemsize
    start = -int(values.storage_offset()) % each
    return start, start + (len(values) - start) // each * each


def _slices(values: Tensor) -> list[Tensor]:
    """The memory of `values` as numbers of eight bytes, but for what `_words` leaves at its ends."""
    start, end = _words(values)
    return list(values[start:end].view(torch.int64).split(SLICE))

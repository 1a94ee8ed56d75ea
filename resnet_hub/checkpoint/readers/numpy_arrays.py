"""Arrays of NumPy's in a pickle -> tensors, by stand-ins that keep bytes, type and shape."""

from __future__ import annotations

import math
import pickle
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

DTYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1")
"""Types of the arrays that become tensors."""
MAKERS = ("_reconstruct", "_frombuffer")
"""Functions of NumPy's whose results are arrays."""
DEPTH = 4
"""How deep arrays lie inside dictionaries."""


class NumpyType:
    """Stands for the type of an array."""

    def __init__(self, name: object = "", *_: object) -> None:
        self.name = name.decode("latin-1") if isinstance(name, bytes) else str(name)
        self.order: Literal["<", ">", "="] = "="

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple) and len(state) > 1:
            self.order = "<" if state[1] == "<" else ">" if state[1] == ">" else "="


class NumpyArray:
    """Stands for an array, whichever function would have made it."""

    def __init__(self, *arguments: Any) -> None:
        self.kept: tuple[Any, ...] = ()
        if len(arguments) == 4:  # the bytes, the type, the shape and the order of a newer pickle
            content, kind, shape, order = arguments
            self.kept = (1, shape, kind, order == "F", content)

    def __setstate__(self, state: object) -> None:
        self.kept = state if isinstance(state, tuple) else ()

    def tensor(self) -> torch.Tensor | None:
        """The same values as a tensor; None for an array of another type. Raises: ValueError where they are damaged."""
        _, shape, kind, fortran, content = self.kept
        if not isinstance(kind, NumpyType) or kind.name.lstrip("<>|=") not in DTYPES:
            return None
        raw = content.encode("latin-1") if isinstance(content, str) else content
        if not isinstance(raw, bytes | bytearray):  # of a number, `bytes` would make as many zeros
            raise ValueError(type(raw))
        array = np.frombuffer(raw, np.dtype(kind.name).newbyteorder(kind.order))
        if array.size != math.prod(shape):
            raise ValueError(shape)
        array = array.reshape(shape, order="F" if fortran else "C")
        return torch.from_numpy(np.array(array, array.dtype.newbyteorder("="), order="C"))


def stand_in(name: str) -> type | None:
    """What takes the place of a name of NumPy's; None for one that makes no array and no type."""
    module, _, last = name.rpartition(".")
    if not module.startswith("numpy"):
        return None
    if last in MAKERS:
        return NumpyArray
    return NumpyType if last == "dtype" else None


def with_tensors(content: Any, depth: int = DEPTH) -> Any:
    """The same dictionaries with arrays as tensors."""
    if isinstance(content, NumpyArray):
        return content.tensor()
    if not isinstance(content, dict) or depth == 0:
        return content
    for key, value in content.items():
        content[key] = with_tensors(value, depth - 1)
    return content


class _Unpickler(pickle.Unpickler):
    """Makes arrays of stand-ins, dictionaries, texts and numbers; refuses any other name."""

    def find_class(self, module: str, name: str) -> Any:
        if found := stand_in(f"{module}.{name}"):
            return found
        if (module, name) == ("numpy", "ndarray"):
            return NumpyType
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("_codecs", "encode"):  # how Python 3 writes bytes for Python 2
            return _encoded
        if (module, name) in (("builtins", "bytes"), ("__builtin__", "bytes")):
            return _no_bytes
        raise pickle.UnpicklingError(f"{module}.{name}")


def _no_bytes() -> bytes:
    """What Python 3 writes for Python 2 where an array is empty; a size would be a stranger's."""
    return b""


def _encoded(text: str, *_: object) -> bytes:
    return text.encode("latin-1")


def read_array_pickle(file: Path) -> Any:
    """What a plain pickle of arrays holds, as detectron2 and Caffe2 write it, with tensors in their place.

    Raises: Exception where it is damaged, or holds anything but arrays, dictionaries, texts and numbers.
    """
    return with_tensors(_Unpickler(BytesIO(file.read_bytes()), encoding="latin-1").load())

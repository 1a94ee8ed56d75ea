"""What TorchScript needs where it knows less than Python: no `super()` in a method, a function by its own name."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, cast

from torch import Tensor


def under_name(name: str, method: Callable[..., Tensor]) -> Any:
    """The same method under another name: what a subclass calls in place of `super()`, and TorchScript compiles."""
    function = cast(FunctionType, method)
    return FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)

"""Weights that tests train: once for all their processes, the first of which writes them into the folder they share."""

from collections.abc import Callable

import zygote
from filelock import FileLock
from safetensors.torch import load_file, save_file
from torch import Tensor


def trained_once(name: str, train: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The weights of this name, as the first process of tests that asked for them has trained them."""
    file = zygote.meeting() / f"{name}.safetensors"
    with FileLock(file.with_suffix(".lock")):
        if not file.exists():
            save_file(train(), file)
    return load_file(file)

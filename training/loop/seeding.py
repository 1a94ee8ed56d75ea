"""What is random in a step follows from (seed, step, process) alone; and operations that repeat bit for bit."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from resnet_hub.errors import TrainingError


def seed_step(seed: int, step: int, process: int) -> None:
    """Seeds Python, NumPy and PyTorch (every device) for one step, so that no state of theirs has to be saved.

    Dropout, stochastic depth and mixed images are then the same after a run was interrupted, whatever was drawn
    before: by an evaluation, a loader or the step that the interruption lost.
    """
    entropy = int(np.random.SeedSequence((seed, step, process)).generate_state(1, np.uint64)[0])
    random.seed(entropy)
    np.random.seed(entropy % 2**32)
    torch.manual_seed(entropy)


@contextmanager
def repeatable(wanted: bool) -> Iterator[None]:
    """Where `wanted`, only operations that give the same bits each time run in this block.

    Raises:
        TrainingError: The network needs one that does not.
    """
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when the device's first product is computed
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        name = str(error).split(" ", 1)[0]
        raise TrainingError("loop.not_deterministic", name=name) from error
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]

"""Random numbers of a step follow from (seed, step, process); operations that differ from time to time are refused."""

import random

import numpy as np
import pytest
import torch

from resnet_hub.errors import TrainingError
from training.loop.seeding import repeatable, seed_step


def draw():
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_a_step_draws_the_same_whatever_was_drawn_before():
    with torch.random.fork_rng():
        seed_step(1, 2, 0)
        first = draw()
        torch.rand(1000)
        seed_step(1, 2, 0)
        assert draw() == first


@pytest.mark.parametrize("other", [(2, 2, 0), (1, 3, 0), (1, 2, 1)], ids=["seed", "step", "process"])
def test_another_seed_step_or_process_draws_others(other):
    with torch.random.fork_rng():
        seed_step(1, 2, 0)
        first = draw()
        seed_step(*other)
        assert not set(first) & set(draw())


def test_only_operations_that_repeat_run_where_that_is_wanted():
    said = "--deterministic cannot be kept: 'put_' has no version here that repeats bit for bit"
    with pytest.raises(TrainingError, match=said), repeatable(True):
        raise RuntimeError("put_ does not have a deterministic implementation, but you set ...")
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_library_is_asked_for_such_operations_inside_the_block_only():
    with repeatable(True):
        assert torch.are_deterministic_algorithms_enabled()
    with repeatable(False):
        assert not torch.are_deterministic_algorithms_enabled()

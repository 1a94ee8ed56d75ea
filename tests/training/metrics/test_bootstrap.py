"""Confidence intervals: how often they hold the truth, and that they are the same each time."""

import numpy as np
import pytest

from resnet_hub.scores.proportions import LEVEL
from training.metrics.bootstrap import MAX_WORK, RESAMPLES, bootstrap


def share(right):
    return lambda counts: {"top1": float(np.average(right, weights=counts))}


def test_an_interval_is_as_wide_as_theory_says():
    right = np.arange(400) < 300
    found = bootstrap(share(right), 400)
    error = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert found["top1"] == pytest.approx([0.75 - error, 0.75 + error], abs=0.01)


def test_it_says_what_it_is_made_of():
    found = bootstrap(share(np.arange(5)), 5, seed=7)
    assert (found["level"], found["resamples"], found["seed"]) == (LEVEL, RESAMPLES[1], 7)


def test_equal_seeds_give_equal_intervals():
    right = np.random.default_rng(0).random(50) < 0.8
    first, again, other = (bootstrap(share(right), 50, seed=seed)["top1"] for seed in (1, 1, 2))
    assert first == again != other


def test_of_large_splits_fewer_samples_are_drawn():
    assert bootstrap(lambda counts: {"x": 0.0}, 10, answers=MAX_WORK)["resamples"] == RESAMPLES[0]


def test_a_figure_that_no_sample_changes_has_no_interval():
    assert "top1" not in bootstrap(share(np.ones(5)), 5)
    assert "top1" not in bootstrap(share(np.zeros(1)), 1)

"""Intervals of a share of a few images: Wilson's, against published values."""

import pytest
import torch

from resnet_hub.errors import ConfigError
from resnet_hub.few_shot import Accuracy, wilson_interval
from resnet_hub.few_shot.accuracy import accuracy_of


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_published_one(right, count, low, high):
    assert wilson_interval(right, count) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(count - right, count) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_all_right_is_not_surely_perfect():
    assert Accuracy(6, 6).value == 1
    low, high = Accuracy(6, 6).interval
    assert (round(low, 2), high) == (0.61, 1)


@pytest.mark.parametrize(("right", "count"), [(1, 0), (-1, 5), (6, 5), (1.5, 5)])
def test_a_share_that_is_none_is_refused(right, count):
    with pytest.raises(ConfigError):
        wilson_interval(right, count)


def test_wrong_answers_are_named():
    logits = torch.eye(3)[[0, 1, 2, 0]]
    assert accuracy_of(logits, torch.tensor([0, 2, 2, 1])) == Accuracy(2, 4, ((1, 1), (3, 0)))

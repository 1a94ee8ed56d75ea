"""Intervals of a share of images: Wilson's, against published values."""

import pytest

from resnet_hub.errors import ConfigError
from resnet_hub.scores.proportions import wilson_interval


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_published_one(right, count, low, high):
    assert wilson_interval(right, count) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(count - right, count) == pytest.approx((1 - high, 1 - low), abs=5e-5)


@pytest.mark.parametrize(("right", "count"), [(1, 0), (-1, 5), (6, 5), (1.5, 5)])
def test_a_share_that_is_none_is_refused(right, count):
    with pytest.raises(ConfigError):
        wilson_interval(right, count)

"""A share of images, as accuracy is one -> the interval in which it lies for all images like these."""

from __future__ import annotations

import math
from statistics import NormalDist

from resnet_hub.checks import check_integer, check_range

LEVEL = 0.95
"""Confidence level: how often an interval holds the share of all images like these."""


def wilson_interval(right: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a share of `right` among `count` images, 0 to 1, which says something for 5 of 5 as well.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Raises: ConfigError.
    """
    check_integer("count", count, 1, 10**12)
    check_integer("right", right, 0, count)
    check_range("level", level, 0.5, 0.9999)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = right / count, z**2 / count
    half = z * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    low, high = ((share + spread / 2 + sign * half) / (1 + spread) for sign in (-1, 1))
    return max(0.0, low) if right else 0.0, min(1.0, high) if right < count else 1.0

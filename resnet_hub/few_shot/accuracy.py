"""How good a head is: the images that were named right, with the interval that so few of them leave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from torch import Tensor

from resnet_hub.checks import check_integer, check_range

LEVEL = 0.95
"""How often an interval holds the accuracy on all images like these."""


@dataclass(frozen=True)
class Accuracy:
    """Right answers among images that the head had not seen."""

    right: int
    count: int
    wrong: tuple[tuple[int, int], ...] = ()
    """The images that were named wrong, as indices, each with the class that it was taken for."""

    @property
    def value(self) -> float:
        """From 0 to 1."""
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on all images like these is, with a confidence of `LEVEL`."""
        return wilson_interval(self.right, self.count)


def accuracy_of(logits: Tensor, targets: Tensor) -> Accuracy:
    """The accuracy of logits (N, classes) against targets (N,)."""
    said = logits.argmax(dim=1)
    wrong = (said != targets).nonzero()[:, 0]
    pairs = zip(wrong.tolist(), said[wrong].tolist(), strict=True)
    return Accuracy(len(targets) - len(wrong), len(targets), tuple(pairs))


def wilson_interval(right: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a share of `right` among `count` images, which says something for 5 of 5 as well.

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

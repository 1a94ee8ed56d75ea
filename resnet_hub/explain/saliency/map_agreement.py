"""Whether two methods name the same places of an image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from resnet_hub.errors import ConfigError
from resnet_hub.explain.saliency.covering import hottest
from resnet_hub.explain.saliency.heat_maps import HeatMap

# Measured on photographs, see docs/results.md: maps of two different images overlap by about a third, since both have
# their object near the middle.
AGREE = 0.5
"""Methods agree from this overlap on."""
DISAGREE = 0.35
"""Below this overlap they name different places."""


class Verdict(StrEnum):
    """How well two maps agree: a key that a page puts into words."""

    AGREE = "agree"
    PARTLY = "partly"
    DISAGREE = "disagree"


@dataclass(frozen=True)
class Agreement:
    """How well two maps of one image and class agree."""

    overlap: float
    """The part of the one's hottest quarter that is in the other's, 0 to 1; chance would give 0.25."""

    @property
    def verdict(self) -> Verdict:
        """In one word."""
        if self.overlap >= AGREE:
            return Verdict.AGREE
        return Verdict.PARTLY if self.overlap >= DISAGREE else Verdict.DISAGREE


def agreement(one: HeatMap, other: HeatMap) -> Agreement:
    """How well two maps agree: by how much their hottest quarters overlap.

    Where less than a quarter of a map speaks for the class, it is the part of the smaller one that counts. Two empty
    maps agree, and one that is empty names nothing that the other does.

    Raises:
        ConfigError: The maps are not of one image and class.
    """
    if one.class_index != other.class_index:
        raise ConfigError("explain.other_class", one=one.class_index, other=other.class_index)
    if one.values.shape != other.values.shape:
        raise ConfigError("explain.other_map", map=one.values.shape, pixels=other.values.shape)
    first, second = hottest(one.values), hottest(other.values)
    least = min(first.sum(), second.sum())
    return Agreement(float(np.sum(first & second) / least) if least else float(one.is_empty == other.is_empty))

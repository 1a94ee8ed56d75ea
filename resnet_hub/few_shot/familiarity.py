"""Is an image like any that the classes were learned from? What is not is none of the classes.

An image is as familiar as the example whose features point most nearly its way (cosine similarity). How familiar the
examples are to one another says how familiar a further image of the classes will be: of N + 1 such images it has each
place with the same chance (conformal prediction). The threshold is the k-th least familiar example, below which k of
N + 1 images of the classes fall: the false alarms.

Source: Vovk, Gammerman and Shafer 2005, "Algorithmic learning in a random world", chapter 2; the nearest neighbor as
the measure: Sun et al. 2022, "Out-of-distribution detection with deep nearest neighbors".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from resnet_hub.checks import check_range
from resnet_hub.few_shot.examples import Examples

FALSE_ALARMS = 0.1
"""The part of images of the classes that may be called none of them."""


@dataclass(frozen=True, eq=False)
class Familiarity:
    """How like the examples an image has to be."""

    directions: Tensor
    """The features of the examples, each of length 1: float32 (N, features)."""
    threshold: float
    """The least cosine similarity of an image of the classes to the nearest example."""
    false_alarms: float
    """The part of images of the classes that is below the threshold all the same; of few examples more than asked."""

    def similarities(self, features: Tensor) -> Tensor:
        """Cosine similarities float32 (M, N) of features (M, features) to the examples, from -1 to 1."""
        return _directions(features) @ self.directions.T


def familiarity_of(examples: Examples, false_alarms: float = FALSE_ALARMS) -> Familiarity:
    """The threshold for a rate of false alarms; the least rate that so few examples have, where that is above it.

    Args:
        examples: The images of the classes.
        false_alarms: The rate that is asked for, from 0.001 to 0.5.

    Raises: ConfigError.
    """
    check_range("false_alarms", false_alarms, 0.001, 0.5)
    directions = _directions(examples.features)
    similar = directions @ directions.T
    similar.fill_diagonal_(-math.inf)
    nearest = similar.max(dim=1).values.sort().values
    # A rate of 0.1 of 29 + 1 is 3, and no less by rounding.
    place = max(1, math.floor(false_alarms * (len(nearest) + 1) + 1e-9))
    return Familiarity(directions, float(nearest[place - 1]), place / (len(nearest) + 1))


def _directions(features: Tensor) -> Tensor:
    return torch.nn.functional.normalize(features.float(), dim=1)

"""Confidence intervals by the bootstrap: the sampling error of each metric over images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from resnet_hub.scores import LEVEL

RESAMPLES = (100, 1000)
"""Fewest and most samples that an interval is taken from."""
MAX_WORK = 200_000_000
"""Answers looked at in all; of large splits fewer samples are drawn, so that it stays a matter of seconds."""


def bootstrap(
    figures: Callable[[np.ndarray], Mapping[str, float]], images: int, *, answers: int = 1, seed: int = 0
) -> dict[str, Any]:
    """The interval of each figure, with what it was made of: `level`, `resamples`, `seed`, and name -> [low, high].

    Each resample draws N images with replacement; the interval is cut at equal percentiles on both sides. A figure that
    is the same in all samples has none: a single image, or answers that are all right, would leave one of no width.

    Args:
        figures: How often each image is counted, float64 (N,) -> the figures by name.
        images: Number of images N.
        answers: Answers for each image, which say how much work a sample is.
        seed: Decides the samples.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13, percentile intervals.
    """
    resamples = int(np.clip(MAX_WORK // max(1, images * answers), *RESAMPLES))
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        drawn = np.bincount(rng.integers(images, size=images), minlength=images)
        found.append(figures(drawn.astype(np.float64)))
    sides = (100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2)
    ranges = {name: np.percentile([row[name] for row in found], sides).tolist() for name in found[0]}
    told = {name: sides for name, sides in ranges.items() if sides[0] < sides[1]}
    return {"level": LEVEL, "resamples": resamples, "seed": seed, **told}

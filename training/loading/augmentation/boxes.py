"""Random rectangles: which part of an image is cropped, and which is erased. Distributed as in torchvision and timm."""

from __future__ import annotations

import math

import numpy as np

from .draws import TRIES

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in whole pixels."""
ASPECTS = (math.log(3 / 4), math.log(4 / 3))
"""Logarithms of the width : height of a random crop. Source: Szegedy et al. 2015, "Going Deeper with Convolutions"."""
ERASED_AREAS = (0.02, 1 / 3)
ERASED_ASPECTS = (math.log(0.3), math.log(1 / 0.3))
"""Source: Zhong et al. 2020, "Random Erasing Data Augmentation", as in timm."""


def crop_box(size: tuple[int, int], aspect: float, min_area: float, numbers: np.ndarray) -> Box:
    """A random part of an image of (width, height) pixels.

    Its area is a share from `min_area` to 1 of the image's; its aspect is `aspect` times 3/4 to 4/3, evenly in the
    logarithm; where no such box fits in ten tries, the largest centered one of the nearest such aspect.

    Args:
        size: Of the image.
        aspect: Width : height of the network's input.
        min_area: Smallest share of the area.
        numbers: (BOX,), from 0 to below 1.
    """
    width, height = size
    drawn = numbers.tolist()
    for number in range(TRIES):
        area = width * height * between((min_area, 1.0), drawn[2 * number])
        ratio = aspect * math.exp(between(ASPECTS, drawn[2 * number + 1]))
        across, down = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < across <= width and 0 < down <= height:
            return placed(width, height, across, down, drawn[-2:])
    low, high = (aspect * math.exp(end) for end in ASPECTS)
    nearest = min(max(width / height, low), high)
    across = max(1, min(width, round(height * nearest)))
    down = max(1, min(height, round(width / nearest)))
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down


def erased_box(size: tuple[int, int], probability: float, numbers: np.ndarray) -> Box | None:
    """The part of an image of (width, height) pixels that is erased, if any: 2 to 33 % of its area.

    Args:
        size: Of the image.
        probability: That one is.
        numbers: (1 + BOX,), from 0 to below 1.
    """
    whether, *drawn = numbers.tolist()
    if whether >= probability:
        return None
    width, height = size
    for number in range(TRIES):
        area = width * height * between(ERASED_AREAS, drawn[2 * number])
        ratio = math.exp(between(ERASED_ASPECTS, drawn[2 * number + 1]))
        down, across = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if across < width and down < height:
            return placed(width, height, across, down, drawn[-2:])
    return None


def placed(width: int, height: int, across: int, down: int, numbers: list[float]) -> Box:
    """A box of that size, anywhere in the image."""
    left, top = int((width - across + 1) * numbers[0]), int((height - down + 1) * numbers[1])
    return left, top, left + across, top + down


def between(ends: tuple[float, float], share: float) -> float:
    """The number at that share of the way."""
    return ends[0] + (ends[1] - ends[0]) * share

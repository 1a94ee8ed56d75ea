"""What a heat map is worth: how far the score falls when what it names is covered, beside places named by nobody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import ConfigError
from resnet_hub.explain.saliency.heat_maps import HeatMap
from resnet_hub.explain.saliency.target import Target

QUARTER = 0.25
"""Part of the image that is covered, where so much of it speaks for the class."""
PLACEMENTS = 6
"""Random places that are covered, each for itself; their mean is what any place would do."""

LEAST = 1e-3
"""A difference of scores that a reader of tenths of a percent would not see is none; rounding may be more."""


@dataclass(frozen=True)
class CoverEffect:
    """The score of a class with parts of the image covered."""

    score: float
    """Of the whole image."""
    score_without: float
    """With the hottest quarter of the map covered."""
    scores_elsewhere: tuple[float, ...]
    """With the same shape covered at each of some random places."""
    covered: float
    """The part of the image that was covered, 0 to 0.25: less than a quarter may speak for the class."""
    least: float
    """A difference of scores up to this one is none."""

    @property
    def score_without_random(self) -> float:
        """With a random place of the same shape covered, on average; the score itself where nothing was covered."""
        return float(np.mean(self.scores_elsewhere)) if self.scores_elsewhere else self.score

    @property
    def is_worth_the_name(self) -> bool:
        """Whether covering what the map names takes more from the score than covering a random place does."""
        return self.score_without_random - self.score_without > self.least


def cover_effect(classifier: ImageClassifier, pixels: Tensor, found: HeatMap, *, seed: int = 0) -> CoverEffect:
    """Covers the hottest quarter of a map, then the same shape at random places, and asks the network again.

    All is asked in one batch. What is covered gets the mean color of the images that the network was trained on, as in
    occlusion. A random place is the shape moved across the image; what leaves it on one side comes back on the other.

    Args:
        classifier: Whose answer was explained.
        pixels: What its network saw: uint8 (C, H, W).
        found: The map, of these pixels.
        seed: Chooses the random places.

    Raises:
        ConfigError: The map is not of these pixels, or there is no such class.
        ImageError: The pixels are not those of one image of the right channels.
        CheckpointError: The network's answer is not finite.
    """
    target = Target(classifier, pixels, found.class_index)
    if found.values.shape != tuple(pixels.shape[1:]):
        raise ConfigError("explain.other_map", map=found.values.shape, pixels=tuple(pixels.shape[1:]))
    mask = hottest(found.values)
    masks = [mask, *_moved(mask, seed)] if mask.any() else []
    batch = [target.pixels, *(target.covered(torch.from_numpy(one)) for one in masks)]
    scores = classifier.scores_of(torch.stack(batch))[:, found.class_index].double().tolist()
    whole, without, elsewhere = scores[0], scores[min(1, len(masks))], tuple(scores[2:])
    return CoverEffect(whole, without, elsewhere, float(mask.mean()), max(LEAST, target.rounding * abs(whole)))


def hottest(values: np.ndarray) -> np.ndarray:
    """The pixels of a map (H, W) with the strongest evidence: a quarter of all, or as many as have any."""
    count = min(int(QUARTER * values.size), int(np.count_nonzero(values)))
    mask = np.zeros(values.size, dtype=bool)
    mask[np.argsort(-values, axis=None, kind="stable")[:count]] = True
    return mask.reshape(values.shape)


def _moved(mask: np.ndarray, seed: int) -> list[np.ndarray]:
    """The mask (H, W) at random places."""
    offsets = np.random.default_rng(seed).integers(0, mask.shape, (PLACEMENTS, 2))
    return [np.roll(mask, tuple(offset), axis=(0, 1)) for offset in offsets]

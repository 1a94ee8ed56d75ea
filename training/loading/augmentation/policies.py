"""TrivialAugment, RandAugment and color jitter on whole batches: which operation each image gets, and how strong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.special import ndtri

from .draws import LAYER
from .image_policies import make_policy
from .operations import NOTHING, applied

MOST = 10
"""The magnitude of timm's policies that stands for a full operation."""
Level = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(Magnitudes from 0 to `MOST`, signs of -1 or 1) -> strengths."""


class BatchPolicy(Protocol):
    """uint8 (N, C, H, W), numbers (N, layers * LAYER) and a color (C, 1, 1) -> uint8 (N, C, H, W)."""

    @property
    def layers(self) -> int:
        """Operations that follow one another."""

    def __call__(self, images: Tensor, numbers: np.ndarray, fill: Tensor) -> Tensor:
        """The images, each changed as its numbers say."""


def _whole(values: np.ndarray) -> np.ndarray:
    return np.floor(values)


def _away(level: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Away from 1, where nothing changes, in both directions."""
    return np.maximum(0.1, 1 + sign * 0.09 * level)


LEVELS: dict[str, tuple[str, Level]] = {
    "AutoContrast": ("autocontrast", lambda level, sign: level),
    "Equalize": ("equalize", lambda level, sign: level),
    "Invert": ("invert", lambda level, sign: level),
    "Rotate": ("rotate", lambda level, sign: sign * 3 * level),
    "Posterize": ("posterize", lambda level, sign: _whole(0.4 * level)),
    "PosterizeIncreasing": ("posterize", lambda level, sign: 4 - _whole(0.4 * level)),
    "Solarize": ("solarize", lambda level, sign: np.minimum(256, _whole(25.6 * level))),
    "SolarizeIncreasing": ("solarize", lambda level, sign: 256 - np.minimum(256, _whole(25.6 * level))),
    "SolarizeAdd": ("solarize_add", lambda level, sign: np.minimum(128, _whole(11 * level))),
    "Color": ("color", lambda level, sign: 0.18 * level + 0.1),
    "ColorIncreasing": ("color", _away),
    "Contrast": ("contrast", lambda level, sign: 0.18 * level + 0.1),
    "ContrastIncreasing": ("contrast", _away),
    "Brightness": ("brightness", lambda level, sign: 0.18 * level + 0.1),
    "BrightnessIncreasing": ("brightness", _away),
    "Sharpness": ("sharpness", lambda level, sign: 0.18 * level + 0.1),
    "SharpnessIncreasing": ("sharpness", _away),
    "ShearX": ("shear_x", lambda level, sign: sign * 0.03 * level),
    "ShearY": ("shear_y", lambda level, sign: sign * 0.03 * level),
    "TranslateXRel": ("translate_x_rel", lambda level, sign: sign * 0.045 * level),
    "TranslateYRel": ("translate_y_rel", lambda level, sign: sign * 0.045 * level),
}
"""Operations as timm calls them: our name, and what a magnitude means. Source: LEVEL_TO_ARG of timm."""


@dataclass(frozen=True)
class RandAugment:
    """Some operations after one another, each of them done or not, at about one magnitude.

    Source: Cubuk et al. 2019, "RandAugment", as in timm.
    """

    operations: tuple[str, ...]
    layers: int
    probability: float
    magnitude: float
    spread: float
    """Standard deviation of the magnitude; infinite for any from 0 to it."""
    most: float
    """Of a magnitude."""

    def __call__(self, images: Tensor, numbers: np.ndarray, fill: Tensor) -> Tensor:
        """The images, each changed as its numbers (N, layers * LAYER) say."""
        for layer in range(self.layers):
            names, strengths, methods = self.choose(numbers[:, layer * LAYER : (layer + 1) * LAYER])
            images = applied(images, names, strengths, fill, methods)
        return images

    def choose(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The operation, the strength and the resampling of each image, of numbers (N, LAYER)."""
        which, whether, how, way, method = numbers.T
        sign = np.where(way < 0.5, -1.0, 1.0)
        level = np.clip(self._magnitudes(how), 0, self.most)
        kinds = np.minimum((which * len(self.operations)).astype(int), len(self.operations) - 1)
        names, strengths = np.full(len(kinds), NOTHING, object), np.zeros(len(kinds))
        for kind, operation in enumerate(self.operations):
            mine = (kinds == kind) & (whether < self.probability)
            names[mine], strengths[mine] = LEVELS[operation][0], LEVELS[operation][1](level[mine], sign[mine])
        return names, strengths, np.where(method < 0.5, "bilinear", "bicubic")

    def _magnitudes(self, numbers: np.ndarray) -> np.ndarray:
        if self.spread == float("inf"):
            return self.magnitude * numbers
        normal = ndtri(torch.from_numpy(np.clip(numbers, 1e-12, 1 - 1e-12))).numpy()
        return self.magnitude + self.spread * normal


BINS = 31
"""Magnitudes of TrivialAugment."""
WIDE: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool]] = {
    NOTHING: (lambda share: 0 * share, False),
    "shear_x": (lambda share: 0.99 * share, True),
    "shear_y": (lambda share: 0.99 * share, True),
    "translate_x": (lambda share: _whole(32 * share), True),
    "translate_y": (lambda share: _whole(32 * share), True),
    "rotate": (lambda share: 135 * share, True),
    "brightness": (lambda share: 0.99 * share, True),
    "color": (lambda share: 0.99 * share, True),
    "contrast": (lambda share: 0.99 * share, True),
    "sharpness": (lambda share: 0.99 * share, True),
    "posterize": (lambda share: 8 - np.round(6 * share), False),
    "solarize": (lambda share: 255 - 255 * share, False),
    "autocontrast": (lambda share: 0 * share, False),
    "equalize": (lambda share: 0 * share, False),
}
"""Operation -> its strength at a share of the way to the strongest, and whether it goes both ways."""
FACTORS = ("brightness", "color", "contrast", "sharpness")
"""Whose strength is added to 1."""


class TrivialAugment:
    """One operation of all, at any magnitude.

    Source: Müller and Hutter 2021, "TrivialAugment", in its wide form, as in torchvision.
    """

    layers = 1

    def __call__(self, images: Tensor, numbers: np.ndarray, fill: Tensor) -> Tensor:
        """The images, each changed as its numbers (N, LAYER) say."""
        names, strengths = self.choose(numbers)
        return applied(images, names, strengths, fill)

    def choose(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The operation and the strength of each image, of numbers (N, LAYER)."""
        which, _, how, way, _ = numbers.T
        kinds = np.minimum((which * len(WIDE)).astype(int), len(WIDE) - 1)
        share = np.minimum((how * BINS).astype(int), BINS - 1) / (BINS - 1)
        sign = np.where(way < 0.5, -1.0, 1.0)
        names, strengths = np.array(list(WIDE), object)[kinds], np.zeros(len(kinds))
        for kind, (name, (strength, signed)) in enumerate(WIDE.items()):
            mine = kinds == kind
            strengths[mine] = strength(share[mine]) * (sign[mine] if signed else 1) + (name in FACTORS)
        return names, strengths


@cache
def batch_policy(name: str) -> BatchPolicy | None:
    """The policy of that name where batches can be changed by it; None where it works on single images.

    Raises:
        ConfigError: There is no such policy.
    """
    known: Any = make_policy(name, (0, 0, 0))
    if name == "trivialaugment":
        return TrivialAugment()
    if not name.startswith("rand") or getattr(known, "choice_weights", 0) is not None:
        return None
    operations = known.ops  # of timm's RandAugment
    if not {operation.name for operation in operations} <= set(LEVELS):
        return None
    one = operations[0]
    return RandAugment(
        tuple(operation.name for operation in operations),
        known.num_layers,
        one.prob,
        one.magnitude,
        one.magnitude_std,
        one.magnitude_max or MOST,
    )


ORDERS = np.array([(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
JITTERED = np.array(["brightness", "contrast", "color"], object)


def jittered(images: Tensor, strength: float, numbers: np.ndarray, fill: Tensor) -> Tensor:
    """Brightness, contrast and color of each image times factors of its own, in an order of its own.

    Args:
        images: uint8 (N, C, H, W).
        strength: How far a factor is from 1 at most, but never below 0.
        numbers: (N, 4): the order, and the three factors.
        fill: uint8 (C, 1, 1); nothing is filled.

    Source: ColorJitter of torchvision, without hue, as timm has it.
    """
    order = ORDERS[np.minimum((numbers[:, 0] * len(ORDERS)).astype(int), len(ORDERS) - 1)]
    low, high = max(0.0, 1 - strength), 1 + strength
    factors = low + (high - low) * numbers[:, 1:]
    rows = np.arange(len(order))
    for step in range(len(JITTERED)):
        images = applied(images, JITTERED[order[:, step]], factors[rows, order[:, step]], fill)
    return images

"""Labels that are likely wrong: what a linear probe that never saw an image says against what its label says.

Source: Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels". Its thresholds, how
likely each class is on average among its own images, are taken with two factors, since a linear probe is less sure of
itself than the networks of the paper, and more often wrong; benchmarks/label_errors.py measures them. Where the classes
are clear to the probe, a doubt is more often right, so that less of it is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

SURE = 0.8
"""Another class is suggested where it is at least this share as likely as it usually is among its own images."""
UNLIKELY = 0.3
"""A label is in doubt where it is less than this share as likely as it usually is."""
CLEAR = 0.8
"""Share of the labels that the probe finds likeliest from which the classes are clear to it."""
UNLIKELY_WHERE_CLEAR = 0.5
"""As `UNLIKELY`, where they are."""
FAR = 4.0
"""Robust standard deviations from which a regression target is far from what the others suggest."""
TO_DEVIATION = 1.4826
"""Median distance from the median -> standard deviation, of a normal distribution."""


@dataclass(frozen=True)
class Suspects:
    """Images whose labels are likely wrong, the least likely label first."""

    rows: np.ndarray
    """Their indices, int64 (S,)."""
    suggested: np.ndarray
    """What their targets might be, in the form of the targets: (S,) or (S, C)."""
    confidence: np.ndarray
    """How sure the probe is of that, float32 (S,): a probability; in a regression the distance in deviations."""
    ranking: np.ndarray
    """All images that were judged, suspected or not, the least likely label first, int64."""

    def __len__(self) -> int:
        return len(self.rows)

    def among(self, rows: np.ndarray, classes: np.ndarray) -> Suspects:
        """The same among more images and classes, of which only some were judged: these rows, these classes."""
        suggested = classes[self.suggested]
        return replace(self, rows=rows[self.rows], suggested=suggested, ranking=rows[self.ranking])


def suspect_classes(probabilities: np.ndarray, labels: np.ndarray) -> Suspects:
    """Images of one class each that are likely of another, ranked by the margin between the two.

    Args:
        probabilities: Of each class by a probe that did not see the image, float32 (N, C).
        labels: The class of each image, int64 (N,).
    """
    rows, others = np.arange(len(labels)), probabilities.copy()
    own: np.ndarray = probabilities[rows, labels]
    others[rows, labels] = -1
    other = others.argmax(1)
    sure: np.ndarray = others[rows, other]
    usual = _usual(own, labels, probabilities.shape[1])
    unlikely = UNLIKELY_WHERE_CLEAR if np.mean(own >= sure) >= CLEAR else UNLIKELY
    found: np.ndarray = (sure > own) & (sure >= SURE * usual[other]) & (own < unlikely * usual[labels])
    return _ranked(found, other, sure, own - sure)


def suspect_class_sets(probabilities: np.ndarray, labels: np.ndarray) -> Suspects:
    """Images of several classes that likely lack a class or have one too many, the surest first; class by class.

    Args:
        probabilities: Of each class by itself, by a probe that did not see the image, float32 (N, C).
        labels: 0 or 1 for each class, float32 (N, C).
    """
    has = labels > 0.5
    own = np.where(has, probabilities, 1 - probabilities)
    without, having = _mean_where(own, ~has), _mean_where(own, has)
    usual, opposite = np.where(has, having, without), np.where(has, without, having)
    wrong = (own < 0.5) & (1 - own >= SURE * opposite) & (own < UNLIKELY * usual)
    margin = np.where(wrong, 2 * own - 1, np.inf).min(1, initial=np.inf)
    return _ranked(np.isfinite(margin), np.where(wrong, ~has, has).astype(np.float32), -margin, margin)


def suspect_numbers(answers: np.ndarray, targets: np.ndarray) -> Suspects:
    """Images whose regression targets are far from what a probe says that did not see them, the farthest first.

    Args:
        answers: Of the probe, float32 (N, C).
        targets: float32 (N, C).
    """
    residuals = targets - answers
    distance = np.abs(residuals - np.median(residuals, axis=0))
    spread = TO_DEVIATION * np.median(distance, axis=0)
    far: np.ndarray = (distance / np.where(spread > 0, spread, np.inf)).max(1).astype(np.float32)
    return _ranked(np.asarray(far >= FAR), answers, far, -far)


def _usual(own: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """How likely each class is on average among its own images, (C,); infinite for one without any."""
    images = np.bincount(labels, minlength=classes)
    return np.where(images > 0, np.bincount(labels, weights=own, minlength=classes) / np.maximum(images, 1), np.inf)


def _mean_where(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The mean of the chosen values of each column, (C,); 1 where none is."""
    count = chosen.sum(0)
    return np.where(count > 0, (values * chosen).sum(0) / np.maximum(count, 1), 1.0)


def _ranked(found: np.ndarray, suggested: np.ndarray, confidence: np.ndarray, margin: np.ndarray) -> Suspects:
    ranking = np.argsort(margin, kind="stable")
    rows = ranking[found[ranking]]
    return Suspects(rows, suggested[rows], confidence[rows].astype(np.float32), ranking)

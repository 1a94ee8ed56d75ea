"""What a checkpoint records of its classes: the figures of the worst, and the pairs that are confused most."""

from __future__ import annotations

from typing import Any

import numpy as np

RECORDED_CLASSES = 50
"""Classes whose figures travel in the checkpoint; results.json has those of all."""
RECORDED_PAIRS = 5
"""Pairs of classes that are confused most, which the card names."""


def most_confused(targets: np.ndarray, predictions: np.ndarray) -> list[dict[str, int]]:
    """Up to `RECORDED_PAIRS` pairs of a true class and what it was taken for, the most frequent first.

    Args:
        targets: True classes, int64 (N,).
        predictions: Most likely classes, int64 (N,).
    """
    wrong = targets != predictions
    pairs, counts = np.unique(np.stack([targets[wrong], predictions[wrong]]), axis=1, return_counts=True)
    first = np.argsort(-counts, kind="stable")[:RECORDED_PAIRS]
    found = zip(*pairs[:, first].tolist(), counts[first].tolist(), strict=True)
    return [{"true": true, "answer": answer, "images": images} for true, answer, images in found]


def worst_classes(columns: dict[str, np.ndarray]) -> dict[str, Any]:
    """The figures of the classes that occur, lowest F1 first, cut to `RECORDED_CLASSES`, and how many occur."""
    occurring = np.flatnonzero(columns["images"])
    worst = occurring[np.argsort(columns["f1"][occurring], kind="stable")][:RECORDED_CLASSES]
    rows = [{"index": int(index), **{key: _short(columns[key][index]) for key in columns}} for index in worst]
    return {"rows": rows, "measured": len(occurring)}


def _short(value: np.generic) -> int | float:
    """A figure as a plain number, shares to four digits."""
    number = value.item()
    return round(number, 4) if isinstance(number, float) else int(number)

"""Which images of an evaluation are worth looking at: the surest mistakes, and some of every kind of answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .multi_label import MultiLabelEvaluation
from .single_label import Evaluation, SingleLabelEvaluation

SUREST = 24
"""Mistakes that are shown before all else, whatever classes they are of."""
OF_ONE_CELL = 12
"""Images with the same true and the same given class."""
MISTAKES = 0.75
"""Share of the images that mistakes may take, so that right answers are seen too."""


@dataclass(frozen=True)
class AnsweredImage:
    """An image with what is true and what was answered."""

    row: int
    """Its number in the split."""
    truth: tuple[int, ...]
    """The true classes."""
    answer: tuple[int, ...]
    """The classes that were given."""
    score: float
    """How sure the answer was, 0 to 1; of several classes, the one that was furthest from what is true."""


def images_to_show(evaluation: Evaluation, count: int) -> list[AnsweredImage]:
    """Up to `count` images, the surest mistakes first; none of a regression, whose answers are no classes."""
    if isinstance(evaluation, SingleLabelEvaluation):
        cells = evaluation.targets * evaluation.num_classes + evaluation.predictions
        return answered(evaluation, _chosen(evaluation.right, _sure(evaluation), cells, count))
    if isinstance(evaluation, MultiLabelEvaluation):
        right = (evaluation.predicted == evaluation.targets).all(1)
        cells = np.where(right, evaluation.targets.argmax(1), evaluation.targets.shape[1] + np.arange(len(right)))
        return answered(evaluation, _chosen(right, _sure(evaluation), cells, count))
    return []


def answered(evaluation: Evaluation, rows: Iterable[int]) -> list[AnsweredImage]:
    """The images with these numbers, int (K,), in this order; none of a regression, whose answers are no classes."""
    if isinstance(evaluation, SingleLabelEvaluation):
        truth, answer, sure = evaluation.targets, evaluation.predictions, _sure(evaluation)
        return [AnsweredImage(int(row), (int(truth[row]),), (int(answer[row]),), float(sure[row])) for row in rows]
    if isinstance(evaluation, MultiLabelEvaluation):
        flags, found, sure = evaluation.targets, evaluation.predicted, _sure(evaluation)
        return [AnsweredImage(int(row), _classes(flags[row]), _classes(found[row]), float(sure[row])) for row in rows]
    return []


def _sure(evaluation: SingleLabelEvaluation | MultiLabelEvaluation) -> np.ndarray:
    """How sure each answer is, 0 to 1, float (N,)."""
    if isinstance(evaluation, SingleLabelEvaluation):
        return evaluation.confidences if evaluation.calibrated is None else evaluation.calibrated
    distance: np.ndarray = np.abs(evaluation.scores - evaluation.targets).max(1)
    return np.where((evaluation.predicted == evaluation.targets).all(1), 1 - distance, distance)


def _classes(flags: np.ndarray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(flags).tolist())


def _chosen(right: np.ndarray, sure: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    """Rows: the surest mistakes, then mistakes of as many cells as there is room for, then right answers."""
    rank = _ranks(cells, np.where(right, 0, -sure))
    surest = np.flatnonzero(~right)[np.argsort(-sure[~right], kind="stable")][:SUREST]
    first = np.zeros(len(right), bool)
    first[surest] = True
    others = np.flatnonzero(~right & ~first & (rank < OF_ONE_CELL))
    mistakes = np.concatenate([surest, others[np.lexsort((-sure[others], rank[others]))]])
    fitting = np.flatnonzero(right & (rank < OF_ONE_CELL))
    fitting = fitting[np.argsort(rank[fitting], kind="stable")]
    room = max(int(count * MISTAKES), count - len(fitting))
    mistakes = mistakes[:room]
    return np.concatenate([mistakes, fitting[: count - len(mistakes)]])


def _ranks(cells: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The place of each row among those of its cell, by rising keys, from 0; int64 (N,)."""
    order = np.lexsort((keys, cells))
    ordered = cells[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(order) else order
    lengths = np.diff(np.append(begins, len(order)))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(begins, lengths)
    return ranks

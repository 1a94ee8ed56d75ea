"""confusion.csv -> how often each class was answered in place of each other."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np

from resnet_hub.errors import CheckpointError

CONFUSION_FILE = "confusion.csv"
MAX_BYTES = 16_000_000
MOST_CLASSES = 1000
"""Of the largest matrix that a run writes."""
MOST_DIGITS = 9


@dataclass(frozen=True)
class Pair:
    """A class, and another that was answered in its place."""

    true: int
    answer: int
    images: int


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix."""

    counts: np.ndarray
    """Images by true class (rows) and answered class (columns), int64 (C, C)."""

    def most_confused(self, most: int) -> list[int]:
        """Up to `most` classes, in their order: those of the pairs confused most often, then any."""
        paired = [index for pair in self.pairs(most) for index in (pair.true, pair.answer)]
        return sorted(list(dict.fromkeys([*paired, *range(len(self.counts))]))[:most])

    def pairs(self, most: int) -> list[Pair]:
        """The pairs of classes that were confused most often, most often first; none that was never."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        places = np.argsort(-wrong, axis=None, kind="stable")[:most]
        pairs = [(*divmod(int(place), len(wrong)), int(wrong.flat[place])) for place in places]
        return [Pair(*pair) for pair in pairs if pair[2]]


def parse_confusion(content: bytes, classes: int) -> Confusion:
    """The matrix in a confusion.csv of a network with so many classes. Raises: CheckpointError for anything else."""
    try:
        rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CheckpointError("run_report.torn", file=CONFUSION_FILE) from error
    if not 1 <= classes <= MOST_CLASSES or {len(row) for row in rows} != {classes + 1} or len(rows) != classes + 1:
        raise CheckpointError("run_report.other_classes", file=CONFUSION_FILE, classes=classes)
    cells = [cell for row in rows[1:] for cell in row[1:]]
    if not all(len(cell) <= MOST_DIGITS and cell.isascii() and cell.isdigit() for cell in cells):
        raise CheckpointError("run_report.other_form", file=CONFUSION_FILE)
    return Confusion(np.array([int(cell) for cell in cells], np.int64).reshape(classes, classes))

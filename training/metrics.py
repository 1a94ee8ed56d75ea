"""What a network got right: labels and predictions of every picture -> accuracy, F1, confusion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

RECORDED_CLASSES = 50
"""Classes whose figures travel in the checkpoint; results.json has those of all."""


@dataclass(frozen=True)
class Evaluation:
    """The network's answers on a whole split, one entry for each picture, in the order of the rows."""

    labels: np.ndarray
    """True classes, int64 (N,)."""
    predictions: np.ndarray
    """Most likely classes, int64 (N,)."""
    in_top5: np.ndarray
    """Whether the true class was among the five most likely, bool (N,)."""
    losses: np.ndarray
    """Cross-entropy without smoothing, float64 (N,)."""
    num_classes: int

    @property
    def top1(self) -> float:
        """Share of pictures whose most likely class is right, 0 to 1."""
        return float(np.mean(self.labels == self.predictions))

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return float(np.mean(self.losses))

    @cached_property
    def per_class(self) -> dict[str, np.ndarray]:
        """Precision, recall, F1 (each 0 to 1) and the number of pictures, one entry for each class."""
        values = precision_recall_fscore_support(
            self.labels, self.predictions, labels=np.arange(self.num_classes), zero_division=0
        )
        return dict(zip(("precision", "recall", "f1", "pictures"), values, strict=True))

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that occur."""
        return float(np.mean(self.per_class["f1"][self.per_class["pictures"] > 0]))

    def confusion(self) -> np.ndarray:
        """Number of pictures by (true class, predicted class), int64 (num_classes, num_classes)."""
        return confusion_matrix(self.labels, self.predictions, labels=np.arange(self.num_classes))

    def summary(self) -> dict[str, float]:
        """The figures by name; top5 where there are more than five classes."""
        figures = {"top1": self.top1, "loss": self.loss, "macro_f1": self.macro_f1}
        if self.num_classes > 5:
            figures["top5"] = float(np.mean(self.in_top5))
        return figures

    def by_class(self, label_names: tuple[str, ...]) -> list[dict[str, Any]]:
        """One row for each class with its name and figures, for a report."""
        columns = self.per_class
        return [
            {"label": name, **{key: columns[key][index].item() for key in columns}}
            for index, name in enumerate(label_names)
        ]

    def worst_classes(self) -> dict[str, Any]:
        """The figures of the classes that occur, lowest F1 first, cut to `RECORDED_CLASSES`, and how many occur."""
        columns = self.per_class
        occurring = np.flatnonzero(columns["pictures"])
        worst = occurring[np.argsort(columns["f1"][occurring], kind="stable")][:RECORDED_CLASSES]
        rows = [{"index": int(index), **{key: _short(columns[key][index]) for key in columns}} for index in worst]
        return {"rows": rows, "measured": len(occurring)}

    def record(self) -> dict[str, Any]:
        """What the checkpoint tells of this evaluation, under the keys that the card reads."""
        return {
            "metrics": self.summary(),
            "num_images": len(self.labels),
            "per_class": self.worst_classes(),
        }


def _short(value: np.generic) -> int | float:
    """A figure as a plain number, shares to four digits."""
    number = value.item()
    return round(number, 4) if isinstance(number, float) else int(number)

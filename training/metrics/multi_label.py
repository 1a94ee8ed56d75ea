"""Metrics of multi-label classification: mean average precision, F1 at 0.5, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .calibration import BINS, expected_error, reliability_rows
from .recorded_classes import worst_classes
from .single_label import Evaluation, Mistake


@dataclass(frozen=True)
class MultiLabelEvaluation(Evaluation):
    """Answers with any of several classes. The loss is the cross-entropy in nats, summed over the classes."""

    scores: np.ndarray
    """Probability of each class, 0 to 1, float32 (N, C)."""
    calibrated: np.ndarray | None = None
    """The same with the network's temperature, where it has one."""

    @classmethod
    def answers(cls, logits: Tensor, targets: Tensor, temperature: float | None) -> tuple[Tensor, ...]:
        """Returns targets, losses, scores, and the calibrated ones if any."""
        losses = F.binary_cross_entropy_with_logits(logits, targets.float(), reduction="none").sum(1)
        found = (targets, losses, torch.sigmoid(logits))
        return found if temperature is None else (*found, torch.sigmoid(logits / temperature))

    @classmethod
    def of(cls, columns: tuple[np.ndarray, ...], num_classes: int) -> Self:
        """The evaluation of the columns of all batches."""
        targets, losses, *scores = columns
        return cls(targets, losses.astype(np.float64), *scores)

    @cached_property
    def predicted(self) -> np.ndarray:
        """The predicted classes of each image: those above 0.5, bool (N, C)."""
        return self.scores > 0.5

    @cached_property
    def _ranked(self) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """Of each class that occurs: its number, the images by falling score, and where equal scores end."""
        found = []
        for index in np.flatnonzero(self.targets.any(0)):
            order = np.argsort(-self.scores[:, index], kind="stable")
            scores = self.scores[order, index]
            found.append((int(index), order, np.flatnonzero(np.append(scores[1:] != scores[:-1], True))))
        return found

    def average_precision(self, counts: np.ndarray) -> float:
        """The mean over the classes that occur, with each image counted so often; as scikit-learn's, only faster."""
        found = []
        for index, order, ends in self._ranked:
            weights = counts[order]
            predicted = np.cumsum(weights)[ends]
            hits = np.cumsum(weights * self.targets[order, index])[ends]
            if hits[-1]:
                precision = hits / np.maximum(predicted, 1)
                found.append(float((np.diff(hits, prepend=0) * precision).sum() / hits[-1]))
        return float(np.mean(found)) if found else 0.0

    def figures(self, counts: np.ndarray | None = None) -> dict[str, float]:
        """map, micro_f1, macro_f1 of the classes that occur, loss, ece, ece_calibrated where there is a temperature."""
        weights = np.ones(len(self)) if counts is None else counts
        hits, predicted, true = (
            weights @ values for values in (self.predicted * self.targets, self.predicted, self.targets)
        )
        occurring = true > 0
        figures = {
            "map": self.average_precision(weights),
            "micro_f1": float(2 * hits.sum() / max(1, (predicted + true).sum())),
            "macro_f1": float(np.mean(2 * hits[occurring] / (predicted + true)[occurring])) if occurring.any() else 0.0,
            "loss": float(np.average(self.losses, weights=weights)),
            "ece": self._error(self.scores, weights),
        }
        return (
            figures if self.calibrated is None else figures | {"ece_calibrated": self._error(self.calibrated, weights)}
        )

    def _error(self, scores: np.ndarray, weights: np.ndarray) -> float:
        return expected_error(scores.ravel(), self.targets.ravel(), np.repeat(weights, scores.shape[1]))

    @property
    def quality(self) -> tuple[float, ...]:
        """Mean average precision, then the loss."""
        return (self.average_precision(np.ones(len(self))), -self.loss)

    @property
    def headline(self) -> str:
        """Average precision and F1 with the number of images."""
        found = self.summary()
        return f"mAP {found['map']:.2%}, micro F1 {found['micro_f1']:.2%} ({len(self)} images)"

    @cached_property
    def per_class(self) -> dict[str, np.ndarray]:
        """Precision, recall, F1 at 0.5, and the number of images with the class, one entry for each."""
        from sklearn.metrics import precision_recall_fscore_support  # here, because it takes a second to import

        values = precision_recall_fscore_support(self.targets, self.predicted, average=None, zero_division=0)
        return dict(zip(("precision", "recall", "f1", "images"), values, strict=True))

    def by_class(self, label_names: tuple[str, ...]) -> list[dict[str, Any]]:
        """One row for each class with its name, precision, recall, F1, average precision and number of images."""
        from sklearn.metrics import average_precision_score

        columns, rows = self.per_class, []
        for index, name in enumerate(label_names):
            true, scores = self.targets[:, index], self.scores[:, index]
            precision = float(average_precision_score(true, scores)) if true.any() else None
            row = {key: columns[key][index].item() for key in columns}
            rows.append({"label": name, **row, "average_precision": precision})
        return rows

    def by_image(self, label_names: tuple[str, ...]) -> dict[str, Any]:
        """The true classes, those above 0.5, whether they are the same, and the scores of all, as they are served."""
        return {
            "true_labels": [[label_names[index] for index in np.flatnonzero(row)] for row in self.targets],
            "labels": [[label_names[index] for index in np.flatnonzero(row)] for row in self.predicted],
            "correct": (self.predicted == self.targets).all(1),
            "loss": self.losses,
            "scores": self.scores if self.calibrated is None else self.calibrated,
        }

    def mistakes(self, count: int, label_names: tuple[str, ...]) -> list[Mistake]:
        """The answers, one for an image and class, that were wrong with the highest confidence."""
        distance = np.abs(self.scores - self.targets)
        found = []
        for place in np.argsort(-distance, axis=None, kind="stable")[:count]:
            row, index = divmod(int(place), distance.shape[1])
            if distance[row, index] <= 0.5:
                break
            name, score = label_names[index], self.scores[row, index]
            truth, answer = (name, f"not {name}") if self.targets[row, index] else (f"not {name}", name)
            found.append(Mistake(row, truth, answer, f"{max(score, 1 - score):.1%}"))
        return found

    def details(self) -> dict[str, Any]:
        """The calibration by bins."""
        scores = self.scores if self.calibrated is None else self.calibrated
        return {"calibration": {"bins": BINS, "rows": reliability_rows(scores.ravel(), self.targets.ravel())}}

    def record(self) -> dict[str, Any]:
        """What the checkpoint records of this evaluation, with the worst classes."""
        return super().record() | {"per_class": worst_classes(self.per_class)}

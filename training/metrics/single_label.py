"""Metrics of single-label classification: accuracy, macro F1, confusion matrix, calibration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from resnet_hub.scores import wilson_interval

from .bootstrap import bootstrap
from .calibration import BINS, expected_error, reliability_rows
from .recorded_classes import most_confused, worst_classes

# What decides over the best epoch, for each task: the name of the figure -> heading, unit and factor to that unit.
QUALITIES = {
    "top1": ("top-1 accuracy", "%", 100),
    "map": ("mean average precision", "%", 100),
    "r2": ("R squared", "", 1),
}


def format_qualities(row: Mapping[str, Any]) -> list[str]:
    """The figures that decide, from a line of metrics.jsonl, in words: of the weights, and of their EMA if kept."""
    return [
        f"{kind}_{name} {factor * row[f'{kind}_{name}']:.4g}{unit}"
        for name, (_, unit, factor) in QUALITIES.items()
        for kind in ("val", "ema")
        if f"{kind}_{name}" in row
    ]


def format_interval(intervals: Mapping[str, Any]) -> str:
    """The interval of the figure that decides, in words, or why there is none."""
    name = next((name for name in QUALITIES if name in intervals), None)
    if name is None:
        return "no interval: every sample of these images has the same figure"
    title, unit, factor = QUALITIES[name]
    low, high = (factor * side for side in intervals[name])
    return f"{intervals['level']:.0%} interval of the {title} {low:.4g} to {high:.4g}{unit}"


@dataclass(frozen=True)
class Mistake:
    """An answer that is wrong, or far off."""

    row: int
    """Number of the image in the split."""
    truth: str
    """What the dataset says; untrusted text."""
    answer: str
    """What the network says; untrusted text."""
    sure: str = ""
    """Its confidence, where it gives one."""


@dataclass(frozen=True)
class Evaluation(ABC):
    """The network's answers on a whole split, one entry for each image, in the order of the rows."""

    targets: np.ndarray
    """True classes, int64 (N,); or 0 and 1 for each class, or numbers, float32 (N, C)."""
    losses: np.ndarray
    """Of each image, float64 (N,): what the task is measured by, without smoothing and weights."""

    @classmethod
    @abstractmethod
    def answers(cls, logits: Tensor, targets: Tensor, temperature: float | None) -> tuple[Tensor, ...]:
        """What is kept of a batch: columns of one entry for each image, which `of` takes."""

    @classmethod
    @abstractmethod
    def of(cls, columns: tuple[np.ndarray, ...], num_classes: int) -> Self:
        """The evaluation of the columns of all batches."""

    @property
    def loss(self) -> float:
        """Mean loss of the images: in nats, or the mean squared error."""
        return float(np.mean(self.losses))

    def __len__(self) -> int:
        return len(self.targets)

    @abstractmethod
    def figures(self, counts: np.ndarray | None = None) -> dict[str, float]:
        """The figures by name, with each image counted so often, float64 (N,); once where absent."""

    def only(self, rows: np.ndarray) -> Self:
        """The evaluation of these images alone, by number or as bool (N,)."""
        columns = {item.name: getattr(self, item.name) for item in fields(self)}
        return replace(self, **{name: column[rows] for name, column in columns.items() if np.ndim(column)})

    def summary(self) -> dict[str, float]:
        """The figures by name."""
        return self.figures()

    @property
    @abstractmethod
    def quality(self) -> tuple[float, ...]:
        """What decides which of two networks is better; the larger is."""

    @property
    @abstractmethod
    def headline(self) -> str:
        """The main figures in words."""

    @abstractmethod
    def by_class(self, label_names: tuple[str, ...]) -> list[dict[str, Any]]:
        """One row for each output with its name and figures, for a report."""

    @abstractmethod
    def by_image(self, label_names: tuple[str, ...]) -> dict[str, Any]:
        """One entry for each image, by column: arrays (N,) or (N, C), or lists of texts or of lists of texts."""

    @abstractmethod
    def mistakes(self, count: int, label_names: tuple[str, ...]) -> list[Mistake]:
        """The worst answers, worst first."""

    def intervals(self, seed: int = 0) -> dict[str, Any]:
        """The confidence interval of each figure; see `bootstrap`."""
        return bootstrap(self.figures, len(self), answers=max(1, self.targets[:1].size), seed=seed)

    def details(self) -> dict[str, Any]:
        """What else results.json holds."""
        return {}

    def record(self) -> dict[str, Any]:
        """What the checkpoint records of this evaluation, under the keys that the card reads."""
        return {"metrics": self.summary(), "num_images": len(self)}


@dataclass(frozen=True)
class SingleLabelEvaluation(Evaluation):
    """Answers with one class of many. The loss is the cross-entropy in nats."""

    predictions: np.ndarray
    """Most likely classes, int64 (N,)."""
    in_top5: np.ndarray
    """Whether the true class was among the five most likely, bool (N,)."""
    confidences: np.ndarray
    """Probability of the most likely class, 0 to 1, float32 (N,)."""
    num_classes: int
    calibrated: np.ndarray | None = None
    """The same with the network's temperature, where it has one."""

    @classmethod
    def answers(cls, logits: Tensor, targets: Tensor, temperature: float | None) -> tuple[Tensor, ...]:
        """Returns classes, losses, predictions, whether in the top 5, confidences, and the calibrated ones if any."""
        losses = F.cross_entropy(logits, targets, reduction="none")
        ranked = logits.topk(min(5, logits.shape[1])).indices
        best = ranked[:, :1]
        confidences = logits.softmax(1).gather(1, best)[:, 0]
        found = (targets, losses, best[:, 0], (ranked == targets[:, None]).any(1), confidences)
        return found if temperature is None else (*found, (logits / temperature).softmax(1).gather(1, best)[:, 0])

    @classmethod
    def of(cls, columns: tuple[np.ndarray, ...], num_classes: int) -> Self:
        """The evaluation of the columns of all batches."""
        targets, losses, predictions, in_top5, confidences, *calibrated = columns
        return cls(targets, losses.astype(np.float64), predictions, in_top5, confidences, num_classes, *calibrated)

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each answer is right, bool (N,)."""
        return self.targets == self.predictions

    @property
    def top1(self) -> float:
        """Share of images whose most likely class is right, 0 to 1."""
        return float(np.mean(self.right))

    @cached_property
    def per_class(self) -> dict[str, np.ndarray]:
        """Precision, recall, F1 (each 0 to 1, and 0 of none) and the number of images, one entry for each class."""
        hits, predicted, true = self._counted()
        return {
            "precision": hits / np.maximum(predicted, 1),
            "recall": hits / np.maximum(true, 1),
            "f1": 2 * hits / np.maximum(predicted + true, 1),
            "images": true,
        }

    def _counted(self, counts: np.ndarray | None = None) -> list[np.ndarray]:
        """How many images of each class were answered right, were answered so, and are of it; each `counts` times."""
        of_right = None if counts is None else counts[self.right]
        return [
            np.bincount(self.targets[self.right], of_right, self.num_classes),
            np.bincount(self.predictions, counts, self.num_classes),
            np.bincount(self.targets, counts, self.num_classes),
        ]

    def macro_f1(self, counts: np.ndarray | None = None) -> float:
        """Mean F1 of the classes that occur."""
        hits, predicted, true = self._counted(counts)
        occurring = true > 0
        return float(np.mean(2 * hits[occurring] / (predicted + true)[occurring]))

    def figures(self, counts: np.ndarray | None = None) -> dict[str, float]:
        """top1, loss, macro_f1, ece, ece_calibrated where there is a temperature, top5 of more than five classes."""
        figures = {
            "top1": float(np.average(self.right, weights=counts)),
            "loss": float(np.average(self.losses, weights=counts)),
            "macro_f1": self.macro_f1(counts),
            "ece": expected_error(self.confidences, self.right, counts),
        }
        if self.calibrated is not None:
            figures["ece_calibrated"] = expected_error(self.calibrated, self.right, counts)
        if self.num_classes > 5:
            figures["top5"] = float(np.average(self.in_top5, weights=counts))
        return figures

    def intervals(self, seed: int = 0) -> dict[str, Any]:
        """By the bootstrap, but of top1 and top5, which are shares of images, Wilson's: of 7 of 7 it says something."""
        shares = {"top1": self.right} | ({"top5": self.in_top5} if self.num_classes > 5 else {})
        wilson = {name: list(wilson_interval(int(right.sum()), len(self))) for name, right in shares.items()}
        return super().intervals(seed) | wilson

    @property
    def quality(self) -> tuple[float, ...]:
        """Accuracy, then the loss."""
        return (self.top1, -self.loss)

    @property
    def headline(self) -> str:
        """Accuracy with the number of images."""
        return f"accuracy {self.top1:.2%} ({int(self.right.sum())} of {len(self)} images)"

    def confusion(self, classes: np.ndarray) -> np.ndarray:
        """Number of images by (true class, predicted class) of these different classes (S,), int64 (S, S)."""
        places = np.full(self.num_classes, -1)
        places[classes] = np.arange(len(classes))
        true, predicted = places[self.targets], places[self.predictions]
        known = (true >= 0) & (predicted >= 0)
        counts = np.bincount(true[known] * len(classes) + predicted[known], minlength=len(classes) ** 2)
        return counts.reshape(len(classes), len(classes))

    def confused(self, count: int) -> np.ndarray:
        """Up to `count` classes, in their order: those that were most often missed, or named in place of others."""
        wrong = ~self.right
        errors = sum(
            np.bincount(labels[wrong], minlength=self.num_classes) for labels in (self.targets, self.predictions)
        )
        return np.sort(np.argsort(-errors, kind="stable")[:count])

    def by_class(self, label_names: tuple[str, ...]) -> list[dict[str, Any]]:
        """One row for each class with its name, precision, recall, F1 and number of images."""
        columns = self.per_class
        return [
            {"label": name, **{key: columns[key][index].item() for key in columns}}
            for index, name in enumerate(label_names)
        ]

    def by_image(self, label_names: tuple[str, ...]) -> dict[str, Any]:
        """What is true, what was answered with which score, as it is served, and whether that is right."""
        return {
            "true_label": [label_names[index] for index in self.targets],
            "label": [label_names[index] for index in self.predictions],
            "correct": self.right,
            "score": self.confidences if self.calibrated is None else self.calibrated,
            "loss": self.losses,
            "in_top5": self.in_top5,
        }

    def mistakes(self, count: int, label_names: tuple[str, ...]) -> list[Mistake]:
        """The wrong answers with the highest confidence."""
        sure = self.confidences if self.calibrated is None else self.calibrated
        wrong = np.flatnonzero(~self.right)
        worst = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
        return [
            Mistake(int(row), label_names[self.targets[row]], label_names[self.predictions[row]], f"{sure[row]:.1%}")
            for row in worst
        ]

    def details(self) -> dict[str, Any]:
        """The calibration by bins."""
        sure = self.confidences if self.calibrated is None else self.calibrated
        return {"calibration": {"bins": BINS, "rows": reliability_rows(sure, self.right)}}

    def record(self) -> dict[str, Any]:
        """What the checkpoint records of this evaluation, with the worst classes."""
        return super().record() | {
            "per_class": worst_classes(self.per_class) | {"confused": most_confused(self.targets, self.predictions)}
        }

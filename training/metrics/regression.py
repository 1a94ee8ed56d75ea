"""Metrics of a regression: mean absolute error, root mean squared error, R squared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from torch import Tensor

from .single_label import Evaluation, Mistake


@dataclass(frozen=True)
class RegressionEvaluation(Evaluation):
    """Predicted values in the units of the targets. The loss is the squared error, averaged over the outputs."""

    predictions: np.ndarray
    """float32 (N, C)."""

    @classmethod
    def answers(cls, logits: Tensor, targets: Tensor, temperature: float | None) -> tuple[Tensor, ...]:
        """Returns targets, losses, answers."""
        return targets, (logits - targets).square().mean(1), logits

    @classmethod
    def of(cls, columns: tuple[np.ndarray, ...], num_classes: int) -> Self:
        """The evaluation of the columns of all batches."""
        targets, losses, predictions = columns
        return cls(targets, losses.astype(np.float64), predictions)

    def figures(self, counts: np.ndarray | None = None) -> dict[str, float]:
        """mae, rmse and r2, averaged over the outputs, and loss; as scikit-learn's, only faster for the intervals."""
        shares = np.full(len(self), 1 / len(self)) if counts is None else counts / counts.sum()
        truth = self.targets.astype(np.float64)
        errors = self.predictions - truth
        squared, spread = shares @ errors**2, shares @ (truth - shares @ truth) ** 2
        # Of targets that are all alike nothing can be explained.
        explained = np.where(spread > 0, 1 - squared / np.where(spread > 0, spread, 1), 0)
        return {
            "mae": float((shares @ np.abs(errors)).mean()),
            "rmse": float(np.sqrt(squared).mean()),
            "r2": float(explained.mean()),
            "loss": float(shares @ self.losses),
        }

    @property
    def quality(self) -> tuple[float, ...]:
        """R squared, in which outputs of any unit count alike, then the loss."""
        return (self.figures()["r2"], -self.loss)

    @property
    def headline(self) -> str:
        """The errors with the number of images."""
        found = self.summary()
        return f"MAE {found['mae']:.4g}, RMSE {found['rmse']:.4g}, R2 {found['r2']:.4f} ({len(self)} images)"

    def by_class(self, label_names: tuple[str, ...]) -> list[dict[str, Any]]:
        """One row for each output with its name and errors."""
        rows = []
        for index, name in enumerate(label_names):
            column = slice(index, index + 1)
            one = RegressionEvaluation(self.targets[:, column], self.losses, self.predictions[:, column])
            figures = one.figures()
            rows.append({"label": name, **{key: figures[key] for key in ("mae", "rmse", "r2")}})
        return rows

    def by_image(self, label_names: tuple[str, ...]) -> dict[str, Any]:
        """The true and the predicted value of each output, by its name, and the loss."""
        columns = {f"true_{name}": self.targets[:, index] for index, name in enumerate(label_names)}
        columns |= {f"predicted_{name}": self.predictions[:, index] for index, name in enumerate(label_names)}
        return columns | {"loss": self.losses}

    def mistakes(self, count: int, label_names: tuple[str, ...]) -> list[Mistake]:
        """The images with the largest errors, in standard deviations of their output."""
        spread = np.maximum(self.targets.std(0), np.finfo(np.float32).tiny)
        errors = np.abs(self.predictions - self.targets) / spread
        worst = np.argsort(-errors.max(1), kind="stable")[:count]
        outputs = errors[worst].argmax(1)
        return [
            Mistake(
                int(row),
                f"{label_names[index]} {self.targets[row, index]:.4g}",
                f"{label_names[index]} {self.predictions[row, index]:.4g}",
            )
            for row, index in zip(worst, outputs, strict=True)
        ]

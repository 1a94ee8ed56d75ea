"""What a run has found so far: a row for each epoch, and the best epoch with its weights."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import Any

from torch import Tensor

from resnet_hub.errors import TrainingError

from ..metrics import Evaluation, MultiLabelEvaluation, RegressionEvaluation, SingleLabelEvaluation

KINDS: dict[str, type[Evaluation]] = {
    kind.__name__: kind for kind in (SingleLabelEvaluation, MultiLabelEvaluation, RegressionEvaluation)
}


@dataclass(frozen=True)
class Best:
    """The best weights so far."""

    epoch: int
    kind: str
    """Whose they are: `val` for those that are trained, `ema` for their EMA."""
    evaluation: Evaluation
    weights: dict[str, Tensor]

    def is_beaten_by(self, found: Evaluation) -> bool:
        """Whether `found` is better."""
        return found.quality > self.evaluation.quality

    def to_state(self) -> dict[str, Any]:
        """Itself as nested values, arrays and tensors."""
        answers = {item.name: getattr(self.evaluation, item.name) for item in fields(self.evaluation)}
        return {
            "epoch": self.epoch,
            "kind": self.kind,
            "measured_by": type(self.evaluation).__name__,
            "evaluation": answers,
            "weights": self.weights,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Best:
        """The best epoch that `to_state` describes."""
        evaluation = KINDS[state["measured_by"]](**state["evaluation"])
        return cls(state["epoch"], state["kind"], evaluation, state["weights"])


@dataclass
class History:
    """What the epochs of a run gave."""

    best: Best | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    """One for each epoch: what metrics.jsonl holds. Nothing here depends on how fast the machine is."""
    timings: list[dict[str, Any]] = field(default_factory=list)
    """One for each epoch: seconds, images per second, memory; what timings.jsonl holds."""
    earlier: float = 0.0
    """Seconds that the run took before it was last interrupted."""
    started: float = field(default_factory=time.perf_counter)

    def is_stuck(self, patience: int | None) -> bool:
        """Whether none of the last `patience` epochs was the best; never where that is None."""
        return patience is not None and self.best is not None and len(self.rows) - self.best.epoch >= patience

    @property
    def chosen(self) -> Best:
        """The best epoch. Raises: TrainingError before there is one."""
        if self.best is None:
            raise TrainingError("run.no_epoch")
        return self.best

    @property
    def seconds(self) -> float:
        """How long the run has taken, without the time it lay still."""
        return self.earlier + time.perf_counter() - self.started

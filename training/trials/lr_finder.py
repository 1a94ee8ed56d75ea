"""The learning-rate finder: a sweep over rising rates, and the rate that it suggests; nothing of it is kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from resnet_hub.errors import TrainingError

from ..loading import Batch
from ..loop import Learner, grouped, update

RATES = (1e-6, 10.0)
"""The first and the last rate. Source: Smith 2017, "Cyclical Learning Rates", section 3.3, the range test."""
UPDATES = 120
"""Updates of a sweep."""
SMOOTHING = 0.9
"""Share of the earlier losses in the mean that is looked at."""
BLOWN_UP = 3.0
"""A sweep ends when the loss is this many times its first, or its least where that is more than the first."""


@dataclass(frozen=True)
class LRSweep:
    """What a sweep found."""

    rates: np.ndarray
    """Learning rates of the updates, rising."""
    losses: np.ndarray
    """Mean loss of each update, smoothed over the earlier ones."""

    @property
    def lowest(self) -> float:
        """The rate at which the loss was least."""
        return float(self.rates[np.argmin(self.losses)])

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the loss was least: there it falls, and is far from diverging.

        Source: Gugger 2018, "How Do You Find A Good Learning Rate".
        """
        return self.lowest / 10


class SweepSchedule:
    """A schedule whose rate rises by the same factor with each update."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        self.step_update(0)

    @staticmethod
    def rate(updates: int) -> float:
        """The backbone's rate after this many updates."""
        low, high = RATES
        return low * (high / low) ** (updates / (UPDATES - 1))

    def step_update(self, updates: int) -> None:
        """Sets the rates of all groups of parameters."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(updates) * group.get("lr_scale", 1.0)

    def step(self, epoch: int, loss: float) -> None:
        """Does nothing: the rates follow the updates."""

    def state_dict(self) -> dict[str, Any]:
        """Returns nothing: a sweep is not saved."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Needs nothing: a sweep is not saved."""


def sweep_lr(learner: Learner, loader: Iterable[Batch]) -> LRSweep:
    """Trains with rising rates until the loss diverges; the weights are of no use afterwards.

    Args:
        learner: Ready for its first update.
        loader: Prepared batches of training; it is gone through again where it is short.

    Raises:
        TrainingError: The loss is not finite from the start.
    """
    learner.schedule = SweepSchedule(learner.optimizer)
    rates: list[float] = []
    smooth: list[float] = []
    mean = 0.0
    for batches in _endless(learner, loader):
        before = learner.position.totals.clone()
        rates.append(SweepSchedule.rate(learner.position.steps))
        update(learner, batches)
        lost, images = learner.accelerator.reduce(learner.position.totals - before, "sum").tolist()
        loss = lost / images
        if not math.isfinite(loss):
            rates.pop()
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smooth.append(mean / (1 - SMOOTHING ** (len(smooth) + 1)))
        if len(rates) == UPDATES or loss > BLOWN_UP * max(smooth[0], min(smooth)):
            break
    if len(rates) < 3:
        raise TrainingError("trials.no_number_at_lowest_rate", rate=float(RATES[0]))
    return LRSweep(np.array(rates), np.array(smooth))


def _endless(learner: Learner, loader: Iterable[Batch]) -> Iterator[list[Batch]]:
    """The batches of one pass after another, grouped by updates."""
    while True:
        learner.start_epoch()
        yield from grouped(loader, learner.recipe.grad_accum_steps)
        learner.position.next_epoch()

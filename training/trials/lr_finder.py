"""The learning-rate finder: a sweep over rising rates, and the rate that it suggests; nothing of it is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from resnet_hub.errors import TrainingError

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
class RateSearch:
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
        """A tenth of the rate at which the loss was least: there it falls, and is far from blowing up.

        Source: Gugger 2018, "How Do You Find A Good Learning Rate".
        """
        return self.lowest / 10


class Sweep:
    """A schedule whose rate rises by the same factor with each update."""

    def __init__(self, optimizer: Any) -> None:
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


def search_rate(learner: Learner, loader: Any) -> RateSearch:
    """Trains with rising rates until the loss blows up; the weights are spoilt by it.

    Args:
        learner: Ready for its first update.
        loader: Prepared batches of training; it is gone through again where it is short.

    Raises:
        TrainingError: The loss is no number from the start.
    """
    learner.schedule = Sweep(learner.optimizer)
    rates: list[float] = []
    smooth: list[float] = []
    mean = 0.0
    for batches in _endless(learner, loader):
        before = learner.position.totals.clone()
        rates.append(Sweep.rate(learner.position.steps))
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
    return RateSearch(np.array(rates), np.array(smooth))


def _endless(learner: Learner, loader: Any) -> Iterator[list[Any]]:
    """The batches of one pass after another, grouped by updates."""
    while True:
        learner.start_epoch()
        yield from grouped(loader, learner.recipe.accumulate)
        learner.position.next_epoch()

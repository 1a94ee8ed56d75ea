"""The learning rate over a run, mostly by timm: `step_update(n)` after update n, `step(epoch, loss)` after an epoch."""

from __future__ import annotations

import math
from typing import Any, Protocol

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ..settings import FinetuneRecipe


class Schedule(Protocol):
    """What moves the learning rates: timm's schedulers, and those of this module."""

    def step_update(self, updates: int, /) -> None:
        """Sets the rates that follow this many updates."""

    def step(self, epoch: int, loss: float, /) -> None:
        """Ends an epoch with this validation loss."""

    def state_dict(self) -> dict[str, Any]:
        """What a run needs to go on."""

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Goes on from what `state_dict` gave."""


def make_schedule(optimizer: torch.optim.Optimizer, recipe: FinetuneRecipe, steps_per_epoch: int) -> Schedule:
    """The schedule that the recipe names, after a linear warm-up; by the update, but for plateau.

    But for plateau, the rates follow from the number of updates alone: `step_update(n)` takes a run that goes on to
    where it was.

    Source: cosine is Loshchilov and Hutter 2017, "SGDR", equation 5, one cycle; one-cycle Smith and Topin 2018,
    "Super-Convergence", section 3, at constant momentum.
    """
    from timm.scheduler import create_scheduler_v2

    total = max(2, recipe.epochs * steps_per_epoch)
    warmup = min(round(recipe.warmup * steps_per_epoch), total - 1)
    if recipe.schedule == "one-cycle":
        return OneCycle(optimizer, total, warmup)
    if recipe.schedule == "plateau":
        patience = round(recipe.decay_epochs or max(1, recipe.epochs / 10))
        return Plateau(optimizer, warmup, recipe.decay_rate, patience, recipe.min_lr)
    prefix = recipe.schedule not in ("step", "multistep")  # those fall after epochs counted from the first
    length = total - warmup if prefix else total
    shares = {"step": 1 / 3, "wsd": 1 / 5, "rsqrt": 1 / 5}
    decay = (recipe.decay_epochs or recipe.epochs * shares.get(recipe.schedule, 1)) * steps_per_epoch
    schedule, _ = create_scheduler_v2(
        optimizer,
        sched=recipe.schedule,
        num_epochs=length,
        warmup_epochs=warmup,
        warmup_prefix=prefix,
        warmup_lr=0.0,
        min_lr=recipe.min_lr,
        stable_timescale=max(1, warmup),
        decay_epochs=max(1, min(round(decay), length)),
        # timm counts these from the update before.
        decay_milestones=[round(epoch * steps_per_epoch) + 1 for epoch in recipe.falls],
        decay_rate=recipe.power if recipe.schedule == "poly" else recipe.decay_rate,
        step_on_epochs=False,
        updates_per_epoch=1,  # what timm calls epochs here are updates already
    )
    schedule.step_update(0)
    return schedule


class OneCycle:
    """PyTorch's one-cycle policy under the names of timm's schedules: up from 1/25 along a cosine, down to almost 0."""

    def __init__(self, optimizer: torch.optim.Optimizer, total: int, warmup: int) -> None:
        self.optimizer, self.total, self.warmup = optimizer, total, warmup
        self.peaks = [group["lr"] * group.get("lr_scale", 1.0) for group in optimizer.param_groups]
        self.step_update(0)

    def step_update(self, updates: int) -> None:
        """Sets the rates that follow this many updates."""
        if updates < self.warmup:
            share = _cosine(1 / 25, 1.0, updates / self.warmup)
        else:
            share = _cosine(1.0, 1 / 25e4, min(1.0, (updates - self.warmup) / (self.total - self.warmup)))
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = share * peak

    def step(self, epoch: int, loss: float) -> None:
        """Does nothing: the rates follow the updates."""

    def state_dict(self) -> dict[str, Any]:
        """Returns nothing: the rates follow from the number of updates."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Needs nothing."""


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class Plateau:
    """A linear warm-up, then learning rates that decay when the validation loss has plateaued for `patience` epochs."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, warmup: int, factor: float, patience: int, min_lr: float
    ) -> None:
        self.optimizer, self.warmup = optimizer, warmup
        self.peaks = [group["lr"] * group.get("lr_scale", 1.0) for group in optimizer.param_groups]
        self.falling = ReduceLROnPlateau(optimizer, factor=min(factor, 0.999999), patience=patience, min_lr=min_lr)
        self.rising = True
        self.step_update(0)

    def step_update(self, updates: int) -> None:
        """Sets the rates of the warm-up; later they stay."""
        if self.rising:
            share = min(1.0, updates / self.warmup) if self.warmup else 1.0
            for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
                group["lr"] = share * peak
            self.rising = updates < self.warmup

    def step(self, epoch: int, loss: float) -> None:
        """Lowers the rates where the loss has been no lower for too long."""
        if not self.rising:
            self.falling.step(loss)

    def state_dict(self) -> dict[str, Any]:
        """What a run needs to go on, beside the rates in the optimizer's own state."""
        return {"rising": self.rising, "best": self.falling.best, "bad_epochs": self.falling.num_bad_epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from what `state_dict` gave."""
        self.rising, self.falling.best = state["rising"], state["best"]
        self.falling.num_bad_epochs = state["bad_epochs"]

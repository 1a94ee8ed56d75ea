"""The training loop: one pass over the training images, one update of the weights."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from resnet_hub.errors import TrainingError

from ..hardware import used_memory
from ..loading import Batch, prepare_batch
from ..optim import clip, learning_rate, penalty
from ..settings import FinetuneRecipe
from .guards import CHECK_EVERY
from .learner import Learner
from .reporting import report
from .seeding import seed_step

Item = TypeVar("Item")
REPORT_EVERY = CHECK_EVERY
"""Steps between figures for the trackers, which may send each over a network."""


def train_one_epoch(learner: Learner, loader: Iterable[Batch]) -> dict[str, float]:
    """Trains on every batch once; returns the mean loss, the last learning rate and images per second.

    Args:
        learner: Its network, optimizer, schedule and position move on.
        loader: Prepared batches of (pixels uint8, labels, indices): those of the pass that are left.

    Raises:
        TrainingError: The loss is not finite.
    """
    accelerator, recipe, position = learner.accelerator, learner.recipe, learner.position
    learner.start_epoch()
    learner.progress.describe(f"epoch {position.epoch}/{recipe.epochs}")
    start, before = time.perf_counter(), position.totals.clone()
    for batches in grouped(loader, recipe.grad_accum_steps):
        update(learner, batches)
        if position.steps % learner.nan_guard.every == 0:
            check(learner)
            show(learner)
    check(learner)
    loss, images = accelerator.reduce(position.totals, "sum").tolist()
    seen = accelerator.reduce(position.totals - before, "sum")[1].item()
    return {
        "train_loss": loss / images,
        "lr": learning_rate(learner.optimizer),
        "images_per_second": seen / (time.perf_counter() - start),
    }


def check(learner: Learner) -> None:
    """Raises: TrainingError for a loss that is not finite; DataError for more undecodable images than are allowed."""
    learner.nan_guard.check(learner.position.epoch, learner.recipe.lr, learner.recipe.folder)
    if learner.late_check:
        learner.late_check.check()


def update(learner: Learner, batches: list[Batch]) -> None:
    """Updates the weights once: the gradient is that of the mean loss over the images of all these batches.

    Processes hold equally many images at each update, which accelerate's loaders see to, so that the mean over
    processes is the mean over images.
    """
    accelerator, recipe, position = learner.accelerator, learner.recipe, learner.position
    images = sum(len(labels) for _, labels, _ in batches)
    seed_step(recipe.seed, position.steps, accelerator.process_index)
    for number, (pixels, labels, indices) in enumerate(batches, start=1):
        last = number == len(batches)
        with nullcontext() if last else accelerator.no_sync(learner.model):
            inputs = learner.resizing(prepare_batch(pixels, learner.preprocessing), position.epoch)
            inputs, targets = learner.mixing(inputs, labels, position.epoch, position.batches + number)
            with one_value_explained(inputs):
                outputs = learner.model(inputs)
            loss = learner.criterion(outputs.float(), targets)
            share = loss * (len(labels) / images)
            accelerator.backward(share + penalty(learner.network, recipe.l1) if recipe.l1 and last else share)
        learner.nan_guard.add(position.steps + 1, loss, indices)
        if learner.late_check:
            learner.late_check.add(indices)
        position.totals += torch.stack((loss.detach().double() * len(labels), position.totals.new_tensor(len(labels))))
    clip(accelerator, learner.model, learner.network.get_classifier(), recipe)
    learner.optimizer.step()
    learner.optimizer.zero_grad()
    position.steps += 1
    position.batches += len(batches)
    learner.progress.advance(images * accelerator.num_processes)
    learner.schedule.step_update(position.steps)
    if learner.ema:
        learner.ema.update(learner.network, position.steps)
    for action in learner.after_update:
        action(learner)


@contextmanager
def one_value_explained(inputs: Tensor) -> Iterator[None]:
    """Says in a sentence that a batch of one image, reduced to one place, leaves BatchNorm one value of each channel.

    Raises:
        TrainingError: It does so inside.
    """
    try:
        yield
    except ValueError as error:
        if not str(error).startswith("Expected more than 1 value per channel"):
            raise
        side = max(inputs.shape[-2:])
        raise TrainingError("loop.one_value", images=len(inputs), size=side, larger=2 * side) from error


def show(learner: Learner) -> None:
    """Shows the mean loss so far on the bar, and now and then reports it to the trackers; waits for the device."""
    loss, images = learner.position.totals.tolist()
    lr = learning_rate(learner.optimizer)
    learner.progress.show(loss / images, lr, used_memory(learner.accelerator))
    if learner.position.steps % REPORT_EVERY == 0:
        report(learner.accelerator, {"running_loss": loss / images, "lr": lr}, learner.position.steps)


def grouped(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`; the last one may be shorter."""
    group: list[Item] = []
    for item in items:
        group.append(item)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def show_progress(loader: Iterable[Item], text: str, accelerator: Accelerator) -> Iterable[Item]:
    """A bar on a terminal's main process; nothing elsewhere."""
    off = None if accelerator.is_main_process else True
    return tqdm(loader, desc=text, unit=" batches", leave=False, disable=off, dynamic_ncols=True)


def refuse_non_finite(loss: float, epoch: int, recipe: FinetuneRecipe) -> None:
    """Raises: TrainingError when the loss is not finite; training on would only spread it."""
    if not math.isfinite(loss):
        raise TrainingError("loop.no_number_in_validation", epoch=epoch, folder=str(recipe.folder), lr=recipe.lr)

"""The training loop: one pass over the training pictures, one update of the weights."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import Any, TypeVar

import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from resnet_hub.errors import TrainingError
from training.augment import prepare_batch
from training.learner import Learner
from training.optim import clip, learning_rate, penalty
from training.recipe import FinetuneRecipe

Item = TypeVar("Item")
CHECK_EVERY = 50
"""Steps between looks at the loss; each look waits for the device."""


def train_one_epoch(learner: Learner, loader: Any) -> dict[str, float]:
    """Trains on every batch once; returns the mean loss, the last learning rate and pictures per second.

    Args:
        learner: Its network, optimizer, schedule and position move on.
        loader: Prepared batches of (pixels uint8, labels, indices): those of the pass that are left.

    Raises:
        TrainingError: The loss is no number any more.
    """
    accelerator, recipe, position = learner.accelerator, learner.recipe, learner.position
    learner.start_epoch()
    start, pictures_before = time.perf_counter(), position.totals[1].item()
    progress = show_progress(loader, f"epoch {position.epoch}/{recipe.epochs}", accelerator)
    for batches in grouped(progress, recipe.accumulate):
        update(learner, batches)
        if position.steps % CHECK_EVERY == 0:
            mean = (position.totals[0] / position.totals[1]).item()
            refuse_no_number(mean, position.epoch, recipe)
            progress.set_postfix(loss=f"{mean:.3f}", refresh=False)
    loss, pictures = accelerator.reduce(position.totals, "sum").tolist()
    refuse_no_number(loss / pictures, position.epoch, recipe)
    seen = pictures - pictures_before * accelerator.num_processes
    return {
        "train_loss": loss / pictures,
        "lr": learning_rate(learner.optimizer),
        "pictures_per_second": seen / (time.perf_counter() - start),
    }


def update(learner: Learner, batches: list[tuple[Tensor, Tensor, Tensor]]) -> None:
    """Updates the weights once: the gradient is that of the mean loss over the pictures of all these batches.

    Processes hold equally many pictures at each update, which accelerate's loaders see to, so that the mean over
    processes is the mean over pictures.
    """
    accelerator, recipe, position = learner.accelerator, learner.recipe, learner.position
    pictures = sum(len(labels) for _, labels, _ in batches)
    for number, (pixels, labels, _) in enumerate(batches, start=1):
        last = number == len(batches)
        with nullcontext() if last else accelerator.no_sync(learner.model):
            inputs = prepare_batch(pixels, learner.preprocessing)
            inputs, targets = learner.views(inputs, labels, position.epoch, position.batches + number)
            loss = learner.objective(learner.model(inputs).float(), targets)
            share = loss * (len(labels) / pictures)
            accelerator.backward(share + penalty(learner.network, recipe.l1) if recipe.l1 and last else share)
        position.totals += torch.stack((loss.detach().double() * len(labels), position.totals.new_tensor(len(labels))))
    clip(accelerator, learner.model, learner.network.get_classifier(), recipe)
    learner.optimizer.step()
    learner.optimizer.zero_grad()
    position.steps += 1
    position.batches += len(batches)
    learner.schedule.step_update(position.steps)
    if learner.averaged:
        learner.averaged.update(learner.network, position.steps)
    for action in learner.after_update:
        action(learner)


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


def show_progress(loader: Any, text: str, accelerator: Accelerator) -> Any:
    """A bar on a terminal's main process; nothing elsewhere."""
    off = None if accelerator.is_main_process else True
    return tqdm(loader, desc=text, unit=" batches", leave=False, disable=off, dynamic_ncols=True)


def refuse_no_number(loss: float, epoch: int, recipe: FinetuneRecipe) -> None:
    """Raises: TrainingError when the loss is infinite or no number; training on would only spread it."""
    if not math.isfinite(loss):
        raise TrainingError(
            f"the loss is no number any more in epoch {epoch}; what was saved before stays in {str(recipe.folder)!r}: "
            f"try a lower --lr than {recipe.lr:g}, or --clip-norm 1"
        )

"""The training loop: one pass over the training pictures, one update of the weights, one measurement of a split."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from resnet_hub.config import Preprocessing
from resnet_hub.errors import TrainingError
from training.augment import prepare_batch
from training.learner import Learner
from training.metrics import Evaluation
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
        "lr": learner.optimizer.param_groups[0]["lr"],
        "pictures_per_second": seen / (time.perf_counter() - start),
    }


def update(learner: Learner, batches: list[tuple[Tensor, Tensor, Tensor]]) -> None:
    """Updates the weights once: the gradient is that of the mean loss over the pictures of all these batches.

    Processes hold equally many pictures at each update, which accelerate's loaders see to, so that the mean over
    processes is the mean over pictures.
    """
    accelerator, position = learner.accelerator, learner.position
    pictures = sum(len(labels) for _, labels, _ in batches)
    for number, (pixels, labels, _) in enumerate(batches, start=1):
        last = number == len(batches)
        with nullcontext() if last else accelerator.no_sync(learner.model):
            inputs = prepare_batch(pixels, learner.preprocessing)
            inputs, targets = learner.views(inputs, labels, position.epoch, position.batches + number)
            loss = learner.objective(learner.model(inputs).float(), targets)
            accelerator.backward(loss * (len(labels) / pictures))
        position.totals += torch.stack((loss.detach().double() * len(labels), position.totals.new_tensor(len(labels))))
    if learner.recipe.clip_norm is not None:
        accelerator.clip_grad_norm_(learner.model.parameters(), learner.recipe.clip_norm)
    learner.optimizer.step()
    learner.optimizer.zero_grad()
    position.steps += 1
    position.batches += len(batches)
    learner.schedule.step_update(position.steps)
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


@torch.no_grad()
def evaluate(accelerator: Accelerator, model: nn.Module, loader: Any, preprocessing: Preprocessing) -> Evaluation:
    """Measures the network on every picture of a split once; the same figures on any number of processes.

    Args:
        accelerator: Gathers what the processes found; pictures that only pad the last batch are left out.
        model: Prepared by accelerate; evaluated with the statistics of the first process.
        loader: Prepared batches of (pixels uint8, labels, indices), in the order of the rows.
        preprocessing: What the network's input is.
    """
    model.eval()
    found: list[tuple[Tensor, ...]] = []
    for pixels, labels, _ in show_progress(loader, "evaluating", accelerator):
        logits = model(prepare_batch(pixels, preprocessing)).float()
        losses = F.cross_entropy(logits, labels, reduction="none")
        ranked = logits.topk(min(5, logits.shape[1])).indices
        in_top5 = (ranked == labels[:, None]).any(1)
        found.append(accelerator.gather_for_metrics((labels, ranked[:, 0], in_top5, losses)))
    labels, predictions, in_top5, losses = (torch.cat(column).cpu() for column in zip(*found, strict=True))
    return Evaluation(
        labels.numpy(), predictions.numpy(), in_top5.numpy(), losses.numpy().astype(np.float64), logits.shape[1]
    )


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

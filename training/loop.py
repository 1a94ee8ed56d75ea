"""The training loop: one pass over the training pictures, one measurement of a split."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from resnet_hub.config import Preprocessing
from resnet_hub.errors import TrainingError
from training.augment import prepare_batch
from training.batches import EpochSampler
from training.metrics import Evaluation
from training.recipe import FinetuneRecipe

CHECK_EVERY = 50
"""Steps between looks at the loss; each look waits for the device."""


@dataclass
class Learner:
    """All that takes part in a step, prepared by accelerate."""

    accelerator: Accelerator
    model: nn.Module
    optimizer: Any
    schedule: Any
    sampler: EpochSampler
    preprocessing: Preprocessing
    recipe: FinetuneRecipe
    steps: int = 0
    """Updates of the weights so far."""


def train_one_epoch(learner: Learner, loader: Any, epoch: int) -> dict[str, float]:
    """Trains on every batch once; returns the mean loss, the last learning rate and pictures per second.

    Args:
        learner: Its model, optimizer and schedule move on.
        loader: Prepared batches of (pixels uint8, labels, indices).
        epoch: Number of the pass, from 1, for the progress bar.

    Raises:
        TrainingError: The loss is no number any more.
    """
    accelerator, recipe = learner.accelerator, learner.recipe
    learner.model.train()
    learner.sampler.epoch = epoch
    start = time.perf_counter()
    total = torch.zeros(2, dtype=torch.float64, device=accelerator.device)  # sum of losses, pictures
    progress = show_progress(loader, f"epoch {epoch}/{recipe.epochs}", accelerator)
    for pixels, labels, _ in progress:
        logits = learner.model(prepare_batch(pixels, learner.preprocessing))
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing)
        accelerator.backward(loss)
        if recipe.clip_norm is not None:
            accelerator.clip_grad_norm_(learner.model.parameters(), recipe.clip_norm)
        learner.optimizer.step()
        learner.optimizer.zero_grad()
        learner.steps += 1
        learner.schedule.step_update(learner.steps)
        total += torch.stack((loss.detach().double() * len(labels), torch.tensor(len(labels), device=total.device)))
        if learner.steps % CHECK_EVERY == 0:
            mean = (total[0] / total[1]).item()
            refuse_no_number(mean, epoch, recipe)
            progress.set_postfix(loss=f"{mean:.3f}", refresh=False)
    total = accelerator.reduce(total, "sum")
    mean = (total[0] / total[1]).item()
    refuse_no_number(mean, epoch, recipe)
    return {
        "train_loss": mean,
        "lr": learner.optimizer.param_groups[0]["lr"],
        "pictures_per_second": total[1].item() / (time.perf_counter() - start),
    }


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

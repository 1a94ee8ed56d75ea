"""All epochs of a run: training, measuring after each, and keeping the best."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from resnet_hub.checkpoint import write_weights
from training import run_folder
from training.learner import Learner
from training.loop import refuse_no_number, train_one_epoch
from training.measure import evaluate
from training.metrics import Evaluation, told_qualities
from training.probe import fit_head
from training.publish import Publisher

logger = logging.getLogger("training")


@dataclass(frozen=True)
class Best:
    """The best weights so far."""

    epoch: int
    kind: str
    """Whose they are: `val` for those that are trained, `ema` for their moving average."""
    evaluation: Evaluation
    weights: dict[str, torch.Tensor]

    def is_beaten_by(self, found: Evaluation) -> bool:
        """Whether `found` is better."""
        return found.quality > self.evaluation.quality


def fit(learner: Learner, loaders: dict[str, Any], publisher: Publisher | None) -> tuple[Best, list[dict[str, Any]]]:
    """Trains, measuring after each epoch and keeping the best; returns it with the rows of metrics.jsonl.

    It ends after all epochs, or when none of the last `patience` ones was the best.
    """
    recipe, position = learner.recipe, learner.position
    best: Best | None = None
    rows: list[dict[str, Any]] = []
    if recipe.head_first and position.steps == 0:
        fit_head(learner, loaders["features"])
    for epoch in range(position.epoch, recipe.epochs + 1):
        started = time.perf_counter()
        trained = train_one_epoch(learner, loaders["train"])
        with learner.in_units():
            measured = measure(learner, loaders["validation"])
            better = better_of(best, learner, measured)
        figures = {
            f"{kind}_{name}": value for kind, found in measured.items() for name, value in found.summary().items()
        }
        rows.append({"epoch": epoch, **trained, **figures, "seconds": time.perf_counter() - started})
        best = better or best
        if learner.accelerator.is_main_process:
            run_folder.append_metrics(recipe.folder, rows[-1])
            if better:
                save_best(learner, better)
        learner.schedule.step(epoch, measured["val"].loss)
        position.next_epoch()
        tell_epoch(rows[-1], recipe.epochs, better is not None)
        if publisher:
            publisher.offer(f"epoch {epoch} of {recipe.epochs}", better=better is not None)
        if best and recipe.patience is not None and epoch - best.epoch >= recipe.patience:
            logger.info("stopped after epoch %d: none of the last %d was better", epoch, recipe.patience)
            break
    if learner.accelerator.is_main_process:
        with learner.in_units():
            save_last(learner)
    return best, rows


def measure(learner: Learner, loader: Any) -> dict[str, Evaluation]:
    """The figures of the weights, as `val`, and of their moving average, as `ema`, where one is kept."""
    accelerator = learner.accelerator
    models: dict[str, nn.Module] = {"val": learner.model}
    if learner.averaged:
        learner.averaged.share(accelerator)
        models["ema"] = learner.averaged.network
    task = learner.network.config.task
    found = {
        kind: evaluate(accelerator, model, loader, learner.preprocessing, task=task) for kind, model in models.items()
    }
    refuse_no_number(found["val"].loss, learner.position.epoch, learner.recipe)
    return found


def better_of(best: Best | None, learner: Learner, measured: dict[str, Evaluation]) -> Best | None:
    """The best of what was measured, with a copy of its weights; None where `best` is no worse."""
    for kind, found in measured.items():
        if best is None or best.is_beaten_by(found):
            source = learner.averaged if kind == "ema" and learner.averaged else learner.network
            weights = {name: tensor.detach().cpu().clone() for name, tensor in source.state_dict().items()}
            best = Best(learner.position.epoch, kind, found, weights)
    return best if best and best.epoch == learner.position.epoch else None


def save_best(learner: Learner, best: Best) -> None:
    """Writes the best weights as the checkpoint of the run, with their card."""
    network = learner.network
    network.details |= best.evaluation.record()
    network.save_pretrained(learner.recipe.folder, card=network.card(learner.recipe.push_to_hub), weights=best.weights)


def save_last(learner: Learner) -> None:
    """Writes the weights that training ended with and their moving average beside the checkpoint."""
    write_weights(learner.recipe.folder / run_folder.LAST_FILE, learner.network.state_dict())
    if learner.averaged:
        write_weights(learner.recipe.folder / run_folder.EMA_FILE, learner.averaged.state_dict())


def tell_epoch(row: dict[str, Any], epochs: int, better: bool) -> None:
    """Logs one line with fixed keys."""
    logger.info(
        "epoch %*d/%d  train_loss %.4f  val_loss %.4f  %s  lr %.2e  %.0f pictures/s  %.1f s%s",
        len(str(epochs)),
        row["epoch"],
        epochs,
        row["train_loss"],
        row["val_loss"],
        "  ".join(told_qualities(row)),
        row["lr"],
        row["pictures_per_second"],
        row["seconds"],
        "  (best so far, saved)" if better else "",
    )

"""All epochs of a run: training, measuring after each, and keeping the best."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import torch

from training import run_folder
from training.learner import Learner
from training.loop import evaluate, refuse_no_number, train_one_epoch
from training.metrics import Evaluation
from training.publish import Publisher

logger = logging.getLogger("training")


@dataclass(frozen=True)
class Best:
    """The best epoch so far: by accuracy, then by loss."""

    epoch: int
    evaluation: Evaluation
    weights: dict[str, torch.Tensor]

    def is_beaten_by(self, found: Evaluation) -> bool:
        """Whether `found` is better."""
        return (found.top1, -found.loss) > (self.evaluation.top1, -self.evaluation.loss)


def fit(learner: Learner, loaders: dict[str, Any], publisher: Publisher | None) -> tuple[Best, list[dict[str, Any]]]:
    """Trains for all epochs, measuring after each and keeping the best; returns it with the rows of metrics.jsonl."""
    recipe, accelerator, network = learner.recipe, learner.accelerator, learner.network
    best: Best | None = None
    rows: list[dict[str, Any]] = []
    for epoch in range(learner.position.epoch, recipe.epochs + 1):
        started = time.perf_counter()
        trained = train_one_epoch(learner, loaders["train"])
        with learner.in_units():
            found = evaluate(accelerator, learner.model, loaders["validation"], learner.preprocessing)
            refuse_no_number(found.loss, epoch, recipe)
            better = best is None or best.is_beaten_by(found)
            if better:
                weights = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
                best = Best(epoch, found, weights)
                if accelerator.is_main_process:
                    network.details |= found.record()
                    network.save_pretrained(recipe.folder, card=network.card(recipe.push_to_hub))
        measured = {f"val_{name}": value for name, value in found.summary().items()}
        rows.append({"epoch": epoch, **trained, **measured, "seconds": time.perf_counter() - started})
        if accelerator.is_main_process:
            run_folder.append_metrics(recipe.folder, rows[-1])
        learner.schedule.step(epoch, found.loss)
        learner.position.next_epoch()
        tell_epoch(rows[-1], recipe.epochs, better)
        if publisher:
            publisher.offer(f"epoch {epoch} of {recipe.epochs}", better=better)
    return best, rows


def tell_epoch(row: dict[str, Any], epochs: int, better: bool) -> None:
    """Logs one line with fixed keys."""
    logger.info(
        "epoch %*d/%d  train_loss %.4f  val_loss %.4f  val_top1 %.2f%%  lr %.2e  %.0f pictures/s  %.1f s%s",
        len(str(epochs)),
        row["epoch"],
        epochs,
        row["train_loss"],
        row["val_loss"],
        100 * row["val_top1"],
        row["lr"],
        row["pictures_per_second"],
        row["seconds"],
        "  (best so far, saved)" if better else "",
    )

"""All epochs of a run: training, evaluation after each, and the best checkpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from torch import nn

from resnet_hub.checkpoint import write_weights

from .hardware import used_memory
from .loading import Loader
from .loop import (
    Learner,
    Saver,
    draw_live,
    evaluate,
    faults_explained,
    log_epoch,
    recalibrate,
    refuse_non_finite,
    remaining,
    report,
    train_one_epoch,
)
from .metrics import Evaluation
from .push import Publisher
from .run import EMA_FILE, LAST_FILE, Best, append_row
from .trials import answering, fit_linear_probe, learn_head

logger = logging.getLogger("training")


def fit(learner: Learner, loaders: dict[str, Loader], publisher: Publisher | None, saver: Saver) -> Best:
    """Trains and evaluates each epoch; returns the best, and leaves a row for each in the saver's history.

    It ends after all epochs, or when none of the last `patience` ones was the best.

    Raises:
        TrainingError: The loss is not finite any more, or the disk is full.
        Stopped: It was asked to stop, and the state is saved.
    """
    recipe, position, history = learner.recipe, learner.position, saver.history
    if recipe.linear_probe_first and not recipe.features_once and position.steps == 0:
        fit_linear_probe(learner, loaders["features"])
    while position.epoch <= recipe.epochs and not history.is_stuck(recipe.patience):
        better = fit_epoch(learner, loaders, saver)
        if publisher:
            publisher.offer(f"epoch {len(history.rows)} of {recipe.epochs}", better=better)
        saver.end_epoch()
        if publisher:
            publisher.offer_state(f"epoch {len(history.rows)} of {recipe.epochs}")
    if history.is_stuck(recipe.patience):
        logger.info("early stopping after epoch %d: none of the last %d was better", len(history.rows), recipe.patience)
    with learner.in_units():
        save_last(learner)
    return history.chosen


def fit_epoch(learner: Learner, loaders: dict[str, Loader], saver: Saver) -> bool:
    """Trains on what is left of the epoch, evaluates, and saves a new best; returns whether it was one."""
    recipe, position, history = learner.recipe, learner.position, saver.history
    epoch, started = position.epoch, time.perf_counter()
    with faults_explained(learner):
        if recipe.features_once:
            with saver.interruptible():
                trained = learn_head(learner, loaders["features"], saver.check)
        else:
            trained = train_one_epoch(learner, remaining(learner, loaders["train"]))
    learner.progress.describe(f"epoch {epoch}/{recipe.epochs}, validating")
    if recipe.start_size is not None and epoch == recipe.epochs:
        recalibrate(learner, loaders["train"])
    with saver.interruptible(), learner.in_units(), faults_explained(learner):
        measured = evaluate_epoch(learner, loaders["validation"], saver.check)
        better = better_of(history.best, learner, measured)
    figures = {f"{kind}_{name}": value for kind, found in measured.items() for name, value in found.summary().items()}
    speed = trained.pop("images_per_second")
    row = {"epoch": epoch, **trained, **figures}
    timing = {"epoch": epoch, "seconds": time.perf_counter() - started, "images_per_second": speed}
    timing["memory_bytes"] = used_memory(learner.accelerator)
    history.rows.append(row)
    history.timings.append(timing)
    history.best = better or history.best
    if learner.accelerator.is_main_process:
        append_row(recipe.folder, row, timing)
        if better:
            save_best(learner, better)
    learner.schedule.step(epoch, measured["val"].loss)
    position.next_epoch()
    log_epoch(row, timing, recipe.epochs, better=better is not None)
    if learner.accelerator.is_main_process:
        draw_live(history)
    report(learner.accelerator, row | timing, position.steps)
    return better is not None


def evaluate_epoch(learner: Learner, loader: Loader, check: Callable[[], object]) -> dict[str, Evaluation]:
    """Evaluates the weights, as `val`, and their EMA, as `ema`, where one is kept; `check` may end it after a batch."""
    accelerator = learner.accelerator
    models: dict[str, nn.Module] = {"val": answering(learner) if learner.recipe.features_once else learner.model}
    if learner.ema:
        learner.ema.share(accelerator)
        models["ema"] = learner.ema.network
    task = learner.network.config.task
    found = {
        kind: evaluate(accelerator, model, loader, learner.preprocessing, task=task, bar=False, after_batch=check)
        for kind, model in models.items()
    }
    refuse_non_finite(found["val"].loss, learner.position.epoch, learner.recipe)
    return found


def better_of(best: Best | None, learner: Learner, measured: dict[str, Evaluation]) -> Best | None:
    """The best of what was measured, with a copy of its weights; None where `best` is no worse."""
    for kind, found in measured.items():
        if best is None or best.is_beaten_by(found):
            source = learner.ema if kind == "ema" and learner.ema else learner.network
            weights = {name: tensor.detach().cpu().clone() for name, tensor in source.state_dict().items()}
            best = Best(learner.position.epoch, kind, found, weights)
    return best if best and best.epoch == learner.position.epoch else None


def save_best(learner: Learner, best: Best) -> None:
    """Writes the best weights as the checkpoint of the run, with their card."""
    network = learner.network
    network.metadata = replace(network.metadata, **best.evaluation.record())
    network.save_pretrained(learner.recipe.folder, card=network.card(learner.recipe.push_to_hub), weights=best.weights)


def save_last(learner: Learner) -> None:
    """Writes the weights that training ended with and their EMA beside the checkpoint."""
    folder, main = learner.recipe.folder, learner.accelerator.is_main_process
    # All processes ask for the weights, because a sharded network is made whole by all of them.
    for file, source in ((LAST_FILE, learner.network), (EMA_FILE, learner.ema)):
        weights = source.state_dict() if source else None
        if weights is not None and main:
            write_weights(folder / file, weights)

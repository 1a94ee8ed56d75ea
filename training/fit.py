"""All epochs of a run: training, measuring after each, and keeping the best."""

from __future__ import annotations

import time
from typing import Any

from training import run_folder
from training.hardware import used_memory
from training.history import Best
from training.learner import Learner
from training.loop import evaluate, refuse_no_number, train_one_epoch
from training.progress import tell_epoch
from training.publish import Publisher
from training.state import Saver, remaining
from training.trackers import report


def fit(learner: Learner, loaders: dict[str, Any], publisher: Publisher | None, saver: Saver) -> Best:
    """Trains for all epochs, measuring after each; the best is returned, and the history has a row for each.

    Raises:
        TrainingError: The loss is no number any more, or the disk is full.
        Stopped: After Ctrl-C, when the state is saved.
    """
    recipe, accelerator, network, history = learner.recipe, learner.accelerator, learner.network, saver.history
    for epoch in range(learner.position.epoch, recipe.epochs + 1):
        started = time.perf_counter()
        trained = train_one_epoch(learner, remaining(learner, loaders["train"]))
        learner.progress.tell(f"epoch {epoch}/{recipe.epochs}, validating")
        with saver.interruptible():
            found = evaluate(accelerator, learner.model, loaders["validation"], learner.preprocessing, bar=False)
        refuse_no_number(found.loss, epoch, recipe)
        speed = trained.pop("pictures_per_second")
        row = {"epoch": epoch, **trained, **{f"val_{name}": value for name, value in found.summary().items()}}
        timing = {"epoch": epoch, "seconds": time.perf_counter() - started, "pictures_per_second": speed}
        timing["memory_bytes"] = used_memory(accelerator)
        history.rows.append(row)
        history.timings.append(timing)
        better = history.best is None or history.best.is_beaten_by(found)
        if better:
            weights = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
            history.best = Best(epoch, found, weights)
        if accelerator.is_main_process:
            run_folder.append_row(recipe.folder, row, timing)
            if better:
                network.details |= found.record()
                network.save_pretrained(recipe.folder, card=network.card(recipe.push_to_hub))
        learner.schedule.step(epoch, found.loss)
        learner.position.next_epoch()
        tell_epoch(row, timing, recipe.epochs, better=better)
        report(accelerator, row | timing, learner.position.steps)
        if publisher:
            publisher.offer(f"epoch {epoch} of {recipe.epochs}", better=better)
        saver.end_epoch()
    return history.chosen

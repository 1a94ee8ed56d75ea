"""Checkpointing of a run: everything that it needs is saved between two steps, and resumed exactly there."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from resnet_hub.errors import ResNetHubError, TrainingError

from ..hardware import main_process_decides
from ..loading import Batch, Loader, StreamLoader
from ..optim import state_copies
from ..processes import Stopped, advise
from ..run import (
    KEPT,
    STATE_FOLDER,
    Best,
    History,
    Snapshot,
    check_room,
    resumed_record,
    rewrite_rows,
    write_snapshot,
)
from ..settings import launch_command
from .guards import Agreement, Interruption
from .learner import Learner

DIVERGED = tuple(f"loop.no_number_{where}" for where in ("in_step", "in_large_step", "after_step", "in_validation"))
"""Errors that a resumed run would only meet again."""
NETWORK, LEARNER, BEST, RUN = "network", "learner", "best", "run"
"""The parts of a snapshot, each one JSON file and one safetensors file."""

logger = logging.getLogger("training")


class Saver:
    """Saves the state of a run into its folder, and puts a new learner where a saved one was.

    What is random about samples and steps follows from the seed and their numbers, so that no generator is saved.
    """

    def __init__(self, learner: Learner, history: History, interruption: Interruption, record: dict[str, Any]) -> None:
        """Saves nothing yet; `after_update` is for the learner to call, last of all.

        Args:
            learner: At the start of its run.
            history: What `fit` adds to.
            interruption: Says when the run is asked to stop.
            record: What the run is, its dataset's fingerprint too, as JSON values.
        """
        self.learner, self.history, self.interruption, self.record = learner, history, interruption, record
        self.agreement = Agreement(learner.accelerator, interruption)
        self.every = learner.recipe.save_every_steps
        self.folder = learner.recipe.folder / STATE_FOLDER
        self._saved_best: int | None = None
        self._begun = False

    def begin(self) -> None:
        """Saves what there is before the first step: the settings and the seed, from which all the rest follows."""
        main_process_decides(lambda: write_snapshot(self.folder, {RUN: self._run([0.0, 0.0])}))
        self._begun = True

    def bytes_needed(self) -> int:
        """Roughly what the run is going to write: two states and a third that is being written, and checkpoints."""
        network = self.learner.network
        weights = sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))
        moments = state_copies(self.learner.recipe, self.learner.accelerator.device)
        average = 0 if self.learner.ema is None else 1
        return round((KEPT + 1) * (1 + moments + average) * weights + (4 + average) * weights)

    def after_update(self, learner: Learner) -> None:
        """Saves where it is time. Raises: Stopped where the run was asked to stop, when the state is saved."""
        status = self.agreement.status()
        if status or (self.every is not None and learner.position.steps % self.every == 0):
            self.save()
        if status:
            raise self.stopped(status)

    @property
    def way_on(self) -> str:
        """The command that goes on with the run."""
        folder, processes = shlex.quote(str(self.learner.recipe.folder)), self.learner.accelerator.num_processes
        return f"go on with:  {launch_command('finetune', processes)} --resume {folder}"

    def save(self) -> None:
        """Saves everything; what was saved before goes only when this is complete.

        Raises:
            TrainingError: The disk does not take it, or the weights are not finite.
        """
        learner = self.learner
        accelerator, position, recipe = learner.accelerator, learner.position, learner.recipe
        learner.nan_guard.check(position.epoch, recipe.lr, recipe.folder)
        # All processes together, because a sharded network is made whole by all of them.
        weights = dict(learner.network.state_dict())
        if not all(weights[name].isfinite().all() for name, _ in learner.network.named_parameters()):
            folder, step = str(recipe.folder), position.steps
            raise TrainingError(
                "loop.no_number_after_step", epoch=position.epoch, step=step, folder=folder, lr=recipe.lr
            )
        totals = accelerator.reduce(position.totals, "sum").tolist()
        keepers = {name: keeper.state_dict() for name, keeper in self._keepers()}
        parts = {NETWORK: weights, LEARNER: keepers, RUN: self._run(totals)}
        main_process_decides(lambda: self._write(parts))

    def end_epoch(self) -> None:
        """Saves after an epoch. Raises: Stopped where the run was asked to stop."""
        self.save()
        if status := self.agreement.status(now=True):
            raise self.stopped(status)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A block between two steps that changes nothing: it may end at once, saved. Raises: Stopped."""
        try:
            # Several processes end it together, where `check` is called: none of them may wait for the others.
            with self.interruption.at_once(self.learner.accelerator.num_processes == 1):
                yield
        except Stopped as stop:
            self.save()
            raise self.stopped(stop.status) from None

    def check(self) -> None:
        """Ends an `interruptible` block; all processes call it equally often in it. Raises: Stopped."""
        if status := self.agreement.status():
            raise Stopped(status=status)

    def stopped(self, status: int) -> Stopped:
        """What to raise when the state is saved and the run is to end; says how it goes on."""
        position = self.learner.position
        words = f"stopped in epoch {position.epoch} after step {position.steps}, and saved; {self.way_on}"
        return Stopped(words, status=status)

    def restore(self, snapshot: Snapshot) -> None:
        """Puts the learner and the history where they were. Raises: TrainingError where something has changed."""
        saved = snapshot.read(RUN)
        self._refuse_changes(saved)
        self.record = resumed_record(saved["record"], self.record, saved["position"]["steps"])
        self.record["recipe"] = saved["record"]["recipe"] | {"epochs": self.learner.recipe.epochs}
        learner, history, main = self.learner, self.history, self.learner.accelerator.is_main_process
        history.rows, history.timings, history.earlier = saved["rows"], saved["timings"], saved["seconds"]
        if snapshot.has(NETWORK):
            learner.network.load_state_dict(snapshot.read(NETWORK))
            keepers = snapshot.read(LEARNER)
            for name, keeper in self._keepers():
                keeper.load_state_dict(keepers[name])
        if snapshot.has(BEST):
            history.best = Best.from_state(snapshot.read(BEST))
            self._saved_best = history.best.epoch
        position, totals = learner.position, saved["position"].pop("totals")
        # Batches of each process: where there are more processes now, each has seen fewer.
        batches, now = saved["position"]["batches"] * saved["processes"] * saved["recipe"]["batch_size"], learner.recipe
        saved["position"]["batches"] = batches // (learner.accelerator.num_processes * now.images_per_batch)
        for name, value in saved["position"].items():
            setattr(position, name, value)
        # The sums over all processes are the first one's now; they are added up again at the end of the epoch.
        position.totals = torch.tensor(totals if main else [0.0, 0.0], dtype=torch.float64)
        self._begun = True
        if main:
            snapshot.make_newest()
            rewrite_rows(learner.recipe.folder, history.rows, history.timings)

    def _write(self, parts: dict[str, Any]) -> None:
        if self._begun and not self.folder.is_dir():  # of a disk that is unmounted, the next would go to another one
            raise TrainingError("run.vanished", folder=str(self.learner.recipe.folder))
        best = self.history.best
        unchanged = [BEST] if best is not None and best.epoch == self._saved_best else []
        if best is not None and not unchanged:
            parts[BEST] = best.to_state()
        write_snapshot(self.folder, parts, unchanged)
        self._saved_best = best.epoch if best is not None else None

    def _run(self, totals: list[float]) -> dict[str, Any]:
        position, history = self.learner.position, self.history
        return {
            "recipe": {name: value for name, value in self.learner.recipe.to_json().items() if name != "overwrite"},
            "record": self.record,
            "processes": self.learner.accelerator.num_processes,
            "position": {
                "epoch": position.epoch,
                "batches": position.batches,
                "steps": position.steps,
                "totals": totals,
            },
            "rows": history.rows,
            "timings": history.timings,
            "seconds": history.seconds,
        }

    def _keepers(self) -> Iterable[tuple[str, Any]]:
        """What has a state of its own, beside the network, by name."""
        yield "schedule", self.learner.schedule
        yield "optimizer", self.learner.optimizer  # with the rates that the schedule has set
        if self.learner.ema is not None:
            yield "ema", self.learner.ema
        if self.learner.accelerator.scaler is not None:
            yield "scaler", self.learner.accelerator.scaler

    def _refuse_changes(self, saved: dict[str, Any]) -> None:
        folder = str(self.learner.recipe.folder)
        if saved["record"]["dataset"]["split_hash"] != self.record["dataset"]["split_hash"]:
            raise TrainingError("loop.other_dataset", folder=folder)


@contextmanager
def saving(
    learner: Learner, history: History, record: dict[str, Any], snapshot: Snapshot | None, images: int
) -> Iterator[Saver]:
    """The saver of a run for as long as it trains, with its bar shown; what asks to stop waits for the step to end.

    Args:
        learner: At the start of its run; where there is a snapshot it is put where that was.
        history: Of the run; filled from the snapshot.
        record: What the run is, as `describe_run` says.
        snapshot: The state to go on from; None for a new run.
        images: In each epoch, for the bar.

    Raises:
        TrainingError: The disk has no room, or what was saved does not fit the run.
    """
    recipe, accelerator = learner.recipe, learner.accelerator
    with Interruption(speaks=accelerator.is_main_process, limit=recipe.seconds_allowed) as interruption:
        saver = Saver(learner, history, interruption, record)
        main_process_decides(lambda: check_room(recipe.folder, saver.bytes_needed()))
        if snapshot is None:
            saver.begin()
        else:
            saver.restore(snapshot)
        advise(saver.way_on)
        learner.after_update.append(saver.after_update)
        seen = (learner.position.epoch - 1) * images + int(learner.position.totals[1])
        with learner.progress.opened(recipe.epochs * images, seen, shown=accelerator.is_main_process):
            try:
                yield saver
            except ResNetHubError as error:
                if error.code not in DIVERGED:
                    logger.warning("what was saved before is kept; %s", saver.way_on)
                raise


def remaining(learner: Learner, loader: Loader) -> Iterable[Batch]:
    """The batches that the pass of the learner's position has left; none is read to be thrown away, but of a stream."""
    done = learner.position.batches
    if not done:
        return loader
    if isinstance(loader, StreamLoader):
        return loader.skipping(done)
    return learner.accelerator.skip_first_batches(loader, done) if done < len(loader) else ()

"""A run that is killed, or stopped by Ctrl-C, goes on as if nothing had happened: bit for bit."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch
import zygote
from images import class_folders
from launching import FROM_SCRATCH, forget_accelerator
from learners import make_data, start
from safetensors.torch import load_file

from training import finetune, fit
from training.loop import saver as state
from training.loop.epoch import train_one_epoch
from training.loop.guards.interruption import Interruption
from training.optim.optimizers import learning_rate
from training.run import run_folder
from training.run.history import History
from training.run.serialization import CHECKSUMS, newest_snapshot, write_snapshot

# All that keeps a state of its own: moments, their schedule, an average of the weights; and much that is random.
FLAGS = (*FROM_SCRATCH, "--image-size", 16, "--epochs", 3, "--batch-size", 8, "--workers", 0, "--threads", 1)
FLAGS += ("--optimizer", "adamw", "--lr", 0.004, "--schedule", "plateau", "--grad-accum-steps", 2, "--ema-decay", 0.9)
FLAGS += ("--drop-path-rate", 0.2, "--drop-rate", 0.1, "--mixup", 0.2)
# 64 images to train are 4 updates in each epoch. One run is killed at each of these moments, saving after 2, 4, ...:
MOMENTS = {
    "before anything was saved but the settings": ["step", 1],
    "while a state is written": ["writing", 2],
    "while the first epoch is measured": ["evaluation", 1],
    "between the row of an epoch and its state": ["row", 1],
    "between two epochs": ["saved", 2],
    "between two steps of the last epoch": ["step", 11],
    "while the report is written": ["report", 0],
}
AFTER = [0, 2, 4, 8, 10, 12]
"""The steps after which it went on; of two times between which nothing was saved, the second is told."""
# What training imports as late as it can.
LATER = ("timm.data.mixup", "timm.optim", "timm.scheduler", "timm.utils")
COUNTS = {"red": 40, "green": 40}
FINAL = ("model.safetensors", "last.safetensors", "ema.safetensors", "metrics.jsonl", "split.parquet")


pytestmark = pytest.mark.usefixtures("new_process", "blank_figures")


@pytest.fixture(scope="module")
def colors(finished_run):
    return finished_run("colors", lambda place: str(class_folders(place / "colors", COUNTS)))[0] / "colors"


def trained(folder, colors):
    """Trains `whole`, and `killed` in several parts; returns the statuses of the parts and all that was said."""
    base = [str(flag) for flag in ("--dataset", colors, *FLAGS)]
    first = [*base, "--save-every-steps", "2", "--output", str(folder / "killed")]
    again = ["--resume", str(folder / "killed")]
    flags = [[*base, "--output", str(folder / "whole")], first, *[again] * len(MOMENTS)]
    parts = list(zip(flags, [None, *MOMENTS.values(), None], strict=True))
    program = Path(__file__).parents[2] / "killing.py"
    needs = ["training.finetune", *LATER]
    ended = [zygote.run([program, json.dumps(part)], needs=needs, timeout=400) for part in parts]
    return [one.returncode for one in ended], "".join(one.stderr for one in ended)


@pytest.fixture(scope="module")
def runs(finished_run, colors):
    """The folder of a run that nobody touched, `whole`, and of one killed at all `MOMENTS`, `killed`; what was told."""
    folder, (statuses, log) = finished_run("killed", lambda place: trained(place, colors))
    return folder, statuses, log


def test_the_run_was_killed_at_each_moment_and_finished_in_the_end(runs):
    _, statuses, log = runs
    assert statuses == [0, *[-signal.SIGKILL] * len(MOMENTS), 0], log


@pytest.mark.parametrize("file", FINAL)
def test_a_killed_and_resumed_run_ends_bit_for_bit_as_one_that_nobody_touched(runs, file):
    folder, _, _ = runs
    assert (folder / "killed" / file).read_bytes() == (folder / "whole" / file).read_bytes()


def test_the_record_tells_of_each_time_the_run_went_on(runs):
    folder, _, _ = runs
    run = json.loads((folder / "killed" / "results.json").read_text())["run"]
    assert [again["after_step"] for again in run["resumed"]] == AFTER
    assert run["command"][:2] == ["--dataset", "colors"]


def test_a_finished_run_keeps_no_state_and_is_not_resumed(runs, capsys):
    folder, _, _ = runs
    assert not (folder / "whole" / "state").exists()
    assert finetune.main(["--resume", str(folder / "whole")]) == 2
    assert "is finished, so there is nothing to resume" in capsys.readouterr().err


def test_schedule_optimizer_and_average_go_on_where_they_were(tmp_path):
    make_data(tmp_path / "data")
    settings = {"schedule": "plateau", "ema_decay": 0.9, "optimizer": "adamw", "output": str(tmp_path / "run")}
    record = dict.fromkeys(("command", "started", "versions", "git", "hardware", "processes")) | {
        "dataset": {"split_hash": "1"},
        "recipe": {},
    }
    learners = []
    for _ in range(2):
        learner, loaders = start(tmp_path / "data", **settings)
        learners.append(learner)
        saver = state.Saver(learner, History(), Interruption(speaks=False), record)
        if len(learners) == 1:
            train_one_epoch(learner, loaders["train"])
            for loss in (1.0, 2.0, 3.0, 2.0):
                learner.schedule.step(1, loss)
            saver.save()
        else:
            saver.restore(newest_snapshot(tmp_path / "run" / "state"))
    first, second = learners
    assert first.schedule.state_dict()["best"] == 1
    assert second.schedule.state_dict() == first.schedule.state_dict()
    assert learning_rate(second.optimizer) == learning_rate(first.optimizer) < first.recipe.lr
    for old, new in ((first.ema, second.ema), (first.network, second.network)):
        assert all(torch.equal(tensor, new.state_dict()[name]) for name, tensor in old.state_dict().items())
    assert (second.position.batches, second.position.steps) == (first.position.batches, first.position.steps)
    assert torch.equal(second.position.totals, first.position.totals)


@pytest.fixture
def press_at(monkeypatch):
    """Lets Ctrl-C be pressed in this process after a step, or in an evaluation."""

    def arrange(step=None, evaluation=None):
        updated, measured = state.Saver.after_update, fit.evaluate_epoch
        calls = []

        def after_update(saver, learner):
            if learner.position.steps == step:
                os.kill(os.getpid(), signal.SIGINT)
            updated(saver, learner)

        def evaluate_epoch(*arguments):
            calls.append(1)
            if len(calls) == evaluation:
                os.kill(os.getpid(), signal.SIGINT)
            return measured(*arguments)

        monkeypatch.setattr(state.Saver, "after_update", after_update)
        monkeypatch.setattr(fit, "evaluate_epoch", evaluate_epoch)

    return arrange


@pytest.mark.parametrize(
    ("moment", "step"), [({"step": 3}, 3), ({"evaluation": 1}, 4)], ids=["in an epoch", "while it is measured"]
)
def test_ctrl_c_saves_and_the_command_it_prints_goes_on(
    runs, press_at, capsys, colors, monkeypatch, tmp_path, moment, step
):
    folder = tmp_path / f"stopped at {step}"
    press_at(**moment)
    status = finetune.main([str(flag) for flag in ("--dataset", colors, *FLAGS, "--output", folder)])
    monkeypatch.undo()
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert status == 130
    said, _, command = message.partition("; go on with:  accelerate launch -m training.finetune ")
    assert said == f"stopped in epoch 1 after step {step}, and saved"
    assert command == f"--resume '{folder}'"
    forget_accelerator()
    assert finetune.main(["--resume", str(folder)]) == 0
    for file in FINAL:
        assert (folder / file).read_bytes() == (runs[0] / "whole" / file).read_bytes(), file


@pytest.fixture
def stopped(tmp_path, press_at, colors, monkeypatch):
    """The folder of a run that was stopped after its sixth step, with saves after 2 and 4."""

    def stop(*flags):
        press_at(step=6)
        given = ("--dataset", colors, *FLAGS, "--save-every-steps", 2, "--output", tmp_path / "run", *flags)
        assert finetune.main([str(flag) for flag in given]) == 130
        monkeypatch.undo()
        forget_accelerator()
        return tmp_path / "run"

    return stop


def test_a_damaged_state_falls_back_to_the_one_before_and_says_so(runs, stopped, capsys):
    folder = stopped()
    newest = max((folder / "state").iterdir())
    weights = newest / "network.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert finetune.main(["--resume", str(folder)]) == 0
    assert f"{newest} is damaged (network.safetensors is not what was written)" in capsys.readouterr().err
    whole = runs[0] / "whole"
    assert (folder / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_no_state_left_whole_never_means_a_silent_restart(stopped, capsys):
    folder = stopped()
    for snapshot in (folder / "state").iterdir():
        (snapshot / CHECKSUMS).unlink()
    assert finetune.main(["--resume", str(folder)]) == 2
    assert "every state in" in capsys.readouterr().err


def test_a_dataset_that_has_changed_meanwhile_is_refused(tmp_path, stopped, colors, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(colors, copy)
    folder = stopped("--dataset", copy)
    (copy / "red" / "0.png").unlink()
    assert finetune.main(["--resume", str(folder)]) == 2
    assert "the dataset is not what it was when the run in" in capsys.readouterr().err


def test_a_run_of_two_processes_goes_on_in_one_with_the_same_images_in_each_update(runs, stopped, capsys):
    folder = stopped()
    # The same run as two processes would have left it: each with half of the batches, none put together.
    snapshot = newest_snapshot(folder / "state")
    saved = snapshot.read("run")
    saved["processes"], saved["recipe"]["grad_accum_steps"] = 2, 1
    saved["position"]["batches"] //= 2
    write_snapshot(folder / "state", {"run": saved}, unchanged=["network", "learner", "best"])
    assert finetune.main(["--resume", str(folder)]) == 0
    assert "each update still takes 16 images (1 x batch 8 x accumulate 2)" in capsys.readouterr().err
    for file in FINAL:
        assert (folder / file).read_bytes() == (runs[0] / "whole" / file).read_bytes(), file


def test_a_run_that_is_resumed_for_more_epochs_trains_longer_and_says_how(stopped, capsys):
    folder = stopped()
    assert finetune.main(["--resume", str(folder), "--epochs", "4"]) == 0
    assert "from here on the learning rate is that of a run of 4 epochs" in capsys.readouterr().err
    results = json.loads((folder / "results.json").read_text())
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == results["run"]["recipe"]["epochs"] == 4


def test_weights_that_are_no_numbers_are_never_saved(tmp_path, colors, capsys, monkeypatch):
    updated = state.Saver.after_update

    def broken(saver, learner):
        if learner.position.steps == 4:
            with torch.no_grad():
                learner.network.fc.bias[0] = float("nan")
        updated(saver, learner)

    monkeypatch.setattr(state.Saver, "after_update", broken)
    flags = ("--dataset", colors, *FLAGS, "--save-every-steps", 2, "--output", tmp_path / "run")
    assert finetune.main([str(flag) for flag in flags]) == 2
    assert "no number any more in epoch 1, after step 4; what was saved before stays in" in capsys.readouterr().err
    newest = max((tmp_path / "run" / "state").iterdir())
    assert json.loads((newest / "run.json").read_text())["position"]["steps"] == 2
    assert load_file(newest / "network.safetensors")["fc.bias"].isfinite().all()


def test_a_disk_without_room_stops_the_run_before_it_trains(tmp_path, colors, capsys, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(run_folder.shutil, "disk_usage", lambda folder: usage._replace(free=2_000_000))
    flags = ("--dataset", colors, *FLAGS, "--output", tmp_path / "run")
    assert finetune.main([str(flag) for flag in flags]) == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("error: the run writes up to 1")
    assert message.endswith("whose disk has 2 MB free; make room, or choose another disk with --output")
    assert not (tmp_path / "run" / "metrics.jsonl").exists()

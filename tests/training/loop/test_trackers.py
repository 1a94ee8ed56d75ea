"""Figures reach the trackers of accelerate; one that is not there is a sentence."""

import json

import pytest
from accelerate import Accelerator, tracking
from accelerate.tracking import GeneralTracker
from error_facts import code_and_fields
from images import class_folders
from launching import FROM_SCRATCH, forget_accelerator

from resnet_hub.errors import ConfigError, TrainingError
from training import finetune
from training.loop.reporting.trackers import report, start_trackers, tracker_names


class LinesTracker(GeneralTracker):
    """A tracker as anybody may register one with accelerate: lines of JSON in a file."""

    name = "lines"
    requires_logging_directory = True

    def __init__(self, run_name, logging_dir, **options):
        super().__init__()
        self.project, self.file = run_name, logging_dir / "lines.jsonl"

    @property
    def tracker(self):
        return self.file

    def start(self):
        self.file.parent.mkdir(parents=True, exist_ok=True)

    def _write(self, **values):
        with self.file.open("a") as file:
            file.write(json.dumps(values) + "\n")

    def store_init_configuration(self, values):
        self._write(project=self.project, settings=values)

    def log(self, values, step=None, **options):
        self._write(step=step, **values)

    def finish(self):
        self._write(finished=True)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    forget_accelerator()
    monkeypatch.setitem(tracking.LOGGER_TYPE_TO_CLASS, "lines", LinesTracker)


def test_a_run_tells_its_settings_and_a_row_for_each_epoch(tmp_path):
    data = class_folders(tmp_path / "colors", {"red": 6, "green": 6})
    flags = ("--dataset", data, *FROM_SCRATCH, "--epochs", 2, "--workers", 0, "--report-to", "lines")
    assert finetune.main([str(flag) for flag in (*flags, "--output", tmp_path / "run")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "run" / "trackers" / "lines.jsonl").read_text().splitlines()]
    assert lines[0]["project"] == "colors"
    assert lines[0]["settings"]["epochs"] == 2
    assert str(tmp_path) not in json.dumps(lines)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [(line["step"], line["val_loss"]) for line in lines[1:-1]] == [
        (1, rows[0]["val_loss"]),
        (2, rows[1]["val_loss"]),
    ]
    assert {"train_loss", "lr", "seconds", "images_per_second", "memory_bytes"} <= set(lines[1])
    assert lines[-1] == {"finished": True}


def test_tensorboard_gets_the_loss_and_the_accuracy_of_each_epoch(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    data = class_folders(tmp_path / "colors", {"red": 6, "green": 6})
    flags = ("--dataset", data, *FROM_SCRATCH, "--epochs", 2, "--workers", 0, "--report-to", "tensorboard")
    assert finetune.main([str(flag) for flag in (*flags, "--output", tmp_path / "run")]) == 0
    folders = {file.parent for file in (tmp_path / "run" / "trackers").rglob("events.out.tfevents.*")}
    told = [EventAccumulator(str(folder)).Reload() for folder in sorted(folders)]
    events = next(one for one in told if one.Tags()["scalars"])
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    for name in ("train_loss", "val_loss", "val_top1"):
        found = [(event.step, event.value) for event in events.Scalars(name)]
        assert found == [(step, pytest.approx(rows[step - 1][name])) for step in (1, 2)]


def test_several_are_separated_by_commas():
    assert tracker_names("lines, LINES") == ["lines", "lines"]
    assert tracker_names(None) == []


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("tensorbord", "loop.unknown_tracker", {"name": "tensorbord", "nearest": "'tensorboard'"}),
        (
            "comet_ml",
            "loop.tracker_not_installed",
            {"name": "comet_ml", "package": "comet-ml"},
        ),
    ],
)
def test_a_tracker_that_is_not_there_is_a_sentence(name, code, expected):
    with pytest.raises(ConfigError) as refused:
        tracker_names(name)
    assert code_and_fields(refused.value) == (code, expected)


def test_a_tracker_that_does_not_start_is_a_sentence(monkeypatch, tmp_path):
    def refuse(tracker):
        raise ValueError("no key\nlong explanation")

    monkeypatch.setattr(LinesTracker, "start", refuse)
    accelerator = Accelerator(cpu=True, log_with=["lines"], project_dir=tmp_path)
    with pytest.raises(TrainingError) as refused:
        start_trackers(accelerator, "project", {}, run="ants")
    assert code_and_fields(refused.value) == ("loop.tracker_failed", {"names": "lines", "reason": "no key"})


@pytest.mark.parametrize(("resumed", "mode"), [(False, "never"), (True, "allow")])
def test_a_run_is_called_like_its_folder_in_each_tracker(monkeypatch, resumed, mode):
    asked = []
    accelerator = Accelerator(cpu=True)
    monkeypatch.setattr(accelerator, "log_with", ["mlflow"])
    monkeypatch.setattr(accelerator, "init_trackers", lambda *given: asked.append(given))
    start_trackers(accelerator, "insects", {"lr": 1, "layers": []}, run="ants", resumed=resumed)
    options = {"mlflow": {"run_name": "ants"}, "trackio": {"name": "ants", "resume": mode}, "wandb": {"name": "ants"}}
    assert asked == [("insects", {"lr": 1}, options)]


def test_without_trackers_nothing_is_told():
    accelerator = Accelerator(cpu=True)
    start_trackers(accelerator, "project", {"lr": 1}, run="ants")
    report(accelerator, {"loss": 1.0}, 1)
    assert accelerator.trackers == []

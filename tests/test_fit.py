"""All epochs of a run: the best is kept, and when it ends."""

import json

import numpy as np
import pytest
import torch
from learners import make_data, start
from safetensors.torch import load_file

from training import finetune
from training.fit import Best, better_of, fit
from training.metrics import Evaluation


def evaluation(right, loss):
    labels = np.zeros(10, dtype=np.int64)
    predictions = np.where(np.arange(10) < right, 0, 1)
    return Evaluation(labels, predictions, labels == 0, np.full(10, loss), 2)


@pytest.mark.parametrize(
    ("right", "loss", "beats"),
    [(9, 2.0, True), (8, 0.9, True), (8, 1.0, False), (7, 0.1, False)],
    ids=["more right", "equal, lower loss", "equal", "fewer right"],
)
def test_the_best_epoch_is_chosen_by_accuracy_then_by_loss(right, loss, beats):
    assert Best(1, "val", evaluation(8, 1.0), {}).is_beaten_by(evaluation(right, loss)) is beats


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """A learner whose epochs are measured as told, without training."""
    make_data(tmp_path / "data", 5)
    (tmp_path / "run").mkdir()
    learner, loaders = start(tmp_path / "data", output=str(tmp_path / "run"), patience=2, epochs=9)
    monkeypatch.setattr("training.fit.train_one_epoch", lambda *_: {"train_loss": 0, "lr": 0, "pictures_per_second": 0})
    return learner, loaders


def test_a_run_stops_when_no_epoch_was_better_for_long_enough(learner, monkeypatch):
    learner, loaders = learner
    figures = iter([evaluation(5, 1.0), evaluation(7, 1.0), evaluation(6, 1.0), evaluation(7, 1.0), evaluation(9, 1.0)])
    monkeypatch.setattr("training.fit.measure", lambda *_: {"val": next(figures)})
    best, rows = fit(learner, loaders, None)
    assert (best.epoch, len(rows)) == (2, 4)


def test_the_average_is_the_best_where_it_measures_better(learner):
    learner, _ = learner
    learner.averaged = type("Averaged", (), {"state_dict": lambda self: {"of": torch.ones(1)}})()
    best = better_of(None, learner, {"val": evaluation(5, 1.0), "ema": evaluation(6, 1.0)})
    assert (best.kind, list(best.weights)) == ("ema", ["of"])
    assert better_of(best, learner, {"val": evaluation(6, 1.0), "ema": evaluation(5, 1.0)}) is None or best.epoch == 1


def test_a_run_leaves_the_best_the_last_and_the_averaged_weights(tmp_path):
    make_data(tmp_path / "data", 8)
    flags = ["--dataset", tmp_path / "data", "--model", "cifar_resnet20", "--from-scratch", "--image-size", 16]
    flags += ["--epochs", 3, "--ema-decay", 0.5, "--output", tmp_path / "run", "--workers", 0, "--lr", 0.1]
    flags += ["--precision", "no"]
    assert finetune.main([str(flag) for flag in flags]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    names = {"best": "model", "last": "last", "ema": "ema"}
    weights = {kind: load_file(tmp_path / "run" / f"{name}.safetensors") for kind, name in names.items()}
    assert {len(state) for state in weights.values()} == {len(weights["best"])}
    assert not torch.equal(weights["last"]["fc.weight"], weights["ema"]["fc.weight"])
    if results["best_epoch"] == 3:
        kind = {"val": "last", "ema": "ema"}[results["best_weights"]]
        assert torch.equal(weights["best"]["fc.weight"], weights[kind]["fc.weight"])

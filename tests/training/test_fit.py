"""All epochs of a run: the best is kept, and when it ends."""

import json

import numpy as np
import pytest
import torch
from learners import make_data, start
from safetensors.torch import load_file

from training import finetune
from training.fit import Best, better_of
from training.metrics.single_label import SingleLabelEvaluation

pytestmark = pytest.mark.usefixtures("new_process")


def evaluation(right, loss):
    labels = np.zeros(10, dtype=np.int64)
    predictions = np.where(np.arange(10) < right, 0, 1)
    return SingleLabelEvaluation(labels, np.full(10, loss), predictions, labels == 0, np.full(10, 0.5), 2)


@pytest.mark.parametrize(
    ("right", "loss", "beats"),
    [(9, 2.0, True), (8, 0.9, True), (8, 1.0, False), (7, 0.1, False)],
    ids=["more right", "equal, lower loss", "equal", "fewer right"],
)
def test_the_best_epoch_is_chosen_by_accuracy_then_by_loss(right, loss, beats):
    assert Best(1, "val", evaluation(8, 1.0), {}).is_beaten_by(evaluation(right, loss)) is beats


def test_a_run_stops_when_no_epoch_was_better_for_long_enough(tmp_path, capsys):
    make_data(tmp_path / "data", 5)
    flags = ["--dataset", tmp_path / "data", "--model", "cifar_resnet20", "--from-scratch", "--image-size", 16]
    # So that nothing ever gets better.
    flags += ["--freeze", "backbone", "--unfreeze-epoch", 9, "--lr", 1e-9, "--clip-grad-value", 1e-6]
    flags += ["--epochs", 9, "--patience", 2, "--output", tmp_path / "run", "--workers", 0]
    assert finetune.main([str(flag) for flag in flags]) == 0
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 3
    assert "early stopping after epoch 3: none of the last 2 was better" in capsys.readouterr().err


def test_the_average_is_the_best_where_it_measures_better(tmp_path):
    make_data(tmp_path, 5)
    learner, _ = start(tmp_path)
    learner.ema = type("Averaged", (), {"state_dict": lambda self: {"of": torch.ones(1)}})()
    best = better_of(None, learner, {"val": evaluation(5, 1.0), "ema": evaluation(6, 1.0)})
    assert (best.kind, list(best.weights)) == ("ema", ["of"])
    assert better_of(best, learner, {"val": evaluation(6, 1.0), "ema": evaluation(5, 1.0)}) is None or best.epoch == 1


def test_a_run_leaves_the_best_the_last_and_the_averaged_weights(tmp_path):
    make_data(tmp_path / "data", 8)
    flags = ["--dataset", tmp_path / "data", "--model", "cifar_resnet20", "--from-scratch", "--image-size", 16]
    flags += ["--epochs", 3, "--ema-decay", 0.5, "--output", tmp_path / "run", "--workers", 0, "--lr", 0.1]
    assert finetune.main([str(flag) for flag in flags]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    names = {"best": "model", "last": "last", "ema": "ema"}
    weights = {kind: load_file(tmp_path / "run" / f"{name}.safetensors") for kind, name in names.items()}
    assert {len(state) for state in weights.values()} == {len(weights["best"])}
    assert not torch.equal(weights["last"]["fc.weight"], weights["ema"]["fc.weight"])
    if results["best_epoch"] == 3:
        kind = {"val": "last", "ema": "ema"}[results["best_weights"]]
        assert torch.equal(weights["best"]["fc.weight"], weights[kind]["fc.weight"])

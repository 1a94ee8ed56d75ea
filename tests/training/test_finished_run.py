"""A run folder opened from Python: tables, curves, mistakes, network."""

import json

import pandas as pd
import pytest
from measured_runs import trained

from resnet_hub.errors import TrainingError
from resnet_hub.training import Run


@pytest.fixture
def folder(finished_run):
    return finished_run("single_label", lambda place: trained(place, "single_label"))[0] / "run"


def test_its_tables_are_what_the_folder_says(folder):
    run = Run(str(folder))
    results = json.loads((folder / "results.json").read_text())
    assert run.finished
    assert repr(run) == f"Run({str(folder)!r})"
    best = run.metrics.loc[results["best_epoch"]]
    assert {"train_loss", "lr", "seconds"} <= set(run.metrics.columns)
    assert best[f"{results.get('best_weights', 'val')}_top1"] == pytest.approx(results["validation"]["top1"])
    counts = run.confusion
    assert list(counts.index) == list(counts.columns) == list(run.classifier.model.label_names)
    assert counts.to_numpy().sum() == len(run.predictions)
    wrong = run.mistakes(5)
    assert len(wrong) == min(5, counts.to_numpy().sum() - counts.to_numpy().trace())
    assert wrong["score"].is_monotonic_decreasing
    assert not wrong["correct"].any()
    first = run.predictions.iloc[0]
    assert run.classifier(first["image"], top_k=1)[0].label == first["label"]
    assert len(run.curves().axes) == 2


def test_a_run_that_goes_on_has_curves_and_says_what_is_missing(folder, tmp_path):
    for name in ("recipe.toml", "metrics.jsonl"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    run = Run(tmp_path)
    assert len(run.curves().axes) == 2
    assert isinstance(run.metrics, pd.DataFrame)
    for ask in (lambda: run.results, lambda: run.confusion, lambda: run.mistakes()):
        with pytest.raises(TrainingError) as refused:
            ask()
        assert refused.value.code == "session.not_finished"


@pytest.mark.parametrize(("content", "code"), [("{", "unreadable"), ("[1]", "unreadable"), ("", "not_finished")])
def test_a_damaged_table_is_refused_in_a_sentence(content, code, tmp_path):
    (tmp_path / "metrics.jsonl").write_text(content)
    with pytest.raises(TrainingError) as refused:
        _ = Run(tmp_path).metrics
    assert refused.value.code == f"session.{code}"


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="holds no run"):
        Run(tmp_path)

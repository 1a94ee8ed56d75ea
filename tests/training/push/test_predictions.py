"""The table of answers: its columns and types, files without this machine's folders, written whole or not at all."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from error_facts import Begins, code_and_fields
from fake_hub.state import Fault

from resnet_hub.errors import HubError, TrainingError
from training import predict
from training.predict import PredictionSettings
from training.push.predictions import SCHEMA, Answers, Asked, predictions_table, write_predictions


@pytest.fixture
def table():
    answers = Answers(np.array([[1, 0], [0, 1]]), np.array([[0.75, 0.25], [0.5, 0.5]], np.float32), {1: "b.png: cut"})
    asked = Asked([4, 7], ["a.png", None], ["bee", None], ["validation", None])
    return predictions_table(answers, ("ant", "bee"), asked)


def test_a_row_says_what_was_answered_and_what_is_true(table):
    assert table.schema == SCHEMA
    assert table.to_pylist()[0] == {
        "row": 4,
        "file": "a.png",
        "label": "bee",
        "index": 1,
        "score": 0.75,
        "top_labels": ["bee", "ant"],
        "top_scores": [0.75, 0.25],
        "true_label": "bee",
        "seen": "validation",
        "problem": None,
    }


def test_a_image_with_a_problem_has_no_answer(table):
    row = table.to_pylist()[1]
    assert row["problem"] == "b.png: cut"
    assert [row[name] for name in ("label", "index", "score", "top_labels", "top_scores")] == [None] * 5


def test_a_csv_of_answers_is_read_back_and_starts_no_formula(table, tmp_path):
    hostile = table.set_column(1, "file", [["=1+2.png", None]])
    write_predictions([hostile], tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["row"], first["file"], first["label"], first["score"]) == ("4", "'=1+2.png", "bee", "0.75")
    assert json.loads(first["top_labels"]) == ["bee", "ant"]
    assert json.loads(first["top_scores"]) == [0.75, 0.25]
    assert (second["label"], second["problem"]) == ("", "b.png: cut")


def test_a_table_that_cannot_be_written_whole_is_not_there(table, tmp_path, monkeypatch):
    class Breaks(pq.ParquetWriter):
        def write_table(self, table):
            super().write_table(table)
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "ParquetWriter", Breaks)
    with pytest.raises(TrainingError) as refused:
        write_predictions([table], tmp_path / "a.parquet")
    assert code_and_fields(refused.value) == (
        "push.unwritable_predictions",
        {"file": str(tmp_path / "a.parquet"), "reason": "No space left on device"},
    )
    assert list(tmp_path.iterdir()) == []


def test_answers_that_the_hub_does_not_take_are_in_a_file(table, tmp_path, monkeypatch):
    def refused(*_):
        raise HubError("datasets.server_fault", said="answers", hub="https://hub", status=503)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(predict, "push_predictions", refused)
    settings = PredictionSettings(dataset="a/b", model="a/net", push_to_hub="a/answers")
    split, parts = SimpleNamespace(name="test"), SimpleNamespace(tables=lambda: [table])
    with pytest.raises(HubError) as told:
        predict.push(settings, split, parts)
    assert code_and_fields(told.value) == (
        "predictions.not_pushed",
        {
            "reason": ("datasets.server_fault", {"said": "answers", "hub": "https://hub", "status": 503}),
            "file": Begins("predictions-"),
        },
    )
    assert "重试。结果保存在" in told.value.sentence("zh-CN")
    (file,) = tmp_path.iterdir()
    assert pq.read_table(file).equals(table)


def test_who_may_not_push_answers_is_told_before_any_work(fake_hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", fake_hub.state.add_account("bob"))
    settings = PredictionSettings(dataset="a/b", model="a/net", push_to_hub="alice/answers")
    with pytest.raises(HubError) as refused:
        predict.check_places(settings)
    assert code_and_fields(refused.value) == (
        "datasets.may_not_write",
        {"said": "--push-to-hub 'alice/answers'", "reason": Begins("You don't have the rights")},
    )


def test_a_busy_hub_is_asked_for_the_repository_of_the_answers_by_name(fake_hub):
    fake_hub.state.faults = [Fault("POST", "/api/repos/create", 503)]
    settings = PredictionSettings(dataset="a/b", model="a/net", push_to_hub="alice/answers")
    with pytest.raises(HubError, match=f"--push-to-hub 'alice/answers': the Hub at {fake_hub.url} answered 503"):
        predict.check_places(settings)

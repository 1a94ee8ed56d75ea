"""The tables of a run: any class names, any number of classes, each task."""

import csv
import logging

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, Features, Image

from training.metrics import MultiLabelEvaluation, RegressionEvaluation, SingleLabelEvaluation
from training.run.reports.tables import write_tables
from training.splits.split import Split

HOSTILE = ("=1+1", "a,b", 'quote "', "two\nlines", "名前")


def split_of(count, folder="/data"):
    cells = [{"bytes": b"", "path": f"{folder}/{number}.png"} for number in range(count)]
    rows = Dataset.from_dict({"image": cells}, Features({"image": Image(decode=False)}))
    return Split("test", rows, np.zeros(count, np.int64))


def single(targets, predictions, classes, calibrated=None):
    targets, predictions = np.array(targets), np.array(predictions)
    sure = np.linspace(0.5, 0.9, len(targets), dtype=np.float32)
    return SingleLabelEvaluation(
        targets, np.arange(len(targets), dtype=float), predictions, targets == predictions, sure, classes, calibrated
    )


def test_class_names_come_back_as_they_are_but_for_formulas(tmp_path):
    files = write_tables(tmp_path, single([0, 1, 4, 4], [0, 2, 4, 0], 5), split_of(4), HOSTILE, "/data")
    assert [file.name for file in files] == ["confusion.csv", "predictions.parquet"]
    with (tmp_path / "confusion.csv").open(newline="", encoding="utf-8") as file:
        header, *matrix = csv.reader(file)
    assert header == ["true", "'=1+1", *HOSTILE[1:]]
    assert [row[0] for row in matrix] == header[1:]
    counts = [[int(cell) for cell in row[1:]] for row in matrix]
    assert counts == [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0] * 5, [0] * 5, [1, 0, 0, 0, 1]]
    rows = pq.read_table(tmp_path / "predictions.parquet").to_pylist()
    assert [(row["file"], row["true_label"], row["label"], row["correct"]) for row in rows] == [
        ("0.png", "=1+1", "=1+1", True),
        ("1.png", "a,b", 'quote "', False),
        ("2.png", "名前", "名前", True),
        ("3.png", "名前", "=1+1", False),
    ]


def test_the_score_is_the_one_that_is_served(tmp_path):
    calibrated = np.array([0.25, 0.75], np.float32)
    write_tables(tmp_path, single([0, 1], [0, 1], 2, calibrated), split_of(2), ("a", "b"), "/data")
    assert pq.read_table(tmp_path / "predictions.parquet")["score"].to_pylist() == [0.25, 0.75]


def test_of_twenty_thousand_classes_there_is_no_matrix_and_a_line_says_so(tmp_path, caplog):
    names = tuple(f"class {number}" for number in range(20_000))
    with caplog.at_level(logging.INFO):
        files = write_tables(tmp_path, single([0, 19_999], [7, 19_999], 20_000), split_of(2), names, "/data")
    assert [file.name for file in files] == ["predictions.parquet"]
    assert "no confusion.csv of 20,000 classes; predictions.parquet has all answers" in caplog.text


@pytest.mark.parametrize("folder", ["/data/cats", "/elsewhere"])
def test_files_are_named_without_the_folders_of_this_machine(tmp_path, folder):
    write_tables(tmp_path, single([0], [0], 2), split_of(1, folder), ("a", "b"), "/data")
    (name,) = pq.read_table(tmp_path / "predictions.parquet")["file"].to_pylist()
    assert name == ("cats/0.png" if folder == "/data/cats" else "0.png")


def test_images_of_several_classes_have_lists(tmp_path):
    targets, scores = np.array([[1, 0], [0, 0]], np.float32), np.array([[0.75, 0.625], [0.25, 0.125]], np.float32)
    found = MultiLabelEvaluation(targets, np.array([1.0, 0.5]), scores)
    assert [file.name for file in write_tables(tmp_path, found, split_of(2), ("a", "b"), "/data")] == [
        "predictions.parquet"
    ]
    first, second = pq.read_table(tmp_path / "predictions.parquet").to_pylist()
    assert (first["true_labels"], first["labels"], first["correct"]) == (["a"], ["a", "b"], False)
    assert (second["true_labels"], second["labels"], second["correct"]) == ([], [], True)
    assert (first["scores"], second["scores"]) == (scores[0].tolist(), scores[1].tolist())


def test_values_have_two_columns_for_each_output(tmp_path):
    found = RegressionEvaluation(np.array([[1, 2]], np.float32), np.array([0.5]), np.array([[1.5, 2.5]], np.float32))
    write_tables(tmp_path, found, split_of(1), ("x", "y"), "/data")
    (row,) = pq.read_table(tmp_path / "predictions.parquet").to_pylist()
    assert row == {
        "row": 0,
        "file": "0.png",
        "true_x": 1.0,
        "true_y": 2.0,
        "predicted_x": 1.5,
        "predicted_y": 2.5,
        "loss": 0.5,
    }

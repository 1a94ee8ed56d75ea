"""Predictions: one row for each image on any number of processes, whatever the images are."""

import csv
import json
import os
import shutil
import signal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from images import class_folders, image
from launching import launch

from resnet_hub import ImageClassifier, ResNet
from resnet_hub.registry.architectures import architecture
from training import predict
from training.data.one_split import load_images
from training.data.read_splits import noted
from training.inspection import inspect
from training.measurement import answering
from training.predict import PredictionSettings
from training.push.prediction_parts import PredictionParts
from training.run.images.split_file import write_split
from training.splits.recorded_split import RecordedSplit

COLUMNS = ["row", "file", "label", "index", "score", "top_labels", "top_scores", "true_label", "seen", "problem"]


pytestmark = pytest.mark.usefixtures("new_process")


@pytest.fixture
def colors(tmp_path):
    return class_folders(tmp_path / "colors", {"red": 6, "green": 5})


@pytest.fixture
def predicted(tiny_checkpoint, tmp_path, capsys):
    """Runs the entry in this process; returns its status, the table if there is one, and what it said."""

    def run(*flags):
        output = tmp_path / "answers.parquet"
        given = ("--model", tiny_checkpoint, "--output", output, "--precision", "no", "--workers", 0, *flags)
        status = predict.main([str(flag) for flag in given])
        return status, pq.read_table(output) if output.exists() else None, capsys.readouterr().err

    return run


def test_every_image_has_a_row_with_the_answer_of_the_classifier(predicted, colors, tiny_checkpoint):
    status, table, _ = predicted("--dataset", colors, "--top-k", 2, "--batch-size", 4)
    assert status == 0
    assert table.column_names == COLUMNS
    rows = table.to_pylist()
    assert [row["row"] for row in rows] == list(range(11))
    assert [row["file"] for row in rows[:2]] == ["green/0.png", "green/1.png"]
    assert [row["true_label"] for row in rows] == ["green"] * 5 + ["red"] * 6
    classifier = ImageClassifier.from_pretrained(tiny_checkpoint, device="cpu")
    for row in rows:
        best, second = classifier(colors / row["file"], top_k=2)
        assert (row["label"], row["index"]) == (best.label, best.index)
        assert row["score"] == pytest.approx(best.score, abs=1e-5)
        assert row["top_labels"] == [best.label, second.label]
        assert row["top_scores"] == pytest.approx([best.score, second.score], abs=1e-5)


def test_two_processes_write_the_rows_of_one_and_push_them_as_a_dataset(
    predicted, colors, tiny_checkpoint, fake_hub, tmp_path, run_with_hub
):
    one = predicted("--dataset", colors, "--batch-size", 2)[1]
    flags = ("--dataset", colors, "--model", tiny_checkpoint, "--batch-size", 2, "--precision", "no")
    where = ("--output", tmp_path / "two.parquet", "--push-to-hub", "alice/answers")
    environment = {"HF_ENDPOINT": fake_hub.url, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": fake_hub.token}
    finished = launch("predict", *flags, *where, processes=2, **environment)
    assert finished.returncode == 0, finished.stderr
    two = pq.read_table(tmp_path / "two.parquet")
    exact = [name for name in COLUMNS if name not in ("score", "top_scores")]
    assert two.select(exact).equals(one.select(exact))  # 11 images, 4 at a time: one would be there twice
    assert two["score"].to_pylist() == pytest.approx(one["score"].to_pylist(), abs=1e-5)
    printed = run_with_hub(
        """
        from datasets import load_dataset
        rows = load_dataset("alice/answers", split="train")
        print(rows["row"][:], rows.column_names)
        """,
        "datasets",
    )
    assert printed.strip() == f"{list(range(11))} {COLUMNS}"


def test_a_flat_folder_of_images_has_answers_and_no_classes(predicted, tmp_path):
    (tmp_path / "inbox").mkdir()
    for number in range(3):
        image("red", number).save(tmp_path / "inbox" / f"{number}.png")
    status, table, _ = predicted("--dataset", tmp_path / "inbox")
    assert status == 0
    assert table["file"].to_pylist() == ["0.png", "1.png", "2.png"]
    assert table["true_label"].to_pylist() == [None] * 3
    assert table["label"].null_count == 0


def test_classes_that_the_network_does_not_know_are_kept_as_they_are(predicted, colors):
    (colors / "green").rename(colors / "moth")
    assert set(predicted("--dataset", colors)[1]["true_label"].to_pylist()) == {"moth", "red"}


def test_a_image_that_cannot_be_decoded_stops_the_run_until_it_is_allowed(predicted, colors, tmp_path):
    (colors / "green" / "2.png").write_bytes(b"no picture")
    status, table, log = predicted("--dataset", colors)
    assert (status, table) == (2, None)
    assert "1 image cannot be decoded so far (" in log
    assert "2.png); mend or remove it" in log
    status, table, log = predicted("--dataset", colors, "--max-bad-images", 1)
    assert status == 0
    bad = table.to_pylist()[2]
    assert (bad["file"], bad["label"], bad["top_labels"]) == ("green/2.png", None, None)
    assert "green/2.png" in bad["problem"]
    assert str(tmp_path) not in bad["problem"]
    assert table["label"].null_count == 1
    assert "1 image cannot be decoded and has no answer: " in log


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--split", "tset"), "error: there is no split 'tset'; the dataset has train"),
        (("--output", "answers.xlsx"), "error: --output 'answers.xlsx' is no name of a table"),
        (
            ("--output", "", "--model", "x/y"),
            "error: nowhere to put the answers; give --output file.parquet, file.csv or",
        ),
        (("--model", ""), "error: --model is missing"),
        (("--hub-private",), "error: --hub-private says how to push, but not where to; add --push-to-hub owner/name"),
        (("--push-to-hub", "answers"), "error: 'answers' does not say whose repository it is"),
        (("--label-column", "kind"), "error: --label-column 'kind' is no column; the dataset has 'image' (images)"),
    ],
    ids=["split", "no table", "nowhere", "no model", "private alone", "no owner", "no column"],
)
def test_a_mistake_is_told_in_a_sentence(predicted, colors, flags, says):
    status, table, log = predicted("--dataset", colors, *flags)
    assert (status, table) == (2, None)
    assert log.strip().splitlines()[-1].startswith(says)


@pytest.fixture
def run_on_colors(colors, tiny_checkpoint, tmp_path):
    """A checkpoint with the record of a run that held out every third of the images."""
    shutil.copytree(tiny_checkpoint, tmp_path / "run")
    images, _, numbers = load_images(PredictionSettings(dataset=str(colors), model="x", output="a.csv"), None)
    images = noted(images, inspect(images).findings)
    held_out = numbers % 3 == 0
    record = RecordedSplit.of(images.select(~held_out), images.select(held_out, "20% of train"), None)
    write_split(tmp_path / "run", record)
    return tmp_path / "run"


def test_the_images_that_the_run_held_out_are_answered_unless_a_split_is_named(predicted, colors, run_on_colors):
    _, table, log = predicted("--dataset", colors, "--model", run_on_colors)
    assert table["row"].to_pylist() == [0, 3, 6, 9]
    assert table["file"].to_pylist() == ["green/0.png", "green/3.png", "red/1.png", "red/4.png"]
    assert table["true_label"].to_pylist() == ["green", "green", "red", "red"]
    assert set(table["seen"].to_pylist()) == {"validation"}
    assert "20% of train: the 4 images of train that the run held out; --split train takes all 11" in log
    image("red", 77).save(colors / "red" / "z.png")
    _, table, log = predicted("--dataset", colors, "--model", run_on_colors, "--split", "train", "--overwrite")
    assert table["row"].to_pylist() == list(range(12))
    assert table["seen"].to_pylist()[-3:] == ["validation", "train", None]
    assert "train: 7 of 12 images were trained on (58.3%), 4 were held out for validation, 1 are new to the run" in log
    lines = [line for line in log.splitlines() if "are right" in line]
    assert [line.partition(" images ")[2].partition(" are")[0] for line in lines] == [
        "that were not trained on",
        "that were trained on",
    ]


def test_of_another_dataset_all_images_are_answered(predicted, run_on_colors, tmp_path):
    other = class_folders(tmp_path / "other", {"blue": 2, "red": 2}, start=90)
    _, table, log = predicted("--dataset", other, "--model", run_on_colors)
    assert table["seen"].to_pylist() == [None] * 4
    assert "train: 0 of the 4 images that the run held out are in it, so all are taken" in log


def test_answers_are_written_as_csv_where_the_name_says_so(predicted, colors, tmp_path):
    assert predicted("--dataset", colors, "--output", tmp_path / "answers.csv")[0] == 0
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert [row["file"] for row in rows[:2]] == ["green/0.png", "green/1.png"]
    assert [json.loads(row["top_labels"])[0] for row in rows] == [row["label"] for row in rows]


def test_answers_that_are_there_are_replaced_only_when_asked(predicted, colors):
    assert predicted("--dataset", colors)[0] == 0
    status, _, log = predicted("--dataset", colors)
    assert (status, "is there already; choose another name, or add --overwrite" in log) == (2, True)
    assert predicted("--dataset", colors, "--overwrite")[0] == 0


def test_numbers_of_a_regression_stay_in_the_order_of_its_outputs(predicted, colors, tmp_path):
    config = architecture("cifar_resnet20").with_options(num_classes=2, task="regression")
    ResNet(config, label_names=("width", "height")).save_pretrained(tmp_path / "regression")
    table = predicted("--dataset", colors, "--model", tmp_path / "regression")[1]
    assert table["top_labels"].to_pylist() == [["width", "height"]] * 11


@pytest.fixture
def stop_after(monkeypatch):
    """Lets a prediction of parts of four rows be asked to stop after so many batches of two, of all its tries."""
    monkeypatch.setattr(answering, "PART_ROWS", 4)
    prepared, batches = answering.prepare_batch, []

    def arrange(*numbers):
        def prepare(*arguments):
            batches.append(1)
            if len(batches) in numbers:
                os.kill(os.getpid(), signal.SIGTERM)
            return prepared(*arguments)

        monkeypatch.setattr(answering, "prepare_batch", prepare)
        return batches

    return arrange


def test_an_interrupted_prediction_goes_on_with_the_same_command_and_answers_each_row_once(
    predicted, colors, tmp_path, stop_after
):
    (colors / "green" / "1.png").write_bytes(b"no picture")
    flags = ("--dataset", colors, "--batch-size", 2, "--max-bad-images", 1)
    whole = predicted(*flags, "--output", tmp_path / "whole.parquet")
    assert whole[0] == 0
    batches = stop_after(4, 7)  # of the 11 images four are kept each time, and all of the rest is done in the third try
    kept = tmp_path / "answers.parquet.parts"
    for answered in (4, 8):
        status, table, log = predicted(*flags)
        assert (status, table) == (128 + signal.SIGTERM, None)
        assert f"stopped; {answered} answers are kept in {kept}; the same command goes on" in log
    status, table, log = predicted(*flags)
    assert status == 0
    assert "resume 8 of 11 images are answered already" in log
    assert len(batches) == 4 + 3 + 2
    assert table.equals(pq.read_table(tmp_path / "whole.parquet"))
    assert not kept.exists()


def test_answers_so_far_of_another_prediction_are_refused_or_begun_again(predicted, colors, tmp_path, stop_after):
    stop_after(4)
    assert predicted("--dataset", colors, "--batch-size", 2)[0] == 128 + signal.SIGTERM
    status, _, log = predicted("--dataset", colors, "--batch-size", 2, "--top-k", 1)
    assert status == 2
    assert "holds the answers so far of another prediction" in log
    status, table, log = predicted("--dataset", colors, "--batch-size", 2, "--top-k", 1, "--overwrite")
    assert (status, table.num_rows) == (0, 11)
    assert "resume" not in log
    assert not (tmp_path / "answers.parquet.parts").exists()


def test_a_part_that_is_torn_is_answered_again(tmp_path):
    rows = pa.Table.from_pylist([{"row": number, "problem": None} for number in range(6)])
    parts = PredictionParts(tmp_path / "parts", {"top_k": 1})
    for start in (0, 2, 4):
        parts.add(rows.slice(start, 2))
    torn = tmp_path / "parts" / "000000000002-2.parquet"
    torn.write_bytes(torn.read_bytes()[:-20])
    again = PredictionParts(tmp_path / "parts", {"top_k": 1})
    assert (again.done, again.bad) == (2, 0)
    again.add(rows.slice(2, 2))
    assert PredictionParts(tmp_path / "parts", {"top_k": 1}).done == 6

"""Predictions: one row for each image on any number of processes, whatever the images are."""

import pyarrow.parquet as pq
import pytest
from images import class_folders, image
from launching import launch

from resnet_hub import ImageClassifier, ResNet
from resnet_hub.registry.architectures import architecture
from training import predict

COLUMNS = ["row", "file", "label", "index", "score", "top_labels", "top_scores", "true_label", "problem"]


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
    assert "1 images cannot be decoded so far (" in log
    assert "2.png); mend or remove them" in log
    status, table, log = predicted("--dataset", colors, "--max-bad-images", 1)
    assert status == 0
    bad = table.to_pylist()[2]
    assert (bad["file"], bad["label"], bad["top_labels"]) == ("green/2.png", None, None)
    assert "green/2.png" in bad["problem"]
    assert str(tmp_path) not in bad["problem"]
    assert table["label"].null_count == 1
    assert "1 images cannot be decoded and have no answer: " in log


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--split", "tset"), "error: there is no split 'tset'; the dataset has train"),
        (("--output", "answers.csv"), "error: --output 'answers.csv' is no name of a parquet file"),
        (("--output", "", "--model", "x/y"), "error: nowhere to put the answers; give --output file.parquet or --push"),
        (("--model", ""), "error: --model is missing"),
        (("--hub-private",), "error: --hub-private says how to push, but not where to; add --push-to-hub owner/name"),
        (("--push-to-hub", "answers"), "error: 'answers' does not say whose repository it is"),
        (("--label-column", "kind"), "error: --label-column 'kind' is no column; the dataset has 'image' (images)"),
    ],
    ids=["split", "no parquet", "nowhere", "no model", "private alone", "no owner", "no column"],
)
def test_a_mistake_is_told_in_a_sentence(predicted, colors, flags, says):
    status, table, log = predicted("--dataset", colors, *flags)
    assert (status, table) == (2, None)
    assert log.strip().splitlines()[-1].startswith(says)


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

"""The images that a run held out are found again, and what was trained on is said; answers are tables."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from images import COLORS, class_folders, image
from launching import FROM_SCRATCH, forget_accelerator, leave_figures_blank
from measured_runs import measured, results, run, trained

from resnet_hub import ImageClassifier
from resnet_hub.hub import push_checkpoint
from training import evaluate

pytestmark = pytest.mark.usefixtures("new_process")


def test_the_held_out_images_are_found_by_each_of_their_names(finished, capsys):
    task, data, folder = finished
    expected = measured(capsys, data, folder)
    assert measured(capsys, data, folder, "--split", "validation") == expected
    assert expected["split"] == ("validation" if task == "multi_label" else "20% of train")
    assert measured(capsys, data, folder, "--split", expected["split"]) == expected


def test_measuring_on_train_says_what_was_trained_on_and_what_the_rest_gives(finished, capsys):
    task, data, folder = finished
    found, record = measured(capsys, data, folder, "--split", "train"), results(folder)["run"]["dataset"]["images"]
    held_out = 0 if task == "multi_label" else record["validation"]
    assert found["seen"] == {"train": record["train"], "validation": held_out, "test": 0, "new": 0}
    assert found["images"] == record["train"] + held_out
    if held_out:
        expected = results(folder)["validation"]
        assert found["unseen"]["images"] == held_out
        assert {name: found["unseen"][name] for name in expected} == pytest.approx(expected, rel=1e-4, abs=1e-6)
    else:
        assert "unseen" not in found


@pytest.fixture(scope="module")
def folders(finished_run):
    """Of the run on class folders: the dataset, the run, its figures."""
    place, _ = finished_run("single_label", lambda place: trained(place, "single_label"))
    return place / "data", place / "run", results(place / "run")["validation"]


def held_out_files(folder):
    return pq.read_table(folder / "predictions.parquet")["file"].to_pylist()


def test_the_figures_are_repeated_when_images_were_renamed_and_added(folders, capsys, tmp_path):
    data, folder, expected = folders
    shutil.copytree(data, tmp_path / "data")
    for number, name in enumerate(held_out_files(folder)[::3]):
        file = tmp_path / "data" / name
        file.rename(file.with_name(f"z{number}.png"))
    image("red", 77).save(tmp_path / "data" / "red" / "a new one.png")
    found = measured(capsys, tmp_path / "data", folder)
    assert {name: found[name] for name in expected} == expected


def test_held_out_images_that_were_removed_are_counted(folders, capsys, tmp_path):
    data, folder, _ = folders
    shutil.copytree(data, tmp_path / "data")
    names = held_out_files(folder)
    for name in names[:2]:
        (tmp_path / "data" / name).unlink()
    run("evaluate", "--model", folder, "--dataset", tmp_path / "data", "--workers", 0)
    told = capsys.readouterr().err
    assert f"20% of train: the {len(names) - 2} images of train that the run held out; --split train takes all" in told
    assert f"2 of the {len(names)} are not there any more" in told
    assert f"20% of train: 0 of {len(names) - 2} images were trained on (0.0%)" in told


def test_figures_on_train_come_after_those_on_images_that_were_not_trained_on(folders, capsys):
    data, folder, expected = folders
    run("evaluate", "--model", folder, "--dataset", data, "--workers", 0, "--split", "train")
    told = capsys.readouterr().err
    lines = [line for line in told.splitlines() if line.startswith("train")]
    held_out = len(held_out_files(folder))
    assert lines[0].startswith(f"train: {72 - held_out} of 72 images were trained on (79.")
    assert f"train, images not trained on: accuracy {expected['top1']:.2%}" in lines[1]
    assert lines[2].startswith("train, all images: accuracy ")


def test_another_dataset_is_measured_whole(folders, capsys, tmp_path):
    _, folder, _ = folders
    other = class_folders(tmp_path / "other", dict.fromkeys(COLORS, 3), start=500)
    found = measured(capsys, other, folder)
    assert (found["split"], found["seen"]) == ("train", {"train": 0, "validation": 0, "test": 0, "new": 9})
    forget_accelerator()
    assert evaluate.main(["--model", str(folder), "--dataset", str(other), "--split", "validation"]) == 2
    assert "images that the run held out (20% of train) is in train; give the --dataset" in capsys.readouterr().err


def test_of_a_network_without_a_record_it_is_said_that_nothing_is_known(folders, capsys, tmp_path):
    data, folder, _ = folders
    shutil.copytree(folder, tmp_path / "run")
    (tmp_path / "run" / "split.parquet").unlink()
    assert measured(capsys, data, tmp_path / "run")["seen"] is None
    run("evaluate", "--model", tmp_path / "run", "--dataset", data, "--workers", 0)
    told = capsys.readouterr().err
    assert f"train: it is not known which images {tmp_path / 'run'} was trained on (it has no split.parquet)" in told
    assert "figures on what it was trained on say little about new images" in told


def test_a_network_on_the_hub_knows_what_it_was_trained_on(folders, capsys, fake_hub):
    data, folder, expected = folders
    push_checkpoint(folder, "alice/net")
    found = measured(capsys, data, "alice/net")
    assert {name: found[name] for name in expected} == expected
    assert found["seen"]["validation"] == found["images"]


@pytest.fixture(scope="module")
def unseen(tmp_path_factory):
    """A short run that did not look at what it trained on: the dataset, the run."""
    place = tmp_path_factory.mktemp("lazy")
    data = class_folders(place / "data", dict.fromkeys(COLORS, 5))
    flags = ["--check", "lazy", "--epochs", 1, "--batch-size", 4, "--workers", 0, "--precision", "no"]
    with pytest.MonkeyPatch.context() as patch:
        leave_figures_blank(patch)
        run("finetune", "--dataset", data, *FROM_SCRATCH, *flags, "--output", place / "run")
    return data, place / "run"


def test_a_run_that_did_not_look_at_what_it_trained_on_is_measured_on_what_it_held_out(unseen, capsys):
    data, folder = unseen
    expected = results(folder)["validation"]
    found = measured(capsys, data, folder)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert (found["split"], found["seen"]) == ("20% of train", {"train": 0, "validation": 3, "test": 0, "new": 0})


def test_of_a_run_that_did_not_look_it_is_said_what_it_may_have_trained_on(unseen, capsys):
    data, folder = unseen
    run("evaluate", "--model", folder, "--dataset", data, "--workers", 0, "--split", "train")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("train")]
    may_have = "train: 12 of 15 images may have been trained on, which the run did not look at before"
    assert lines[0] == f"{may_have}, 3 were held out for validation"
    assert lines[1].startswith("train, images not trained on: accuracy ")
    found = measured(capsys, data, folder, "--split", "train")
    assert found["seen"] == {"train": 0, "validation": 3, "test": 0, "new": 0, "unknown": 12}
    assert found["unseen"]["images"] == 3


def test_answers_and_confusion_are_tables(finished, capsys, tmp_path):
    task, data, folder = finished
    measured(capsys, data, folder, "--report", tmp_path, "--split", "test" if task == "multi_label" else "validation")
    names, found = ImageClassifier.from_pretrained(folder).label_names, results(folder)
    figures = found.get("test", found["validation"])
    for place in (folder, tmp_path):
        table = pq.read_table(place / "predictions.parquet")
        rows = table.to_pylist()
        assert [row["row"] for row in rows] == list(range(len(rows)))
        assert np.mean([row["loss"] for row in rows]) == pytest.approx(figures["loss"])
        assert (place / "confusion.csv").exists() is (task == "single_label")
    if task == "single_label":
        assert np.mean([row["correct"] for row in rows]) == figures["top1"]
        assert all(Path(row["file"]).parent.name == row["true_label"] for row in rows)
        with (tmp_path / "confusion.csv").open(newline="") as file:
            header, *matrix = csv.reader(file)
        assert header == ["true", *names]
        assert [row[0] for row in matrix] == list(names)
        pairs = Counter((row["true_label"], row["label"]) for row in rows)
        assert [[int(cell) for cell in row[1:]] for row in matrix] == [[pairs[a, b] for b in names] for a in names]
    elif task == "multi_label":
        assert [len(row["scores"]) for row in rows] == [len(names)] * len(rows)
        assert all(row["correct"] == (set(row["labels"]) == set(row["true_labels"])) for row in rows)
    else:
        errors = [abs(row["true_label"] - row["predicted_label"]) for row in rows]
        assert np.mean(errors) == pytest.approx(figures["mae"], rel=1e-5)

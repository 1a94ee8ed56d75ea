"""Fine-tuning as a user runs it: on real data, to a checkpoint that answers, and through `accelerate launch` itself.

The launcher starts one process by file (CIFAR-10), by `-m` in the README's test, two once, and tells a mistake once.
"""

import json
import tomllib
from dataclasses import fields

import pytest
from datasets import Dataset, load_dataset
from images import class_folders, image
from launching import launch, launch_truly

from resnet_hub import ImageClassifier, ResNet
from training.settings import FinetuneRecipe


def status_and_log(finished):
    return finished.returncode, finished.stderr


@pytest.fixture
def digits_run(finished_run):
    """A short run on the digits, from scratch, in one process: its folder, its status and log."""
    flags = ("--recipe", "digits", "--epochs", 3, "--output")
    place, told = finished_run("digits", lambda place: status_and_log(launch("finetune", *flags, place / "run")))
    return place / "run", told


@pytest.fixture
def insects_run(finished_run, data_folder):
    """A short run on the ants and bees from ImageNet weights, with small images: its folder, its status and log."""
    source = data_folder / "weights" / "resnet18-imagenet"
    flags = ("--dataset", data_folder / "hymenoptera", "--model", source, "--epochs", 1, "--image-size", 112)

    def make(place):
        return status_and_log(launch("finetune", *flags, "--output", place / "run"))

    place, told = finished_run("insects", make)
    return place / "run", told


def test_the_digits_are_learned_from_scratch(digits_run):
    folder, (status, log) = digits_run
    assert status == 0, log
    results = json.loads((folder / "results.json").read_text())
    assert results["validation"]["top1"] > 0.97
    assert f"confusion {folder / 'confusion.png'}" in log


def test_a_run_leaves_a_checkpoint_and_its_report(digits_run):
    folder, _ = digits_run
    names = {file.name for file in folder.iterdir()}
    assert names == {
        "config.json",
        "model.safetensors",
        "last.safetensors",
        "README.md",
        "recipe.toml",
        "metrics.jsonl",
        "timings.jsonl",
        "results.json",
        "curves.png",
        "confusion.png",
        "confusion.csv",
        "predictions.parquet",
        "split.parquet",
        "mistakes.png",
        "examples",
        "held_out",
    }


def test_mistakes_of_a_run_are_kept_with_what_was_answered(digits_run):
    folder, _ = digits_run
    index = json.loads((folder / "held_out" / "images.json").read_text())
    results = json.loads((folder / "results.json").read_text())
    missed = sum(round((1 - row["recall"]) * row["images"]) for row in results["per_class"])
    wrong = [row for row in index["images"] if row["truth"] != row["answer"]]
    assert 0 < len(wrong) == missed
    assert {row["file"] for row in index["images"]} == {file.name for file in (folder / "held_out").glob("*.webp")}
    classifier = ImageClassifier.from_pretrained(folder)
    for row in wrong:
        assert classifier(folder / "held_out" / row["file"], top_k=1)[0].index == row["answer"][0]


def test_a_run_records_which_of_its_settings_were_chosen(digits_run):
    folder, _ = digits_run
    chosen = json.loads((folder / "results.json").read_text())["run"]["changed"]
    assert chosen["epochs"] == 3
    assert "momentum" not in chosen


def test_the_checkpoint_records_the_public_settings_and_no_others(digits_run):
    folder, _ = digits_run
    recorded = json.loads((folder / "config.json").read_text())["resnet_hub"]["recipe"]
    assert (recorded["epochs"], recorded["threads"]) == (3, 1)
    assert all(item.metadata["public"] for item in fields(FinetuneRecipe) if item.name in recorded)


def test_every_epoch_has_a_line_of_metrics(digits_run):
    folder, _ = digits_run
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert {"train_loss", "val_loss", "val_top1", "val_macro_f1", "lr"} <= set(row)
    assert rows[-1]["lr"] == pytest.approx(0, abs=1e-9)
    timings = [json.loads(line) for line in (folder / "timings.jsonl").read_text().splitlines()]
    assert all({"epoch", "seconds", "images_per_second", "memory_bytes"} == set(row) for row in timings)
    assert len(timings) == 3


def test_the_best_epoch_is_what_is_kept(digits_run):
    folder, _ = digits_run
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    results = json.loads((folder / "results.json").read_text())
    best = max(rows, key=lambda row: (row["val_top1"], -row["val_loss"]))
    assert results["best_epoch"] == best["epoch"]
    assert results["validation"]["loss"] == best["val_loss"]


def test_the_resolved_recipe_is_written(digits_run):
    folder, _ = digits_run
    written = tomllib.loads((folder / "recipe.toml").read_text())
    assert (written["dataset"], written["epochs"], written["momentum"]) == ("digits", 3, 0.9)


def test_the_checkpoint_answers_with_the_dataset_s_class_names(digits_run):
    folder, _ = digits_run
    classifier = ImageClassifier.from_pretrained(folder)
    right = 0
    examples = sorted((folder / "examples").glob("*.png"))
    assert len(examples) == 6
    for file in examples:
        right += classifier(file, top_k=1)[0].label == file.name.partition("-")[0]
    assert right >= 5


def test_a_fine_tuned_network_names_its_parent_and_where_it_was_measured(insects_run):
    folder, (status, log) = insects_run
    assert status == 0, log
    known = ResNet.from_pretrained(folder).metadata
    assert (known.base_model, known.dataset, known.license) == (
        "resnet18-imagenet",
        "hymenoptera",
        "other",
    )
    assert (known.split, known.num_images) == ("validation", 153)
    assert "new head of 2 classes, random until trained: fc.weight, fc.bias" in log


def test_a_fine_tuned_network_is_written_again_byte_for_byte(insects_run, tmp_path):
    folder, _ = insects_run
    written = (folder / "config.json").read_bytes()
    ResNet.from_pretrained(folder).save_pretrained(tmp_path)
    assert (tmp_path / "config.json").read_bytes() == written
    origin = ["dataset", "recipe", "changed", "versions", "hardware", "base_model", "license", "split"]
    results = ["metrics", "intervals", "num_images", "per_class", "seconds"]
    assert list(json.loads(written)["resnet_hub"]) == [*origin, *results, "version", "format"]


def test_ants_and_bees_are_told_apart_after_one_epoch_on_small_images(insects_run):
    folder, _ = insects_run
    assert json.loads((folder / "results.json").read_text())["validation"]["top1"] > 0.8


def test_no_path_of_this_machine_is_in_the_card_or_the_config(insects_run, data_folder):
    folder, _ = insects_run
    for name in ("README.md", "config.json"):
        assert str(data_folder.resolve().parent) not in (folder / name).read_text()
        assert str(folder) not in (folder / name).read_text()


def test_two_processes_measure_what_one_measures(insects_run, data_folder):
    folder, _ = insects_run
    flags = ("evaluate", "--model", folder, "--dataset", data_folder / "hymenoptera", "--json", "--batch-size", 20)
    found = json.loads(launch(*flags, processes=2).stdout)
    one = json.loads((folder / "results.json").read_text())["validation"]  # in batches of another size
    assert found["images"] == 153  # 153 = 7 x 20 + 13: padded, and counted once
    assert found["top1"] == one["top1"]
    assert found["macro_f1"] == one["macro_f1"]
    assert found["loss"] == pytest.approx(one["loss"], rel=1e-6)


def test_evaluation_repeats_what_training_measured(insects_run, data_folder):
    folder, _ = insects_run
    finished = launch("evaluate", "--model", folder, "--dataset", data_folder / "hymenoptera", "--json")
    results = json.loads((folder / "results.json").read_text())["validation"]
    found = json.loads(finished.stdout)
    assert {name: found[name] for name in results} == results


def test_two_processes_train_to_one_checkpoint(tmp_path):
    class_folders(tmp_path / "data", {"red": 22, "green": 20, "blue": 21})
    flags = (
        "--dataset",
        tmp_path / "data",
        "--model",
        "cifar_resnet20",
        "--from-scratch",
        "--output",
        tmp_path / "run",
    )
    finished = launch_truly(
        "finetune", *flags, "--epochs", 8, "--batch-size", 8, "--lr", 0.02, "--workers", 0, processes=2
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.count("done in") == 1  # the main process speaks alone
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 8
    classifier = ImageClassifier.from_pretrained(tmp_path / "run")
    for label in ("red", "green", "blue"):
        assert classifier(image(label, 500), top_k=1)[0].label == label


def test_a_parquet_folder_of_cifar10_is_trained_on_and_its_test_split_measured_once(tmp_path, data_folder):
    splits = load_dataset(str(data_folder / "cifar10"), streaming=True)
    (tmp_path / "cifar" / "data").mkdir(parents=True)
    for split, count in (("train", 800), ("test", 300)):
        rows = Dataset.from_list(list(splits[split].decode(False).take(count)), features=splits[split].features)
        rows.to_parquet(tmp_path / "cifar" / "data" / f"{split}-00000-of-00001.parquet")
    flags = (
        "--dataset",
        tmp_path / "cifar",
        "--model",
        "cifar_resnet20",
        "--from-scratch",
        "--output",
        tmp_path / "run",
    )
    finished = launch_truly("finetune", *flags, "--epochs", 8, "--lr", 0.1, script=True)
    assert finished.returncode == 0, finished.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["test"]["top1"] > 0.2  # chance is 0.1
    assert sum(row["images"] for row in results["per_class"]) == 300
    assert ResNet.from_pretrained(tmp_path / "run").label_names == tuple(rows.features["label"].names)


def test_a_mistake_through_the_launcher_is_a_sentence_and_a_failure(tmp_path):
    finished = launch_truly("finetune", "--dataset", "./nothing/here", "--output", tmp_path / "run")
    assert finished.returncode != 0
    assert not (tmp_path / "run").exists()  # or the next try would find its folder taken
    assert finished.stderr.startswith("error: --dataset './nothing/here': there is no such folder")
    assert "Traceback" not in finished.stderr

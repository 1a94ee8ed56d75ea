"""The output folder: claimed once, never overwritten unasked."""

import json
import logging
from unittest.mock import ANY

import numpy as np
import pytest
from accelerate import Accelerator
from error_facts import Begins, code_and_fields
from images import class_folders
from PIL import Image

from resnet_hub.config import Preprocessing
from resnet_hub.errors import TrainingError
from training.data.load import load_data
from training.run.run_folder import (
    FILES,
    append_row,
    begin_run,
    check_room,
    claim_folder,
    claimed,
    rewrite_rows,
    write_examples,
    write_results,
)
from training.settings.recipe import FinetuneRecipe
from training.splits.recorded_split import RecordedPart, RecordedSplit


@pytest.fixture(scope="module")
def accelerator():
    return Accelerator(cpu=True)


def begin(recipe, accelerator):
    """A run that has begun and ended."""
    with claimed(recipe, accelerator, resumed=False):
        begin_run(recipe, None)


def recipe(folder, **settings):
    return FinetuneRecipe(dataset="digits", output=str(folder), **settings)


def test_a_new_folder_is_made_with_the_resolved_recipe(tmp_path, accelerator):
    begin(recipe(tmp_path / "a" / "b"), accelerator)
    assert 'dataset = "digits"' in (tmp_path / "a" / "b" / "recipe.toml").read_text()


@pytest.mark.parametrize("name", FILES)
def test_a_folder_that_holds_a_run_is_refused_and_left_as_it_is(tmp_path, accelerator, name):
    (tmp_path / name).write_text("precious")
    with pytest.raises(TrainingError) as refused:
        claim_folder(recipe(tmp_path), accelerator)
    assert code_and_fields(refused.value) == ("run.taken", {"folder": str(tmp_path), "files": name})
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


def test_overwrite_replaces_the_run_and_leaves_other_files(tmp_path, accelerator):
    for name in (*FILES, "notes.txt"):
        (tmp_path / name).write_text("old")
    begin(recipe(tmp_path, overwrite=True), accelerator)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["notes.txt", "recipe.toml"]


def test_an_output_that_is_a_file_is_refused(tmp_path, accelerator):
    (tmp_path / "file").write_text("x")
    with pytest.raises(TrainingError, match="cannot write into the output folder"):
        claim_folder(recipe(tmp_path / "file"), accelerator)


def test_metrics_are_one_json_object_a_line(tmp_path):
    for epoch in (1, 2):
        append_row(tmp_path, {"epoch": epoch, "val_top1": 0.5}, {"epoch": epoch, "seconds": 3.1})
    for name, key in (("metrics.jsonl", "val_top1"), ("timings.jsonl", "seconds")):
        rows = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        assert [row["epoch"] for row in rows] == [1, 2]
        assert all(set(row) == {"epoch", key} for row in rows)


@pytest.mark.parametrize("write", [append_row, rewrite_rows])
def test_a_folder_that_takes_no_rows_is_named(tmp_path, write):
    with pytest.raises(TrainingError) as refused:
        write(tmp_path / "gone", {}, {})
    assert code_and_fields(refused.value) == (
        "run.unwritable",
        {"folder": str(tmp_path / "gone"), "reason": Begins("No such file")},
    )


def test_rows_that_a_resumed_run_repeats_are_taken_back(tmp_path):
    for epoch in (1, 2, 3):
        append_row(tmp_path, {"epoch": epoch}, {"epoch": epoch})
    rewrite_rows(tmp_path, [{"epoch": 1}], [{"epoch": 1}])
    append_row(tmp_path, {"epoch": 2}, {"epoch": 2})
    for name in ("metrics.jsonl", "timings.jsonl"):
        assert (tmp_path / name).read_text() == '{"epoch": 1}\n{"epoch": 2}\n'


def test_the_recipe_beside_the_weights_names_no_folder_of_this_machine(tmp_path, accelerator):
    settings = FinetuneRecipe(dataset=str(tmp_path / "insects"), model="owner/net", output=str(tmp_path / "run"))
    begin(settings, accelerator)
    written = (tmp_path / "run" / "recipe.toml").read_text()
    assert str(tmp_path) not in written
    assert 'dataset = "insects"' in written
    assert 'model = "owner/net"' in written


def test_the_folder_of_a_run_that_goes_on_stays_as_it_is(tmp_path, accelerator):
    (tmp_path / "metrics.jsonl").write_text("precious")
    with claimed(recipe(tmp_path), accelerator, resumed=True):
        assert (tmp_path / "metrics.jsonl").read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_an_interrupted_run_is_not_replaced_unasked(tmp_path, accelerator):
    (tmp_path / "state").mkdir()
    with pytest.raises(TrainingError) as refused:
        claim_folder(recipe(tmp_path), accelerator)
    assert code_and_fields(refused.value) == ("run.interrupted", {"folder": str(tmp_path), "files": "state"})
    begin(recipe(tmp_path, overwrite=True), accelerator)
    assert not (tmp_path / "state").exists()


def test_a_run_that_fails_before_it_begins_leaves_the_folder_as_it_was(tmp_path, accelerator):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "model.safetensors").write_text("precious")
    for folder in (tmp_path / "new", tmp_path / "old"):
        run = claimed(recipe(folder, overwrite=True), accelerator, resumed=False)
        with pytest.raises(TrainingError, match="has measured no epoch yet"), run:
            raise TrainingError("run.no_epoch")
    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*")] == ["old", "old/model.safetensors"]


def test_a_run_that_finds_no_room_leaves_the_folder_free(tmp_path, accelerator):
    part = RecordedPart("train", np.array([1], np.uint64), np.array([0]))

    def without_room():
        with claimed(recipe(tmp_path / "run"), accelerator, resumed=False):
            begin_run(recipe(tmp_path / "run"), RecordedSplit({"train": part}))
            check_room(tmp_path / "run", 10**15)

    for _ in range(2):
        with pytest.raises(TrainingError, match="make room"):
            without_room()
    assert not (tmp_path / "run").exists()


def test_room_is_asked_of_the_disk_of_the_folder(tmp_path):
    check_room(tmp_path, 1)
    with pytest.raises(TrainingError) as refused:
        check_room(tmp_path, 10**15)
    assert code_and_fields(refused.value) == (
        "run.no_room",
        {"needed": 10**9, "folder": str(tmp_path), "free": ANY},
    )


def test_results_keep_class_names_as_they_are(tmp_path):
    write_results(tmp_path, {"label": "naïve <b>"})
    assert json.loads((tmp_path / "results.json").read_text("utf-8")) == {"label": "naïve <b>"}


def test_of_channels_that_no_browser_shows_there_are_no_examples_which_is_said(tmp_path, caplog):
    spread = (0.5,) * 13
    network = Preprocessing(input_size=(13, 32, 32), mean=spread, std=spread)
    with caplog.at_level(logging.INFO):
        write_examples(tmp_path, None, ("a", "b"), "single_label", network)
    assert not list(tmp_path.iterdir())
    assert "those of 13 channels" in caplog.text


def test_examples_are_held_out_images_of_different_classes_with_safe_names(tmp_path):
    class_folders(tmp_path / "data", {"red": 5, "green": 5})
    data = load_data(FinetuneRecipe(dataset=str(tmp_path / "data")))
    write_examples(tmp_path, data.validation, ("../gr<een", "red"), "single_label", Preprocessing())
    names = sorted(file.name for file in (tmp_path / "examples").iterdir())
    assert [name.partition("-")[0] for name in names] == ["_gr_een", "red"]
    with Image.open(tmp_path / "examples" / names[1]) as image:
        assert np.asarray(image).mean((0, 1)).argmax() == 0  # red

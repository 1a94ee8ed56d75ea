"""The output folder: claimed once, never overwritten unasked."""

import json

import numpy as np
import pytest
from accelerate import Accelerator
from pictures import class_folders
from PIL import Image

from resnet_hub.errors import TrainingError
from training.data import load_data
from training.recipe import FinetuneRecipe
from training.run_folder import FILES, append_metrics, claim_folder, write_examples, write_results


@pytest.fixture(scope="module")
def accelerator():
    return Accelerator(cpu=True)


def recipe(folder, **settings):
    return FinetuneRecipe(dataset="digits", output=str(folder), **settings)


def test_a_new_folder_is_made_with_the_resolved_recipe(tmp_path, accelerator):
    claim_folder(recipe(tmp_path / "a" / "b"), accelerator)
    assert 'dataset = "digits"' in (tmp_path / "a" / "b" / "recipe.toml").read_text()


@pytest.mark.parametrize("name", FILES)
def test_a_folder_that_holds_a_run_is_refused_and_left_as_it_is(tmp_path, accelerator, name):
    (tmp_path / name).write_text("precious")
    with pytest.raises(
        TrainingError, match=rf"already holds a run \({name}\); choose another with --output, or replace"
    ):
        claim_folder(recipe(tmp_path), accelerator)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


def test_overwrite_replaces_the_run_and_leaves_other_files(tmp_path, accelerator):
    for name in (*FILES, "notes.txt"):
        (tmp_path / name).write_text("old")
    claim_folder(recipe(tmp_path, overwrite=True), accelerator)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["notes.txt", "recipe.toml"]


def test_an_output_that_is_a_file_is_refused(tmp_path, accelerator):
    (tmp_path / "file").write_text("x")
    with pytest.raises(TrainingError, match="cannot write into the output folder"):
        claim_folder(recipe(tmp_path / "file"), accelerator)


def test_metrics_are_one_json_object_a_line(tmp_path):
    for epoch in (1, 2):
        append_metrics(tmp_path, {"epoch": epoch, "val_top1": 0.5})
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]


def test_results_keep_class_names_as_they_are(tmp_path):
    write_results(tmp_path, {"label": "naïve <b>"})
    assert json.loads((tmp_path / "results.json").read_text("utf-8")) == {"label": "naïve <b>"}


def test_examples_are_held_out_pictures_of_different_classes_with_safe_names(tmp_path):
    class_folders(tmp_path / "data", {"red": 5, "green": 5})
    data = load_data(FinetuneRecipe(dataset=str(tmp_path / "data")))
    write_examples(tmp_path, data.validation, ("../gr<een", "red"), "single_label", 3)
    names = sorted(file.name for file in (tmp_path / "examples").iterdir())
    assert [name.partition("-")[0] for name in names] == ["_gr_een", "red"]
    with Image.open(tmp_path / "examples" / names[1]) as picture:
        assert np.asarray(picture).mean((0, 1)).argmax() == 0  # red

"""What is recorded of a run, so that it can be repeated and compared."""

import json
import subprocess
from dataclasses import replace

import pytest
from accelerate import Accelerator
from images import class_folders

from training.data.load import load_data
from training.run.reports.record import describe_run, git_state, resumed_record, versions
from training.settings.recipe import FinetuneRecipe


@pytest.fixture
def record(tmp_path):
    class_folders(tmp_path / "data", {"red": 5, "green": 5})
    recipe = FinetuneRecipe(dataset=str(tmp_path / "data"), output=str(tmp_path / "run"), epochs=4)
    command = ["--dataset", str(tmp_path / "data"), "--epochs", "4"]
    return describe_run(replace(recipe, lr=0.5), recipe, load_data(recipe), Accelerator(cpu=True), command)


def test_it_tells_command_recipe_dataset_versions_and_hardware(record):
    assert record["command"] == ["--dataset", "data", "--epochs", "4"]
    assert (record["recipe"]["epochs"], record["recipe"]["lr"]) == (4, 0.5)
    assert record["changed"] == {"dataset": "data", "epochs": 4}  # the rate was filled in, not asked for
    assert record["dataset"]["images"] == {"train": 8, "validation": 2, "test": 0}
    assert len(record["dataset"]["split_hash"]) == 64
    assert {"python", "torch", "timm", "accelerate"} <= set(record["versions"])
    assert "cpu" in record["hardware"]
    assert record["processes"] == 1


def test_it_is_json_and_names_no_folder_of_this_machine(record, tmp_path):
    assert str(tmp_path) not in json.dumps(record)


def test_a_run_that_goes_on_adds_to_its_record(record):
    again = resumed_record(record, record | {"command": ["--resume", "run"]}, 12)
    assert again["command"] == record["command"]
    assert again["resumed"][0]["after_step"] == 12
    assert again["resumed"][0]["command"] == ["--resume", "run"]
    assert len(resumed_record(again, record, 20)["resumed"]) == 2


def test_a_checkout_tells_its_commit_and_whether_files_differ(tmp_path):
    def git(*arguments):
        author = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", *author, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "first")
    first = git_state(tmp_path)
    assert len(first["commit"]) == 40
    assert not first["changed"]
    (tmp_path / "file").write_text("2")
    assert git_state(tmp_path) == {"commit": first["commit"], "changed": True}


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path):
    assert git_state(tmp_path) is None


def test_versions_are_those_of_the_packages():
    import torch

    assert versions()["torch"] == torch.__version__.partition("+")[0]

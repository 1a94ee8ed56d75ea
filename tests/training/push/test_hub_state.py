"""A run that is stopped on one machine goes on on another, from the state that it pushed; nobody's folders go along."""

import json
import shutil

import pytest
from error_facts import code_and_fields
from images import class_folders
from launching import FROM_SCRATCH, launch

from resnet_hub.errors import HubError, TrainingError
from training.push.hub_state import drop_state, fetch_state, push_state
from training.push.resuming import from_hub
from training.run.resuming.portable_state import copy_state
from training.run.serialization import newest_snapshot, write_snapshot

FLAGS = (*FROM_SCRATCH, "--image-size", 16, "--epochs", 2, "--batch-size", 8, "--workers", 0, "--threads", 1)
FLAGS += ("--precision", "no", "--drop-rate", 0.1)
RECIPE = {"dataset": "/home/alice/birds", "output": "/data/runs/birds", "model": "resnet18", "labels": None, "lr": 0.1}


@pytest.fixture
def folder(tmp_path):
    """A run folder with a state."""
    for step in (1, 2):
        write_snapshot(tmp_path / "run" / "state", {"run": {"recipe": RECIPE, "step": step}, "best": [step]})
    return tmp_path / "run"


def test_the_newest_state_is_copied_without_the_folders_of_this_machine(folder, tmp_path):
    copy_state(folder, tmp_path / "copy")
    copied = newest_snapshot(tmp_path / "copy" / "state")
    assert copied.folder.name == "000002"
    assert copied.read("best") == [2]
    assert copied.read("run") == {"recipe": {**RECIPE, "dataset": "birds", "output": "birds"}, "step": 2}
    assert newest_snapshot(folder / "state").read("run")["recipe"] == RECIPE


def test_the_state_on_the_hub_is_one_alone_and_goes_with_the_end_of_the_run(folder, fake_hub, tmp_path):
    for number in (1, 2):
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        copy_state(folder, tmp_path / "copy")
        push_state(tmp_path / "copy", "alice/net", None)
        write_snapshot(folder / "state", {"run": {"recipe": RECIPE, "step": 2 + number}})
    files = fake_hub.repository("alice/net").resolve("state").files
    assert {name.split("/")[1] for name in files if name.startswith("state/")} == {"000003"}
    assert not [name for name in fake_hub.repository("alice/net").resolve("main").files if "state" in name]
    fetch_state("alice/net", None, tmp_path / "there")
    assert newest_snapshot(tmp_path / "there" / "state").read("run")["step"] == 3
    drop_state("alice/net", None)
    with pytest.raises(HubError, match="no revision 'state'"):
        fetch_state("alice/net", None, tmp_path / "nowhere")


def test_a_state_is_not_fetched_over_another(folder):
    with pytest.raises(TrainingError) as told:
        from_hub(["--resume", "hf://alice/net", "--output", str(folder)])
    expected = {"folder": str(folder), "address": "hf://alice/net"}
    assert code_and_fields(told.value) == ("push.state_is_here", expected)


def test_a_run_that_is_stopped_goes_on_on_another_machine_to_the_same_bits(fake_hub, tmp_path):
    environment = {"HF_ENDPOINT": fake_hub.url, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": fake_hub.token}
    here, there = (class_folders(tmp_path / place / "colors", {"red": 20, "green": 20}) for place in ("here", "there"))
    begin = ("--dataset", here, *FLAGS)
    whole = launch("finetune", *begin, "--output", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr

    where = {"here": tmp_path / "here" / "run", "there": tmp_path / "there" / "run"}
    push = ("--push-to-hub", "alice/net", "--hub-state", "--max-time", "1s", "--output", where["here"])
    stopped = launch("finetune", *begin, *push, **environment)
    assert stopped.returncode == 75, stopped.stderr
    repository = fake_hub.repository("alice/net")
    assert str(tmp_path) not in repository.resolve("state").files["state/000002/run.json"].content.decode()

    again = ("--resume", "hf://alice/net", "--dataset", there, "--max-time", "1h", "--output", where["there"])
    finished = launch("finetune", *again, **environment)
    assert finished.returncode == 0, finished.stderr
    run = json.loads((where["there"] / "results.json").read_text())["run"]
    assert [resumed["after_step"] for resumed in run["resumed"]] == [1]
    weights = [(folder / "model.safetensors").read_bytes() for folder in (tmp_path / "whole", where["there"])]
    assert weights[0] == weights[1] == repository.resolve("main").files["model.safetensors"].content
    names = [{file.name for file in folder.iterdir()} for folder in (tmp_path / "whole", where["there"])]
    assert names[0] == names[1]
    assert "refs/heads/state" not in repository.refs

"""The same run on one process and on two, by DDP and by FSDP2: the same losses, a whole checkpoint, and a way on."""

import json

import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.utils import DistributedType
from images import class_folders
from launching import REPOSITORY, launch
from safetensors.torch import load_file

UPDATE = 8
FSDP = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"}
# With statistics that do not move, an image's gradient does not depend on the others of its batch.
FLAGS = ["--model", "resnet_hub/pretrained/cifar_resnet20", "--freeze-bn-stats", "--no-linear-probe-first"]
FLAGS += ["--lr", 0.02, "--workers", 0, "--precision", "no"]


@pytest.fixture(scope="module")
def colors(tmp_path_factory):
    """Twenty images to train on, which do not fill the last update."""
    folder = tmp_path_factory.mktemp("colors")
    class_folders(folder / "train", {"red": 10, "green": 10})
    class_folders(folder / "val", {"red": 4, "green": 4})
    return folder


def train(colors, folder, processes, *flags, epochs=2, **environment):
    """Runs it with the same images in each update; returns what it said, its rows, and its weights."""
    size = UPDATE // processes
    given = ["--dataset", colors, "--output", folder, "--epochs", epochs, "--batch-size", size, *FLAGS, *flags]
    ended = launch("finetune", *given, processes=processes, **environment)
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return ended.stderr, rows, load_file(folder / "model.safetensors")


@pytest.fixture(scope="module")
def alone(colors, tmp_path_factory):
    """The run in one process."""
    return train(colors, tmp_path_factory.mktemp("alone") / "run", 1)


@pytest.mark.parametrize("environment", [{}, FSDP], ids=["DDP", "FSDP2"])
def test_two_processes_with_the_same_updates_train_to_the_same_losses(colors, alone, tmp_path, environment):
    said, rows, weights = train(colors, tmp_path / "run", 2, **environment)
    assert f"batch {UPDATE} (2 processes x {UPDATE // 2} images)" in said
    for row, expected in zip(rows, alone[1], strict=True):
        assert row["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-4)
        assert row["val_loss"] == pytest.approx(expected["val_loss"], rel=1e-4)
    assert weights.keys() == alone[2].keys()
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, alone[2][name], rtol=1e-3, atol=1e-4)


def test_a_sharded_run_goes_on_from_its_state_which_is_whole(colors, alone, tmp_path):
    stopped = tmp_path / "run"
    flags = ["--dataset", colors, "--output", stopped, "--epochs", 2, "--batch-size", UPDATE // 2, *FLAGS]
    first = launch("finetune", *flags, "--max-time", "1s", processes=2, **FSDP)
    assert "and saved; go on with" in first.stderr
    ended = launch("finetune", "--resume", stopped, "--max-time", "1h", processes=2, **FSDP)
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in (stopped / "metrics.jsonl").read_text().splitlines()]
    assert [row["train_loss"] for row in rows] == pytest.approx([row["train_loss"] for row in alone[1]], rel=1e-4)


def test_a_moving_average_of_a_sharded_network_is_refused_with_the_way_out(colors, tmp_path):
    flags = ["--dataset", colors, "--output", tmp_path / "run", "--batch-size", 4, *FLAGS, "--ema-decay", 0.9]
    refused = launch("finetune", *flags, processes=2, **FSDP)
    assert refused.returncode != 0
    assert "leave --ema-decay out, or launch with --multi_gpu" in refused.stderr


@pytest.mark.parametrize(
    ("name", "kind", "processes"),
    [
        ("one", DistributedType.NO, 1),
        ("cpu", DistributedType.MULTI_GPU, 2),
        ("gpus", DistributedType.MULTI_GPU, 2),
        ("nodes", DistributedType.MULTI_GPU, 2),
        ("fsdp", DistributedType.FSDP, 2),
    ],
)
def test_accelerate_reads_each_file_of_ours_as_it_is_meant(name, kind, processes):
    config = load_config_from_file(str(REPOSITORY / "training" / "launch" / f"{name}.yaml"))
    assert (config.distributed_type, config.num_processes) == (kind, processes)
    assert config.fsdp_config.get("fsdp_version") == (2 if name == "fsdp" else None)


def test_every_file_for_the_launcher_is_in_the_table():
    assert {file.stem for file in (REPOSITORY / "training" / "launch").glob("*.yaml")} == {
        *("one", "cpu", "gpus", "nodes", "fsdp")
    }


def test_a_compiler_that_the_launcher_names_is_taken_and_said(colors, alone, tmp_path):
    said, rows, _ = train(colors, tmp_path / "run", 1, epochs=1, ACCELERATE_DYNAMO_BACKEND="EAGER")
    assert "precision no, compiled by eager, on" in said
    assert rows[0]["lr"] is not None
    assert (tmp_path / "run" / "results.json").is_file()

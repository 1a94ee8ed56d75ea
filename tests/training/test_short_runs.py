"""Short runs in this process: mistakes told in a sentence, equal seeds, gray images, one run after another."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from encoded_images import banded
from images import class_folders
from launching import FROM_SCRATCH, forget_accelerator
from PIL import Image

from resnet_hub import ImageClassifier, ResNet, create_model
from training import evaluate, finetune

pytestmark = pytest.mark.usefixtures("new_process", "blank_figures")


@pytest.fixture
def colors(tmp_path):
    return class_folders(tmp_path / "colors", {"red": 6, "green": 6})


def run(capsys, *flags):
    """The status and the message of a run in this process."""
    status = finetune.main([str(flag) for flag in flags])
    return status, capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (
            ("--model", "cifar_resnet21", "--from-scratch"),
            "there is no architecture 'cifar_resnet21'; the nearest are 'cifar_r",
        ),
        (
            ("--model", "cifar_resnet20"),
            "--model 'cifar_resnet20' is an architecture without published weights; add --from-scratch",
        ),
        (("--model", "resnext101_32x16d"), "all published weights of 'resnext101_32x16d' are under CC-BY-NC-4.0, for"),
        (
            ("--model", "./no/folder"),
            "there is no folder or file './no/folder'",
        ),
        (("--batch-size", "0"), "--batch-size=0 is out of range; expected a whole number from 1 to 65536"),
        (("--label-column", "kind"), "--label-column 'kind' is no column"),
        (("--lr", "1e6"), "--lr=1000000.0 is out of range; expected a number from 1e-09 to 1000"),
        (("--image-size", "4"), "--image-size=4 is out of range; expected a whole number from 8 to 4096"),
    ],
    ids=[
        "unknown architecture",
        "no weights",
        "non-commercial",
        "no folder",
        "batch of 0",
        "wrong column",
        "learning rate of a million",
        "tiny input",
    ],
)
def test_a_mistake_is_told_in_a_sentence(capsys, colors, tmp_path, flags, says):
    status, message = run(capsys, "--dataset", colors, "--output", tmp_path / "run", *flags)
    assert status == 2
    assert message.startswith(f"error: {says}")


def test_weights_that_do_not_fit_are_refused_with_the_first_tensors(capsys, colors, tmp_path):
    create_model("cifar_resnet20").save_pretrained(tmp_path / "saved")
    config = json.loads((tmp_path / "saved" / "config.json").read_text())
    config["architecture"] = "cifar_resnet32"
    (tmp_path / "saved" / "config.json").write_text(json.dumps(config))
    status, message = run(capsys, "--dataset", colors, "--model", tmp_path / "saved", "--output", tmp_path / "run")
    assert status == 2
    assert "do not fit the network: tensors 60 missing (layer1.3.conv1.weight, " in message


def test_a_folder_that_holds_a_run_is_not_written_into(capsys, colors, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.jsonl").write_text("{}")
    status, message = run(capsys, "--dataset", colors, "--output", tmp_path / "run")
    assert status == 2
    assert "already holds a run (metrics.jsonl)" in message


def test_bad_images_are_counted_in_the_report(capsys, colors, tmp_path):
    (colors / "red" / "broken.png").write_bytes(b"no picture")
    (colors / "notes.txt").write_text("collected in May")
    flags = ("--dataset", colors, *FROM_SCRATCH, "--output", tmp_path / "run")
    status, message = run(capsys, *flags, "--epochs", 1)
    assert status == 2
    assert "broken.png" in message
    status, _ = run(capsys, *flags, "--epochs", 1, "--max-bad-images", 3, "--overwrite")
    assert status == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert len(results["bad_images"]) == 1
    assert "broken.png" in results["bad_images"][0]
    ledger = results["ledger"]
    assert {one["unit"]: one["names"][0][:16] for one in ledger["left_out"]} == {
        "files": "notes.txt",
        "rows": "'red/broken.png'",
    }
    used = sum(sum(classes.values()) for classes in ledger["rows"]["used"].values())
    assert ledger["rows"]["seen"] == ledger["files"]["used"]["image"] == used + 1
    files = ledger["files"]["seen"]
    card = (tmp_path / "run" / "README.md").read_text()
    assert f"| left out of the dataset, or corrected | 1 of {files} files, 1 of {files - 1} rows" in card


def test_a_loss_that_is_no_number_stops_the_run_and_says_what_to_try(capsys, colors, tmp_path):
    flags = ("--dataset", colors, *FROM_SCRATCH, "--output", tmp_path / "run")
    status, message = run(capsys, *flags, "--epochs", 30, "--lr", 1000, "--warmup-epochs", 0, "--precision", "no")
    assert status == 2
    assert "the loss is no number any more in epoch" in message
    assert "try a lower --lr than 1000" in message


def test_equal_seeds_give_equal_bits_and_others_do_not(capsys, colors, tmp_path):
    flags = ("--dataset", colors, *FROM_SCRATCH, "--epochs", 2, "--deterministic", "--drop-rate", 0.2, "--mixup", 0.2)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(capsys, *flags, "--seed", seed, "--output", tmp_path / name)[0] == 0
    assert not torch.are_deterministic_algorithms_enabled()
    for file in ("model.safetensors", "metrics.jsonl"):
        found = [(tmp_path / name / file).read_bytes() for name in "abc"]
        assert found[0] == found[1] != found[2]


def test_gray_images_train_a_one_channel_network(capsys, tmp_path):
    for label, level in (("dark", 60), ("light", 190)):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(6):
            noise = np.random.default_rng(number).normal(level, 10, (32, 32))
            Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).save(tmp_path / "data" / label / f"{number}.png")
    flags = ("--dataset", tmp_path / "data", *FROM_SCRATCH, "--in-chans", 1)
    assert run(capsys, *flags, "--epochs", 2, "--output", tmp_path / "run")[0] == 0
    saved = ResNet.from_pretrained(tmp_path / "run")
    assert saved.preprocessing.input_size == (1, 32, 32)
    assert len(saved.preprocessing.mean) == 1


def test_a_class_that_shows_in_one_of_thirteen_bands_only_is_learned_and_served(capsys, tmp_path):
    rng = np.random.default_rng(0)
    for number in range(24):
        values = rng.integers(200, 1500, (32, 32, 13)).astype(np.uint16)
        values[:, :, 9] += 3000 * (number % 2)
        file = tmp_path / "data" / ("water", "forest")[number % 2] / f"{number}.tif"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(banded(values))
    flags = ("--dataset", tmp_path / "data", *FROM_SCRATCH, "--in-chans", 13, "--image-size", 16, "--lr", 0.05)
    assert run(capsys, *flags, "--epochs", 8, "--batch-size", 4, "--workers", 0, "--output", tmp_path / "run")[0] == 0
    classifier = ImageClassifier.from_pretrained(tmp_path / "run", device="cpu")
    assert [classifier(file)[0].label for file in (tmp_path / "data").glob("*/*.tif")] == [
        file.parent.name for file in (tmp_path / "data").glob("*/*.tif")
    ]
    assert len(classifier.preprocessing.value_range) == 13
    assert not (tmp_path / "run" / "examples").exists() or not list((tmp_path / "run" / "examples").iterdir())


def test_a_bare_architecture_starts_from_its_default_weights_and_says_so(
    capsys, colors, tmp_path, fake_hub, monkeypatch
):
    monkeypatch.setenv("HF_TOKEN", fake_hub.state.add_account("timm"))
    create_model("test_resnet").push_to_hub("timm/test_resnet.r160_in1k")
    flags = ("--dataset", colors, "--model", "test_resnet", "--epochs", 1, "--image-size", 32)
    status = finetune.main([str(flag) for flag in (*flags, "--output", tmp_path / "run")])
    log = capsys.readouterr().err
    assert status == 0
    assert "test_resnet stands for timm/test_resnet.r160_in1k, license apache-2.0" in log
    assert ResNet.from_pretrained(tmp_path / "run").metadata.base_model == "timm/test_resnet.r160_in1k"


def test_a_checkpoint_of_ours_is_the_start_of_another_run(capsys, colors, tmp_path):
    flags = ("--dataset", colors, "--epochs", 1)
    first = (*FROM_SCRATCH, "--output", tmp_path / "first")
    assert run(capsys, *flags, *first)[0] == 0
    assert run(capsys, *flags, "--model", tmp_path / "first", "--output", tmp_path / "second")[0] == 0
    second = ResNet.from_pretrained(tmp_path / "second")
    assert second.label_names == ("green", "red")
    assert second.metadata.base_model == "first"


def fill_the_disk(monkeypatch, name):
    """Lets no file of this name be put in place any more."""
    put = Path.replace

    def refuse(file, target):
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return put(file, target)

    monkeypatch.setattr(Path, "replace", refuse)


def test_a_disk_that_fills_up_after_training_costs_no_weights_and_the_report_is_made_up_for(
    capsys, colors, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    flags, weights = ["--dataset", colors, *FROM_SCRATCH, "--epochs", 1, "--workers", 0, "--output", folder], None
    for name in ("curves.png", "README.md", "results.json"):
        fill_the_disk(monkeypatch, name)
        status, message = run(capsys, *flags)
        assert status == 2
        assert message.startswith(f"error: the best weights are safe in '{folder}'")
        assert "No space left on device" in message
        assert message.endswith(f"accelerate launch -m training.finetune --resume {folder}")
        weights = weights or (folder / "model.safetensors").read_bytes()
        flags = ["--resume", folder]
        monkeypatch.undo()
    assert finetune.main([str(flag) for flag in flags]) == 0
    assert (folder / "model.safetensors").read_bytes() == weights
    assert json.loads((folder / "results.json").read_text())["best_epoch"] == 1
    assert (folder / "curves.png").exists()


def test_a_report_that_finds_no_room_is_told_in_a_sentence(capsys, colors, tmp_path, monkeypatch):
    finetune_flags = ("--dataset", colors, *FROM_SCRATCH, "--epochs", 1, "--workers", 0, "--output", tmp_path / "run")
    assert run(capsys, *finetune_flags)[0] == 0
    fill_the_disk(monkeypatch, "results.json")
    forget_accelerator()
    flags = ("--model", tmp_path / "run", "--dataset", colors, "--report", tmp_path / "report", "--workers", 0)
    assert evaluate.main([str(flag) for flag in flags]) == 2
    says = f"error: cannot write into --report '{tmp_path / 'report'}' (No space left on device); make room, or choose"
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith(says)

"""The laboratory: runs that are to be compared differ in what the plan says alone, and what is trained is kept."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from benchmarks.lab import __main__ as lab
from benchmarks.lab.images import Images, Normalization, batches, read_images
from benchmarks.lab.plan import read_plan
from benchmarks.lab.surface import filter_normalized
from benchmarks.lab.tables import fill
from resnet_hub.explain import laboratory

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
input()
"""


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (130, 3, 16, 16), generator=generator, dtype=torch.uint8)
    return Images(pixels, torch.arange(130) % 10)


def first_run(row, depth=20):
    return next(run for run in read_plan() if (run.row, run.depth) == (row, depth))


def test_plain_and_residual_networks_of_a_seed_start_with_the_same_weights():
    plain, residual = (first_run(row).network().state_dict() for row in ("plain", "residual"))
    assert all(torch.equal(plain[name], residual[name]) for name in plain)


def test_a_network_without_normalization_has_none():
    names = {type(module).__name__ for module in first_run("plain-unnormalized").network().modules()}
    assert "BatchNorm2d" not in names
    assert "BatchNorm2d" in {type(module).__name__ for module in first_run("plain").network().modules()}


def test_a_seed_gives_the_same_batches_and_another_one_others(images):
    once, again, other = (next(iter(batches(images, 64, 1, 2, seed)))[0] for seed in (0, 0, 1))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def test_an_image_is_shifted_or_mirrored_and_nothing_else(images):
    for batch, labels in batches(images, 64, 1, 0, 0):
        for found, label in zip(batch, labels, strict=True):
            same = images.pixels[images.labels == label]
            assert any(torch.equal(found, one) or torch.equal(found, one.flip(-1)) for one in same)


def test_each_filter_of_a_direction_is_as_long_as_the_weights_own():
    weights = {"conv": torch.randn(4, 3, 3, 3), "scale": torch.ones(4)}
    direction = filter_normalized(weights, torch.Generator().manual_seed(0))
    assert list(direction) == ["conv"]
    assert torch.allclose(direction["conv"].flatten(1).norm(dim=1), weights["conv"].flatten(1).norm(dim=1))


def test_what_is_trained_is_not_trained_again(images, tmp_path, monkeypatch, capsys):
    run = first_run("plain")
    plan = [replace(run, recipe=replace(run.recipe, epochs=1))]
    monkeypatch.setattr(lab, "read_plan", lambda: plan)
    monkeypatch.setattr(lab, "read_images", lambda *_: (images, images))
    monkeypatch.setattr(lab, "SURFACES", ())
    lab.work("cifar10", tmp_path)
    assert "plain-20-0: error" in capsys.readouterr().out
    report = json.loads((tmp_path / "plain-20-0" / "run.json").read_text())
    assert report["steps"] == len(report["loss"]) == 2
    assert set(report["gradients"]) == {"stem", "stage 1", "stage 2", "stage 3", "head"}
    lab.work("cifar10", tmp_path)
    assert capsys.readouterr().out == ""


def test_a_run_that_another_process_holds_is_left_to_it(images, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lab, "read_plan", lambda: [first_run("plain")])
    monkeypatch.setattr(lab, "read_images", lambda *_: (images, images))
    (tmp_path / "plain-20-0").mkdir()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "plain-20-0" / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        other.stdout.readline()
        lab.work("cifar10", tmp_path)
        other.communicate("\n")
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "plain-20-0" / "run.json").exists()


def test_pixels_are_normalized_to_mean_0_and_deviation_1(images):
    found = Normalization.of(images.pixels)(images.pixels)
    assert float(found.mean()) == pytest.approx(0, abs=1e-3)
    assert float(found.std()) == pytest.approx(1, abs=1e-2)


def test_images_that_are_not_cifar_s_are_refused_in_a_sentence(tmp_path):
    from datasets import Dataset

    (tmp_path / "data").mkdir()
    Dataset.from_dict({"text": ["a"]}).to_parquet(tmp_path / "data" / "train-00000-of-00001.parquet")
    with pytest.raises(SystemExit, match="expected the splits train and test with the columns img and label"):
        read_images(str(tmp_path), 16, tmp_path / "images.npz")


def test_the_tables_of_the_page_are_those_of_the_results():
    page = lab.PAGE.read_text("utf-8")
    assert fill(page, laboratory()) == page


def test_a_page_that_lost_a_mark_is_not_written_over():
    with pytest.raises(ValueError, match="the page has no <!-- lab:conditions -->"):
        fill("# Why?", laboratory())

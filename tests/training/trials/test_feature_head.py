"""A head fitted to features that are computed once, in place of epochs."""

import json

import pytest
import torch
import torch.nn.functional as F
from images import class_folders, image
from learners import make_data, start, state
from safetensors.torch import load_file

from resnet_hub import create_model
from training import finetune
from training.trials.feature_head import DECAYS, choose_decay, learn_head
from training.trials.linear_probe import DECAY

pytestmark = pytest.mark.usefixtures("new_process", "blank_figures")
SHORT = ("--image-size", 32, "--workers", 0, "--precision", "no", "--recipe", "linear-probe")


def run(*flags):
    assert finetune.main([str(flag) for flag in (*flags, *SHORT)]) == 0


def test_a_linear_probe_passes_each_image_once_and_learns_the_head_alone(tmp_path, capsys):
    class_folders(tmp_path / "data", {"red": 12, "green": 12})
    create_model("test_resnet", num_classes=5).save_pretrained(tmp_path / "start")
    run("--dataset", tmp_path / "data", "--model", tmp_path / "start", "--output", tmp_path / "run")
    log = capsys.readouterr().err
    assert "and the head fitted by L-BFGS (epochs, rates and random crops are for --no-features-once)" in log
    assert "head   fitted to 20 images and their mirror images: " in log
    assert "by 5-fold cross-validation, of " in log
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["validation"]["top1"] == 1
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 1
    before, after = (load_file(tmp_path / folder / "model.safetensors") for folder in ("start", "run"))
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items() if not name.startswith("fc."))


@pytest.mark.parametrize("task", ["regression", "multi_label"])
def test_numbers_and_several_classes_are_learned_too(tmp_path, task):
    rows = {
        "regression": lambda red: f"{10 * red + 5}",
        "multi_label": lambda red: f"{red},{1 - red}",
    }[task]
    (tmp_path / "data").mkdir()
    lines = ["file_name,value" if task == "regression" else "file_name,warm,cold"]
    for number in range(24):
        image("red" if number % 2 else "green", number).save(tmp_path / "data" / f"{number}.png")
        lines.append(f"{number}.png,{rows(number % 2)}")
    (tmp_path / "data" / "metadata.csv").write_text("\n".join(lines) + "\n")
    create_model("test_resnet", num_classes=5).save_pretrained(tmp_path / "start")
    columns = "value" if task == "regression" else "warm,cold"
    flags = ("--task", task, "--label-column", columns, "--dataset", tmp_path / "data")
    run(*flags, "--model", tmp_path / "start", "--output", tmp_path / "run")
    found = json.loads((tmp_path / "run" / "results.json").read_text())["validation"]
    assert found["r2"] > 0.9 if task == "regression" else found["map"] > 0.9


def test_a_run_that_was_stopped_behind_the_fit_does_not_make_it_again(tmp_path):
    make_data(tmp_path, 10)
    learner, loaders = start(tmp_path, "test_resnet", size=32, features_once=True)
    checked = []
    found = learn_head(learner, loaders["features"], lambda: checked.append(1))
    assert len(checked) == 2  # batches
    before = state(learner)
    again = learn_head(learner, (), checked.clear)
    assert again["train_loss"] == found["train_loss"]
    assert all(torch.equal(tensor, before[name]) for name, tensor in state(learner).items())


def test_the_decay_is_strong_for_noise_and_weak_for_what_can_be_told():
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(2).repeat(50)
    noise = torch.randn(100, 20, generator=generator)
    told = F.one_hot(targets, 20) * 30.0 + noise
    for features, range_ in ((noise, DECAYS[:1]), (told / told.square().mean().sqrt(), DECAYS[3:])):
        assert choose_decay(features, targets, F.cross_entropy, 2, views=1, seed=0).decay in range_


def test_both_views_of_an_image_are_on_one_side():
    noise = torch.randn(60, 300, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(2).repeat(30)
    twice = choose_decay(noise.repeat(2, 1), targets.repeat(2), F.cross_entropy, 2, views=2, seed=0)
    assert twice.decay == DECAYS[0]


def test_of_very_few_images_nothing_is_chosen_and_it_is_said():
    chosen = choose_decay(torch.eye(6), torch.arange(6) % 2, F.cross_entropy, 2, views=1, seed=0)
    assert chosen.decay == DECAY
    assert "6 images are too few" in chosen.reason

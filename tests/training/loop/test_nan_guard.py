"""A non-finite loss is found with its step and images."""

import pytest
import torch
from accelerate import Accelerator
from error_facts import code_and_fields
from learners import make_data, start

from resnet_hub.errors import TrainingError
from training.loop.epoch import train_one_epoch
from training.loop.guards.nan_guard import NaNGuard


@pytest.fixture
def guard():
    return NaNGuard(Accelerator(cpu=True), lambda index: f"image {index}")


def test_losses_that_are_numbers_pass(guard, tmp_path):
    guard.add(1, torch.tensor(3.0), torch.tensor([1, 2]))
    guard.check(1, 0.1, tmp_path)
    guard.check(1, 0.1, tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_first_that_is_none_is_named_with_its_images_and_what_to_try(guard, tmp_path, value):
    for step, loss in enumerate((1.0, value, float("nan")), start=7):
        guard.add(step, torch.tensor(loss), torch.arange(5 * step, 5 * step + 5))
    with pytest.raises(TrainingError) as stopped:
        guard.check(2, 0.5, tmp_path)
    assert code_and_fields(stopped.value) == (
        "loop.no_number_in_large_step",
        {
            "epoch": 2,
            "step": 8,
            "images": "'image 40', 'image 41', 'image 42'",
            "more": 2,
            "folder": str(tmp_path),
            "lr": 0.5,
        },
    )


def test_training_stops_at_the_step_and_names_the_files_of_its_batch(tmp_path):
    make_data(tmp_path / "data")
    learner, loaders = start(tmp_path / "data")
    losses, seen = learner.criterion, []

    def criterion(outputs, targets):
        seen.append(len(targets))
        return losses(outputs, targets) * (float("nan") if len(seen) == 3 else 1)

    learner.criterion = criterion
    with pytest.raises(TrainingError) as stopped:
        train_one_epoch(learner, loaders["train"])
    assert len(seen) == 3
    order = [index for _, index in learner.sampler][16:19]  # the third batch of 8
    names = ", ".join(repr(loaders["train"].dataset.name(index)) for index in order)
    assert f"in epoch 1, step 3 ({names} and 5 more)" in str(stopped.value)
    assert ".png" in names


def test_on_one_cpu_it_looks_after_every_step(guard):
    assert guard.every == 1

"""Policies and erasing: real ones of timm and torchvision, random by a sample's generator alone."""

import random

import numpy as np
import pytest
import torch
from error_facts import Begins, code_and_fields
from PIL import Image

from resnet_hub import Preprocessing
from resnet_hub.errors import ConfigError
from training.loading.augment import TrainTransform
from training.loading.auto_augment import make_policy, with_erasing, with_policy
from training.settings.recipe import FinetuneRecipe

POLICIES = ("trivialaugment", "rand-m9-mstd0.5", "rand-m9-n3-mstd0.5-inc1", "augmix-m3-w3", "3a", "original")
GRAY = (124, 116, 104)
IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8))


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_changes_images_and_equal_generators_change_them_alike(name):
    found = []
    for elsewhere in (1, 9):
        random.seed(elsewhere)
        np.random.seed(elsewhere)
        torch.manual_seed(elsewhere)
        found.append([with_policy(IMAGE, name, GRAY, rng(seed)).tobytes() for seed in range(12)])
    first, again = found
    assert first == again
    assert len(set(first)) > 4


@pytest.mark.parametrize("name", POLICIES)
def test_the_global_generators_are_left_alone(name):
    def numbers():
        return random.random(), np.random.rand(), torch.rand(1).item()

    drawn = []
    for change in (lambda: None, lambda: with_policy(IMAGE, name, GRAY, rng())):
        random.seed(4)
        np.random.seed(4)
        torch.manual_seed(4)
        change()
        drawn.append(numbers())
    assert drawn[0] == drawn[1]


def test_a_rectangle_is_erased_in_the_color_and_nothing_else():
    pixels = torch.full((3, 50, 50), 7, dtype=torch.uint8)
    erased = [with_erasing(pixels, 1.0, GRAY, rng(seed)) for seed in range(20)]
    for found in erased:
        gone = (found == torch.tensor(GRAY, dtype=torch.uint8)[:, None, None]).all(0)
        assert 0.01 < gone.float().mean() < 0.35
        assert (found[:, ~gone] == 7).all()
    assert torch.equal(with_erasing(pixels, 1.0, GRAY, rng(3)), erased[3])


def test_erasing_is_as_frequent_as_asked_for():
    pixels = torch.zeros(3, 20, 20, dtype=torch.uint8)
    erased = sum(not torch.equal(with_erasing(pixels, 0.25, GRAY, rng(seed)), pixels) for seed in range(400))
    assert 70 < erased < 130


@pytest.mark.parametrize("name", ["randaugment", "rand-m9-zz4", "4a", "trivial", "augmix-q3"])
def test_an_unknown_policy_is_refused_with_examples(name):
    with pytest.raises(ConfigError) as refused:
        make_policy(name, GRAY)
    assert code_and_fields(refused.value) == ("loading.unknown_policy", {"name": name, "examples": Begins("none, ")})


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shift", [0, 2], ids=["crops", "shifts"])
def test_a_transform_with_policy_and_erasing_keeps_the_network_s_shape(channels, shift):
    size = Preprocessing(input_size=(3, 24, 24)).with_channels(channels)
    recipe = FinetuneRecipe(dataset="d", auto_augment="trivialaugment", random_erasing=0.5, shift=shift)
    transform = TrainTransform.of(recipe, size)
    views = [transform(IMAGE, rng(seed)) for seed in range(6)]
    assert {(view.shape, view.dtype) for view in views} == {((channels, 24, 24), torch.uint8)}
    assert torch.equal(transform(IMAGE, rng(2)), views[2])


def test_a_policy_is_refused_for_channels_that_have_no_colors():
    size = Preprocessing(input_size=(3, 24, 24)).with_channels(5)
    with pytest.raises(ConfigError) as refused:
        TrainTransform.of(FinetuneRecipe(dataset="d", auto_augment="3a"), size)
    assert code_and_fields(refused.value) == ("loading.policy_of_colors", {"policy": "3a", "channels": 5})

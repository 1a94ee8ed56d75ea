"""Policies on single images: those of timm and torchvision, random by a generator alone."""

import random

import numpy as np
import pytest
import torch
from error_facts import Begins, code_and_fields
from PIL import Image

from resnet_hub import Preprocessing
from resnet_hub.errors import ConfigError
from training.loading.augment import TrainTransform
from training.loading.augmentation.image_policies import make_policy, with_policy
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


@pytest.mark.parametrize("name", ["randaugment", "rand-m9-zz4", "4a", "trivial", "augmix-q3"])
def test_an_unknown_policy_is_refused_with_examples(name):
    with pytest.raises(ConfigError) as refused:
        make_policy(name, GRAY)
    assert code_and_fields(refused.value) == ("loading.unknown_policy", {"name": name, "examples": Begins("none, ")})


def test_a_policy_is_refused_for_channels_that_have_no_colors():
    size = Preprocessing(input_size=(3, 24, 24)).with_channels(5)
    with pytest.raises(ConfigError) as refused:
        TrainTransform.of(FinetuneRecipe(dataset="d", auto_augment="3a"), size)
    assert code_and_fields(refused.value) == ("loading.policy_of_colors", {"policy": "3a", "channels": 5})

"""Which class a name or a checkpoint becomes; test_checkpoint*.py have what loading and saving do."""

import pytest
import torch
from random_weights import assert_equal, lively

from resnet_hub import ResNet, create_model
from resnet_hub.models.pretrained import PretrainedNetwork

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


class OwnNetwork(ResNet):
    """What somebody makes of a network of ours."""


@pytest.fixture
def folder(tmp_path):
    lively(num_classes=3).save_pretrained(tmp_path)
    return tmp_path


def test_a_name_becomes_the_class_of_its_family():
    assert type(create_model("test_resnet")) is ResNet


@pytest.mark.parametrize("asked", [PretrainedNetwork, ResNet])
def test_a_checkpoint_becomes_the_class_of_its_family(asked, folder):
    model = asked.from_pretrained(folder)
    assert type(model) is ResNet
    assert_equal(model(IMAGES), lively(num_classes=3)(IMAGES))


def test_a_subclass_opens_checkpoints_as_itself(folder):
    assert type(OwnNetwork.from_pretrained(folder)) is OwnNetwork


def test_a_subclass_does_not_take_the_place_of_its_family(folder):
    assert type(PretrainedNetwork.from_pretrained(folder)) is ResNet

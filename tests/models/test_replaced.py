"""A head or a stem that somebody replaced: what of it a config can say, and what is left out for it."""

import logging

import pytest
import torch
from random_weights import assert_equal, lively
from torch import nn

from resnet_hub import AutoResNet, create_model
from resnet_hub.metadata import CheckpointMetadata

SIZES = {"depths": (1, 1), "widths": (64, 64)}


def network(name="resnet18", **options):
    return lively(name, num_classes=5, label_names=tuple("abcde"), **SIZES, **options)


def assign(name, make):
    def change(model):
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, make())

    return change


def small_images(model):
    """What people do to a network of photographs for images of 32 pixels."""
    model.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    model.maxpool = nn.Identity()


TAKEN_UP = {
    "a linear layer": ("resnet18", assign("fc", lambda: nn.Linear(64, 9)), {"num_classes": 9}),
    "one without bias": ("resnet18", assign("fc", lambda: nn.Linear(64, 9, bias=False)), {"num_classes": 9}),
    "dropout in front": (
        "resnet18",
        assign("fc", lambda: nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 9))),
        {"num_classes": 9, "drop_rate": 0.2},
    ),
    "no head": ("resnet18", assign("fc", nn.Identity), {"num_classes": 0}),
    "gray images": ("resnet18", assign("conv1", lambda: nn.Conv2d(1, 64, 7, 2, 3, bias=False)), {"in_chans": 1}),
    "four channels": ("resnet18", assign("conv1", lambda: nn.Conv2d(4, 64, 7, 2, 3, bias=False)), {"in_chans": 4}),
    "inside a deep stem": (
        "resnet18d",
        assign("conv1.0", lambda: nn.Conv2d(1, 32, 3, 2, 1, bias=False)),
        {"in_chans": 1},
    ),
    "small images": ("resnet18", small_images, {"stem": "3x3", "stem_pool": "none"}),
    "no pooling": ("resnet18", assign("maxpool", nn.Identity), {"stem_pool": "none"}),
    "activation first, head": ("resnetv2_18", assign("head.fc", lambda: nn.Conv2d(64, 9, 1)), {"num_classes": 9}),
    "activation first, stem": (
        "resnetv2_18",
        assign("stem.conv", lambda: nn.Conv2d(1, 64, 7, 2, 3, bias=False)),
        {"in_chans": 1},
    ),
}


@pytest.mark.parametrize(("name", "change", "options"), TAKEN_UP.values(), ids=TAKEN_UP)
def test_what_a_config_can_say_is_saved_and_comes_back(name, change, options, tmp_path):
    model = network(name)
    change(model)
    model.save_pretrained(tmp_path)
    again = AutoResNet.from_pretrained(tmp_path)
    assert again.config == network(name).config.with_options(**options)
    images = torch.randn(2, model.config.in_chans, 64, 64, generator=torch.Generator().manual_seed(0))
    assert_equal(again(images), model.eval()(images))
    assert again.preprocessing == model.preprocessing
    assert again.preprocessing.input_size[0] == again.config.in_chans
    assert again.label_names == (None if "num_classes" in options else tuple("abcde"))
    assert [level["reduction"] for level in model.feature_info] == [level["reduction"] for level in again.feature_info]


def test_an_assigned_part_is_taken_up_at_once():
    model = network()
    model.fc = nn.Linear(64, 9)
    assert (model.num_classes, model.label_names, model.head_is_new) == (9, None, True)
    model.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    assert model(torch.zeros(2, 1, 64, 64)).shape == (2, 9)


def test_dropout_in_the_head_is_not_applied_twice():
    model = network(drop_rate=0.5)
    model.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 9))
    assert model.config.drop_rate == 0.5


def test_both_dropouts_of_a_saved_head_are_one(tmp_path):
    model = network(drop_rate=0.5)
    model.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 9))
    model.save_pretrained(tmp_path)
    assert AutoResNet.from_pretrained(tmp_path).config.drop_rate == 0.75


def test_what_is_left_out_for_a_new_head_is_said_and_so_is_what_is_adapted(caplog):
    model = network()
    model.metadata = CheckpointMetadata.from_json({"license": "mit", "temperature": 1.5})
    with caplog.at_level(logging.WARNING):
        model.fc = nn.Linear(64, 9)
        model.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    head, stem = (record.getMessage() for record in caplog.records)
    assert head.startswith(
        "fc is a new head with num_classes=9; left out: the 5 label names, what the checkpoint says of the old head"
    )
    assert "conv1 takes 1 channels" in stem
    assert model.metadata == CheckpointMetadata.from_json({"license": "mit"})


def test_names_that_fit_the_new_head_stay(caplog):
    model = network()
    model.label_names = ("left", "right")
    model.fc = nn.Linear(64, 2)
    assert model.label_names == ("left", "right")
    assert not caplog.records


def test_a_new_head_for_the_same_classes_keeps_their_names_and_not_the_results_of_the_old_one():
    model = network()
    model.metadata, model.head_is_new = CheckpointMetadata.from_json({"license": "mit", "temperature": 1.5}), False
    model.fc = nn.Sequential(nn.Dropout(0.1), model.fc)
    assert (model.head_is_new, model.metadata.temperature) == (False, 1.5)
    model.fc = nn.Linear(64, 5)
    assert (model.head_is_new, model.metadata.temperature, model.label_names) == (True, None, tuple("abcde"))


def test_a_head_that_is_reset_is_no_replaced_one(caplog):
    model = network()
    model.reset_classifier(3, label_names=("x", "y", "z"))
    assert (model.num_classes, model.label_names) == (3, ("x", "y", "z"))
    assert not caplog.records


@pytest.mark.parametrize(("name", "part", "head"), [("resnetv2_18", "fc", "head.fc"), ("resnet18", "head", "fc")])
def test_a_head_of_another_family_s_name_is_told_to_be_of_no_use(name, part, head, caplog):
    model = create_model(name, **SIZES)
    setattr(model, part, nn.Linear(64, 9))
    assert caplog.messages == [f"{part} is a new part, which this network does not use: its head is {head}"]

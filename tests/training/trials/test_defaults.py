"""The settings that nobody gave: what they follow from, and that what is given stays."""

from types import SimpleNamespace

import pytest
from accelerate import Accelerator
from launching import forget_accelerator

from resnet_hub import create_model
from training.settings.recipe import FinetuneRecipe
from training.trials.defaults import with_defaults

GIVEN = {"batch_size": 4, "lr": 0.3, "linear_probe_first": False, "freeze_bn_stats": False}


@pytest.fixture
def accelerator():
    forget_accelerator()
    return Accelerator(cpu=True)


@pytest.fixture(scope="module")
def network():
    return create_model("cifar_resnet20", num_classes=2)


def resolved(network, accelerator, images, **settings):
    recipe = with_defaults(FinetuneRecipe(dataset="d", **settings), network, accelerator, images)
    return recipe.batch_size, recipe.lr, recipe.linear_probe_first, recipe.freeze_bn_stats


@pytest.mark.parametrize(
    ("images", "settings", "expected"),
    [
        (100, {}, (8, 0.0005, True, True)),
        (500, {}, (16, 0.001, True, True)),
        (999, {"batch_size": 64}, (64, 0.004, True, True)),
        (1_000, {"batch_size": 64}, (64, 0.01, True, True)),
        (9_999, {}, (32, 0.005, True, True)),
        (10_000, {}, (32, 0.01, False, False)),
        (100, {"from_scratch": True}, (8, 0.0025, False, False)),
        (10_000, {"batch_size": 8}, (8, 0.0025, False, False)),
        (10_000, {"batch_size": 256}, (256, 0.08, False, False)),
        (10_000, {"batch_size": 2_048}, (2_048, 0.08, False, False)),
        (10_000, {"batch_size": 2_048, "lr": 0.03}, (2_048, 0.03, False, False)),
        (10_000, {"batch_size": 4, "grad_accum_steps": 4}, (4, 0.005, False, False)),
        (9_999, {"freeze_bn_stats": False}, (32, 0.01, True, False)),
        (100, GIVEN, tuple(GIVEN.values())),
        (10_000, {"linear_probe_first": True, "freeze_bn_stats": True}, (32, 0.005, True, True)),
        (100, {"freeze_bn_stats": False}, (8, 0.0025, True, False)),
    ],
    ids=str,
)
def test_absent_settings_follow_from_the_data_and_given_ones_stay(network, accelerator, images, settings, expected):
    assert resolved(network, accelerator, images, **settings) == expected


def test_a_stream_is_taken_for_a_large_dataset(network, accelerator):
    assert resolved(network, accelerator, 100, streaming=True, max_steps=2) == (32, 0.01, False, False)


def test_a_head_that_came_with_the_weights_is_not_fitted_again(network, accelerator, monkeypatch):
    monkeypatch.setattr(network, "head_is_new", False)
    assert resolved(network, accelerator, 100)[2] is False


def test_settled_settings_stay_as_they_are_when_a_run_goes_on(network, accelerator):
    once = with_defaults(FinetuneRecipe(dataset="d"), network, accelerator, 100)
    assert with_defaults(once, network, accelerator, 10**6) == once


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        ({}, 1.0),
        ({"batch_size": 64}, 2.0),
        ({"batch_size": 256}, 8.0),
        ({"batch_size": 256, "epochs": 10}, 2.0),
        ({"batch_size": 8}, 1.0),
        ({"batch_size": 256, "lr": 0.1}, 1.0),
        ({"batch_size": 256, "warmup_epochs": 0.5}, 0.5),
    ],
    ids=str,
)
def test_a_rate_that_is_raised_for_a_larger_batch_has_as_many_updates_to_rise(network, accelerator, settings, epochs):
    recipe = with_defaults(FinetuneRecipe(dataset="d", **{"epochs": 60, **settings}), network, accelerator, 10_000)
    assert recipe.warmup_epochs == epochs


def test_a_rate_for_another_batch_is_said_with_its_rule(network, accelerator, caplog):
    caplog.set_level("INFO")
    resolved(network, accelerator, 10_000, batch_size=128)
    assert (
        "lr 0.04 for updates of 128 images, as 0.01 for 32 (linear up to 256 images); warm-up of 2 epochs"
        in caplog.text
    )
    caplog.clear()
    resolved(network, accelerator, 10_000)
    resolved(network, accelerator, 10_000, batch_size=128, lr=0.1)
    assert not caplog.text


def test_of_several_processes_a_rate_that_was_given_is_said_not_to_be_scaled(network, accelerator, caplog):
    caplog.set_level("INFO")
    several = SimpleNamespace(num_processes=4, is_main_process=True, device=accelerator.device)
    resolved(network, several, 10_000, batch_size=128, lr=0.1)
    assert "lr 0.1 as given, for updates of 512 images: more processes do not change it" in caplog.text

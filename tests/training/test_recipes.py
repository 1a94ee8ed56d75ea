"""What each recipe promises, of its settings as they are in the end: on a small set, with a new head."""

import pytest
from accelerate import Accelerator
from launching import forget_accelerator

from resnet_hub import create_model
from training.run.resuming.resume import parse_run
from training.settings.recipe import recipe_names
from training.trials.defaults import with_defaults

IMAGES = 244
"""To train on: few enough for every default that adapts to a small set."""
PROMISES = {
    "adam-step": {
        "optimizer": "adam",
        "lr": 1e-3,
        "schedule": "step",
        "decay_epochs": 7,
        "decay_rate": 0.1,
        "warmup_epochs": 0,
        "batch_size": 32,
        "linear_probe_first": False,
        "freeze_bn_stats": False,
        "min_crop_area": 0.08,
        "label_smoothing": 0,
        "weight_decay": 0,
    },
    "digits": {"lr": 0.1, "batch_size": 64, "linear_probe_first": False, "freeze_bn_stats": False, "flip": False},
    "few-shot": {
        "freeze": "stem,layer1,layer2,layer3",
        "linear_probe_first": True,
        "freeze_bn_stats": True,
        "lr": 1e-3,
    },
    "finetune": {
        "batch_size": 8,
        "lr": 0.0005,
        "linear_probe_first": True,
        "freeze_bn_stats": True,
        "min_crop_area": 0.35,
    },
    "head-then-full": {"linear_probe_first": True, "freeze": None},
    "lab-cifar": {
        "optimizer": "momentum",
        "lr": 0.05,
        "batch_size": 64,
        "image_size": 16,
        "shift": 2,
        "linear_probe_first": False,
        "freeze_bn_stats": False,
    },
    "linear-probe": {
        "freeze": "backbone",
        "features_once": True,
        "epochs": 1,
    },
    "short-cifar": {
        "lr": 0.2,
        "batch_size": 128,
        "linear_probe_first": False,
        "freeze_bn_stats": False,
        "calibrate": True,
    },
}


@pytest.fixture(scope="module")
def network():
    return create_model("cifar_resnet20", num_classes=2)


def test_every_recipe_has_its_promise_in_a_row():
    assert sorted(PROMISES) == recipe_names()


@pytest.mark.parametrize("name", PROMISES)
def test_a_recipe_is_what_it_promises_also_on_a_small_set(network, name):
    forget_accelerator()
    recipe, _ = parse_run(["--recipe", name, "--dataset", "d"])
    resolved = with_defaults(recipe, network, Accelerator(cpu=True), IMAGES)
    assert {key: getattr(resolved, key) for key in PROMISES[name]} == PROMISES[name]

"""The table of fingerprints is what the networks' own tensors give; networks of equal shapes are known."""

import json

import pytest
from kinds import smallest
from random_weights import without_storage

from resnet_hub import create_model
from resnet_hub.registry import ARCHITECTURES, fingerprint, fitting_architectures, stage_depths
from resnet_hub.registry.fingerprints import FINGERPRINTS

STORED = json.loads(FINGERPRINTS.read_text("utf-8"))
QUICK = ["ecaresnet26t", "resnet18", "resnet26t", "resnet50", "resnetrs50", "resnetv2_18", "resnetv2_50x1_bit"]
SLOW = [pytest.param(name, marks=pytest.mark.parity) for name in ARCHITECTURES]


def shapes(name, **options):
    state = without_storage(create_model, name, **options).state_dict()
    return {key: tuple(tensor.shape) for key, tensor in state.items()}


def of_equal_shapes(name):
    return tuple(other for other, digest in STORED.items() if digest == STORED[name])


def test_every_architecture_has_a_fingerprint():
    assert list(STORED) == list(ARCHITECTURES)


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_a_stored_fingerprint_is_that_of_the_network_s_tensors(name):
    assert STORED[name] == fingerprint(shapes(name))


@pytest.mark.parametrize(
    "options", [{"num_classes": 7}, {"num_classes": 0}, {"in_chans": 1}, {"stem": "3x3", "stem_pool": "none"}], ids=str
)
def test_classes_channels_and_the_size_of_the_first_kernel_change_no_fingerprint(options):
    assert fitting_architectures(shapes("resnet18", **options)) == ("resnet18", "resnetblur18")


def test_networks_of_equal_shapes_differ_in_what_has_no_weights():
    for names in {names for name in smallest(ARCHITECTURES) if len(names := of_equal_shapes(name)) > 1}:
        changed = {key for name in names[1:] for key in ARCHITECTURES[name].differences(ARCHITECTURES[names[0]])}
        assert changed - {"architecture"} <= {"aa_layer", "shortcut", "zero_init_last"}, names


@pytest.mark.parametrize(
    ("names", "depths"),
    [
        (["conv1.weight", "layer1.0.conv1.weight", "layer1.1.conv1.weight", "layer2.0.conv1.weight"], (2, 1)),
        (["stages.0.blocks.2.conv1.weight", "stages.1.blocks.0.conv1.weight"], (3, 1)),
        (["features.0.weight"], ()),
    ],
    ids=["layers", "stages", "none"],
)
def test_the_stages_are_counted_by_names(names, depths):
    assert stage_depths(names) == depths

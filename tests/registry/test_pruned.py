"""Lists of channels that pruning left; test_timm_parity.py compares the networks."""

import pytest
import torch
from error_facts import Begins, code_and_fields

from resnet_hub import create_model
from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.registry.pruned import pruned_channels


def test_a_whole_network_has_no_list():
    assert pruned_channels(ResNetConfig()) == [None] * 16


# Source: the published weights, timm/ecaresnet50d_pruned.miil_in1k and timm/ecaresnet101d_pruned.miil_in1k.
@pytest.mark.parametrize(
    ("name", "millions", "features"), [("ecaresnet50d_pruned", 19.94, 2022), ("ecaresnet101d_pruned", 24.88, 2042)]
)
def test_a_pruned_network_has_the_published_size(name, millions, features):
    with torch.device("meta"):
        model = create_model(name)
    assert sum(parameter.numel() for parameter in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)
    assert model.num_features == features


def test_the_kernel_of_the_attention_is_the_whole_networks():
    with torch.device("meta"):
        pruned, whole = create_model("ecaresnet50d_pruned"), create_model("ecaresnet50d")
    assert pruned.layer1[0].se.conv.kernel_size == whole.layer1[0].se.conv.kernel_size == (5,)


@pytest.mark.parametrize(
    ("name", "options", "code", "expected"),
    [
        (
            "ecaresnet50d",
            {"pruned": "ecaresnet50"},
            "registry.no_pruned_list",
            {"name": "ecaresnet50", "nearest": Begins("'ecaresnet50d'")},
        ),
        (
            "resnet26",
            {"pruned": "ecaresnet50d"},
            "registry.pruned_depths",
            {"name": "ecaresnet50d", "depths": (3, 4, 6, 3), "wanted": (2, 2, 2, 2)},
        ),
        (
            "resnext50_32x4d",
            {"pruned": "ecaresnet50d"},
            "registry.pruned_groups",
            {"name": "ecaresnet50d", "cardinality": 32},
        ),
        (
            "resnet34",
            {"pruned": "ecaresnet50d"},
            "nn.pruned_basic_blocks",
            {"pruned": "ecaresnet50d", "architecture": "resnet34"},
        ),
    ],
    ids=["name", "depths", "groups", "blocks"],
)
def test_a_list_for_another_network_is_refused(name, options, code, expected):
    with pytest.raises(ConfigError) as refused:
        create_model(name, **options)
    assert code_and_fields(refused.value) == (code, expected)

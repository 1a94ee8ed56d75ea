"""Weights as parts of others, a layer that normalizes in front of the network, and a network that is there twice."""

import logging

import pytest
import torch
from random_weights import assert_equal, lively
from torch import nn
from torch.nn.utils import parametrizations, prune, weight_norm

from resnet_hub import AutoResNet
from resnet_hub.errors import CheckpointError

IMAGES = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def opened(folder, content, **options):
    torch.save(content, folder / "net.pth")
    return AutoResNet.from_pretrained(folder / "net.pth", architecture="resnet18", **options)


def test_a_pruned_network_is_read_as_it_computes(tmp_path):
    network = lively("resnet18", num_classes=5)
    for layer in (network.layer1[0].conv1, network.fc):
        prune.random_unstructured(layer, "weight", 0.5)
    assert_equal(opened(tmp_path, network.state_dict())(IMAGES), network(IMAGES))


def low_rank(network):
    state = network.state_dict()
    state["fc.base_layer.weight"] = state.pop("fc.weight")
    return {**state, "fc.lora_A.default.weight": torch.ones(2, 512), "fc.lora_B.default.weight": torch.ones(5, 2)}


def parametrized(network, tool):
    network.fc = tool(nn.Linear(512, 5))
    return network.state_dict()


PARTS = {
    "an adapter": (low_rank, "fc.base_layer.weight", "peft"),
    "a parametrization": (
        lambda network: parametrized(network, parametrizations.weight_norm),
        "fc.parametrizations.weight.original0",
        "parametrize",
    ),
    "weight norm": (lambda network: parametrized(network, weight_norm), "fc.weight_g", "weight_norm"),
    "spectral norm": (
        lambda network: parametrized(network, nn.utils.spectral_norm),
        "fc.weight_orig",
        "spectral_norm",
    ),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
@pytest.mark.parametrize(("write", "name", "tool"), PARTS.values(), ids=PARTS)
def test_parts_that_only_their_tool_puts_together_are_refused_with_its_call(tmp_path, write, name, tool):
    with pytest.raises(CheckpointError) as refused:
        opened(tmp_path, write(lively("resnet18", num_classes=5)), num_classes=0)
    assert refused.value.code == "checkpoint.parts_of_weights"
    assert name in refused.value.fields["names"]
    assert refused.value.fields["way"].code == f"checkpoint.whole_by_{tool}"


@pytest.mark.parametrize("names", [("normalize.mean", "normalize.std"), ("normalizer.new_mean", "normalizer.new_std")])
def test_a_layer_that_normalizes_in_front_of_the_network_is_its_input(tmp_path, caplog, names):
    mean, std = torch.tensor([0.1, 0.2, 0.3]).view(1, 3, 1, 1), torch.tensor([0.5, 0.25, 0.5]).view(1, 3, 1, 1)
    state = {f"model.{name}": tensor for name, tensor in lively("resnet18", num_classes=5).state_dict().items()}
    with caplog.at_level(logging.INFO):
        model = opened(tmp_path, {**state, names[0]: mean, names[1]: std})
    assert model.preprocessing.mean == pytest.approx((0.1, 0.2, 0.3))
    assert model.preprocessing.std == pytest.approx((0.5, 0.25, 0.5))
    assert f"normalizes its input ({names[0]}, {names[1]})" in caplog.text
    assert "left out" not in caplog.text


def test_layers_that_normalize_differently_or_from_0_to_255_are_left_out_and_said(tmp_path, caplog):
    state = {f"model.{name}": tensor for name, tensor in lively("resnet18", num_classes=5).state_dict().items()}
    two = {
        f"{place}.{leaf}": torch.full((3,), value)
        for place, value in (("a", 0.5), ("b", 0.25))
        for leaf in ("mean", "std")
    }
    usual = opened(tmp_path, state).preprocessing
    for content in (two, {"mean": torch.full((3,), 120.0), "std": torch.full((3,), 60.0)}):
        caplog.clear()
        assert opened(tmp_path, {**state, **content}).preprocessing == usual
        assert "left out: " in caplog.text


def test_a_network_that_is_there_twice_in_the_same_memory_is_one(tmp_path):
    network = lively("resnet18", num_classes=5)
    content = {
        f"{place}.{name}": one for place in ("attacker.model", "model") for name, one in network.state_dict().items()
    }
    assert_equal(opened(tmp_path, content)(IMAGES), network(IMAGES))
    content["attacker.model.fc.bias"] = content["attacker.model.fc.bias"] + 1
    with pytest.raises(CheckpointError) as refused:
        opened(tmp_path, content)
    assert refused.value.code == "checkpoint.several_networks"


def test_the_trunk_of_a_detector_is_no_encoder_of_self_supervised_training(tmp_path, caplog):
    trunk = {f"backbone.body.{name}": one for name, one in lively("resnet18", num_classes=0).state_dict().items()}
    parts = {
        "rpn.head.conv.weight": torch.ones(8, 8, 3, 3),
        "roi_heads.box_predictor.cls_score.weight": torch.ones(3, 8),
    }
    with caplog.at_level(logging.INFO):
        opened(tmp_path, {**trunk, **parts}, num_classes=0)
    assert "read by the names of timm; left out: rpn, roi_heads" in caplog.text

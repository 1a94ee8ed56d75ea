"""What training scripts and wrappers put around a network: it is found in them, and the log says what is left out."""

import argparse
import logging
from collections import OrderedDict

import pytest
import torch
from error_facts import code_and_fields
from random_weights import lively
from safetensors.torch import save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel

from resnet_hub import ResNet
from resnet_hub.checkpoint.weights import read_weights
from resnet_hub.errors import CheckpointError

STATE = lively(num_classes=3).state_dict()
OTHER = OrderedDict((name, tensor + 1) for name, tensor in STATE.items())


def under(prefix, state=STATE):
    return {prefix + name: tensor for name, tensor in state.items()}


def same(state, expected=STATE):
    return state.keys() == expected.keys() and all(torch.equal(state[name], expected[name]) for name in expected)


def notes(file):
    """What a pickle that PyTorch itself refuses holds beside tensors."""
    return {"args": argparse.Namespace(lr=1, dir=file.parent, layers=[2, {"a": (1, None)}]), "classes": {1, 2}}


WRAPPED = {
    "DistributedDataParallel": under("module."),
    "torch.compile": under("_orig_mod."),
    "torch.compile inside DistributedDataParallel": under("module._orig_mod."),
    "a compiled part of a module": under("model._orig_mod."),
    "FSDP": under("_fsdp_wrapped_module."),
    "FSDP inside": {f"layer._fsdp_wrapped_module.{name}": tensor for name, tensor in STATE.items()},
    "activation checkpointing": {
        name.replace(".0.", ".0._checkpoint_wrapped_module.", 1): STATE[name] for name in STATE
    },
    "a compiled stage": {name.replace("layer2.", "layer2._orig_mod."): tensor for name, tensor in STATE.items()},
    "an average with its count": {**under("module."), "n_averaged": torch.tensor(1)},
    "PyTorch's tutorial": {"epoch": 1, "model_state_dict": STATE, "optimizer_state_dict": {"state": {}}, "loss": 0.1},
    "net, as in CIFAR projects": {"net": under("module."), "acc": 93.0, "epoch": 3},
    "an optimizer with momentum": {"model": STATE, "optimizer": {"state": {0: {"exp_avg": torch.ones(1, 1, 3, 3)}}}},
    "Lightning": {"state_dict": under("model."), "hyper_parameters": {}, "pytorch-lightning_version": "2.5.0"},
    "a criterion with weights": {"state_dict": {**under("model."), "criterion.weight": torch.ones(3)}},
    "a place that nobody agreed on": {"weights_of_my_net": STATE, "step": torch.tensor(3)},
    "a deep place": {"classy_state_dict": {"base_model": {"model": {"trunk": under("_feature_blocks.")}}}},
}


@pytest.mark.parametrize("content", WRAPPED.values(), ids=WRAPPED)
def test_the_network_in_a_file_is_found(content, tmp_path):
    torch.save(content, tmp_path / "net.pth")
    assert same(read_weights(tmp_path / "net.pth"))


def test_an_averaged_model_of_torch_is_read_as_it_saves_itself(tmp_path):
    torch.save(AveragedModel(lively(num_classes=3)).state_dict(), tmp_path / "swa.pth")
    assert same(read_weights(tmp_path / "swa.pth"))


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
def test_the_notes_of_a_training_script_do_not_hide_its_network(old, tmp_path):
    file = tmp_path / "last.pth"
    torch.save({"state_dict": STATE, **notes(file)}, file, _use_new_zipfile_serialization=not old)
    assert same(read_weights(file))


def test_what_is_left_out_is_said_in_one_line(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    torch.save({"state_dict": {**under("model."), "loss.weight": torch.ones(3)}, "epoch": 3}, tmp_path / "net.ckpt")
    read_weights(tmp_path / "net.ckpt")
    assert caplog.messages == ["net.ckpt: read by the names of timm; left out: loss, epoch"]


def test_nothing_is_said_of_a_file_that_holds_the_network_alone(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    torch.save(STATE, tmp_path / "net.pth")
    read_weights(tmp_path / "net.pth")
    assert caplog.messages == []


PAIRS = {
    "timm": ({"state_dict": OTHER, "state_dict_ema": STATE}, "state_dict"),
    "torchvision's script": (
        {"model": OTHER, "model_ema": {**under("module."), "n_averaged": torch.tensor(1)}},
        "model",
    ),
    "ema in a dictionary": ({"model": OTHER, "ema": {"module": STATE, "updates": 3}}, "model"),
    "ema_pytorch": (
        {**under("online_model.", OTHER), **under("ema_model."), "initted": torch.tensor(1)},
        "online_model",
    ),
    "MoCo": ({"state_dict": {**under("module.encoder_q."), **under("module.encoder_k.", OTHER)}}, "encoder_k"),
    "MoCo v3": ({**under("base_encoder."), **under("momentum_encoder.", OTHER)}, "momentum_encoder"),
    "BYOL": ({**under("online_network."), **under("target_network.", OTHER)}, "target_network"),
    "DINO": ({"student": under("module.", OTHER), "teacher": STATE}, "student"),
    "solo-learn": ({"state_dict": {**under("backbone."), **under("momentum_backbone.", OTHER)}}, "momentum_backbone"),
}


def convolutions(state):
    return {name: tensor for name, tensor in state.items() if tensor.ndim == 4}


@pytest.mark.parametrize(("content", "other"), PAIRS.values(), ids=PAIRS)
def test_of_two_networks_the_one_that_people_use_is_taken_and_the_other_named(content, other, tmp_path, caplog):
    torch.save(content, tmp_path / "net.pth")
    assert same(convolutions(read_weights(tmp_path / "net.pth")), convolutions(STATE))
    assert f"{other}' takes another" in caplog.text
    assert same(convolutions(read_weights(tmp_path / "net.pth", choice=other)), convolutions(OTHER))


def test_the_average_is_chosen_by_a_short_name_in_any_file(tmp_path):
    save_file({**under("net."), **under("net_ema.", OTHER)}, tmp_path / "net.safetensors")
    assert same(read_weights(tmp_path / "net.safetensors", choice="ema"), OTHER)


def test_two_networks_of_equal_size_are_refused_by_their_places(tmp_path):
    torch.save({"net1": STATE, "net2": OTHER}, tmp_path / "net.pth")
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(tmp_path / "net.pth")
    assert code_and_fields(refused.value) == (
        "checkpoint.several_networks",
        {"file": str(tmp_path / "net.pth"), "places": "'net1', 'net2'"},
    )
    assert same(ResNet.from_pretrained(tmp_path / "net.pth", weights="net2").state_dict(), OTHER)


def test_an_average_of_another_network_does_not_stand_for_it(tmp_path):
    torch.save({"discriminator": STATE, "generator_ema": lively("cifar_resnet20").state_dict()}, tmp_path / "net.pth")
    with pytest.raises(CheckpointError) as refused:
        read_weights(tmp_path / "net.pth")
    assert refused.value.code == "checkpoint.several_networks"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (STATE, "checkpoint.one_network"),
        ({"net1": STATE, "net2": OTHER}, "checkpoint.no_such_weights"),
    ],
    ids=["one", "two"],
)
def test_a_place_where_no_network_lies_is_refused(content, code, tmp_path):
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(tmp_path / "net.pth", weights="ema")
    assert (refused.value.code, refused.value.fields["wanted"]) == (code, "ema")


class Wrapper(nn.Module):
    """A backbone and a linear layer, as people write it."""

    def __init__(self, name):
        super().__init__()
        self.backbone = lively(num_classes=0)
        setattr(self, name, nn.Linear(self.backbone.num_features, 4))


@pytest.mark.parametrize("name", ["classifier", "fc", "head", "linear"])
def test_a_linear_layer_beside_a_backbone_is_its_head(name, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    theirs = Wrapper(name)
    torch.save(theirs.state_dict(), tmp_path / "net.pth")
    ours = ResNet.from_pretrained(tmp_path / "net.pth")
    assert torch.equal(ours.fc.weight, getattr(theirs, name).weight)
    assert f"'{name}' is taken as its head" in caplog.text


def test_of_two_layers_that_could_be_the_head_none_is_taken(tmp_path, caplog):
    theirs = Wrapper("fc")
    state = {**theirs.state_dict(), "classifier.weight": theirs.fc.weight.detach() + 1}
    torch.save(state, tmp_path / "net.pth")
    assert ResNet.from_pretrained(tmp_path / "net.pth").num_classes == 0
    assert "left out: fc, classifier" in caplog.text


HEADS = {
    "behind a dropout": ({"fc.1.weight": torch.ones(5, 96), "fc.1.bias": torch.ones(5)}, 5),
    "of two layers": ({"fc.0.weight": torch.ones(8, 96), "fc.3.weight": torch.ones(5, 8)}, 0),
    "behind a norm": ({"fc.0.weight": torch.ones(96), "fc.1.weight": torch.ones(5, 96)}, None),
}


@pytest.mark.parametrize(("head", "classes"), HEADS.values(), ids=HEADS)
def test_a_head_of_one_layer_inside_a_sequential_is_read_and_no_other(head, classes, tmp_path, caplog):
    trunk = {name: tensor for name, tensor in STATE.items() if not name.startswith("fc.")}
    file = tmp_path / "net.pth"
    torch.save({**trunk, **head}, file)
    if classes is None:
        with pytest.raises(CheckpointError, match=r"unknown \(fc.0.weight, fc.1.weight\)"):
            ResNet.from_pretrained(file)
    else:
        assert ResNet.from_pretrained(file).num_classes == classes
        assert ("left out: fc (head of several layers)" in caplog.text) == (classes == 0)


def test_a_classifier_of_two_layers_beside_a_backbone_is_no_head(tmp_path, caplog):
    layers = {"classifier.0.weight": torch.ones(8, 96), "classifier.3.weight": torch.ones(5, 8)}
    torch.save({**under("backbone.", lively(num_classes=0).state_dict()), **layers}, tmp_path / "net.pth")
    assert ResNet.from_pretrained(tmp_path / "net.pth").num_classes == 0
    assert "left out: classifier" in caplog.text


def test_the_runner_of_mmengine_saves_the_average_as_the_network(tmp_path, caplog):
    content = {"state_dict": STATE, "ema_state_dict": under("module.", OTHER), "message_hub": {}, "meta": {}}
    torch.save(content, tmp_path / "epoch_1.pth")
    assert same(read_weights(tmp_path / "epoch_1.pth"))
    assert same(read_weights(tmp_path / "epoch_1.pth", choice="ema"))
    assert same(read_weights(tmp_path / "epoch_1.pth", choice="ema_state_dict"), OTHER)
    assert "weights='ema_state_dict' takes another" in caplog.text


def test_the_other_half_of_an_average_is_named_once(tmp_path, caplog):
    words = {f"ema_backbone_{name.replace('.', '_')}": tensor for name, tensor in OTHER.items()}
    torch.save({"state_dict": {**under("backbone."), **words}}, tmp_path / "epoch_1.pth")
    assert same(read_weights(tmp_path / "epoch_1.pth"))
    assert caplog.messages == ["epoch_1.pth: read by the names of timm; left out: ema_*"]


def test_a_network_in_the_first_place_of_a_sequential_is_told_from_its_twin(tmp_path, caplog):
    twins = {**under("encoder_q.0."), **under("encoder_k.0.", OTHER), "encoder_q.1.mlp.0.weight": torch.ones(2, 2)}
    torch.save({"state_dict": twins}, tmp_path / "net.pth")
    assert same(convolutions(read_weights(tmp_path / "net.pth")), convolutions(STATE))
    assert "weights='state_dict.encoder_k.0' takes another; left out: fc (projection head), encoder_q" in caplog.text

"""Bare weights files, ours and other projects': the caller names the network, the file its head and its channels."""

import logging
import re

import pytest
import torch
from error_facts import code_and_fields
from random_weights import lively
from safetensors.torch import save_file

from resnet_hub import ResNet
from resnet_hub.errors import CheckpointError

NAMES = ("cat", "dog", "bird")
IMAGES = torch.randn(2, 13, 64, 64, generator=torch.Generator().manual_seed(0))


def outputs(model):
    with torch.inference_mode():
        return model(IMAGES[:, : model.config.in_chans])


@pytest.fixture(params=["net.safetensors", "net.pth", "old.th"])
def weights_file(request, tmp_path):
    """A bare weights file of a network of three classes."""
    file, state = tmp_path / request.param, lively(num_classes=3).state_dict()
    if file.suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save(state, file, _use_new_zipfile_serialization=file.suffix != ".th")
    return file


@pytest.mark.parametrize("options", [{}, {"num_classes": 3}, {"label_names": NAMES}], ids=str)
def test_a_weights_file_keeps_the_head_that_it_has(options, weights_file, caplog):
    model = ResNet.from_pretrained(weights_file, architecture="test_resnet", **options)
    assert torch.equal(outputs(model), outputs(lively(num_classes=3)))
    assert not model.head_is_new
    (said,) = caplog.messages
    assert said.startswith(
        f"{weights_file.name}: its input is assumed to be the usual one of timm's test_resnet (bilinear 160 px"
    )


def test_a_weights_file_gets_a_new_head_for_other_classes(weights_file, caplog):
    model = ResNet.from_pretrained(weights_file, architecture="test_resnet", num_classes=5)
    assert (model.head_is_new, model.num_classes) == (True, 5)
    assert caplog.record_tuples[-1][:2] == ("resnet_hub.checkpoint.folder", logging.WARNING)


@pytest.mark.parametrize("wanted", [None, 2])
def test_a_weights_file_says_its_channels_itself(wanted, tmp_path):
    gray = lively(num_classes=3, in_chans=1)
    torch.save(gray.state_dict(), tmp_path / "gray.pth")
    model = ResNet.from_pretrained(tmp_path / "gray.pth", architecture="test_resnet", in_chans=wanted)
    assert model.config.in_chans == model.preprocessing.input_size[0] == (wanted or 1)
    torch.testing.assert_close(model.conv1[0].weight.sum(1), gray.conv1[0].weight[:, 0])


@pytest.mark.parametrize("wrapper", ["state_dict", "model"])
def test_a_training_scripts_file_is_opened(wrapper, tmp_path):
    state = lively(num_classes=3).state_dict()
    torch.save({wrapper: {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 3}, tmp_path / "x.tar")
    model = ResNet.from_pretrained(tmp_path / "x.tar", architecture="test_resnet")
    assert torch.equal(outputs(model), outputs(lively(num_classes=3)))


def test_the_names_of_other_cifar_projects_are_understood(tmp_path):
    model = lively("cifar_resnet20", shortcut="projection")
    renamed = {
        re.sub("downsample", "shortcut", re.sub("^fc", "linear", name)): tensor
        for name, tensor in model.state_dict().items()
    }
    torch.save(renamed, tmp_path / "net.pth")
    loaded = ResNet.from_pretrained(tmp_path / "net.pth", architecture="cifar_resnet20", shortcut="projection")
    assert torch.equal(outputs(loaded), outputs(model))


def test_a_weights_file_says_its_network_by_its_tensors(weights_file):
    model = ResNet.from_pretrained(weights_file)
    assert model.config.architecture == "test_resnet"
    assert torch.equal(outputs(model), outputs(lively(num_classes=3)))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_weights_file_that_fits_several_networks_needs_a_name(suffix, tmp_path):
    file, state = tmp_path / f"net{suffix}", lively("cifar_resnet20").state_dict()
    (save_file if suffix == ".safetensors" else torch.save)(state, file)
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(file)
    assert code_and_fields(refused.value) == (
        "checkpoint.several_architectures",
        {"name": file.name, "candidates": "cifar_resnet20, cifar_plain20"},
    )
    assert ResNet.from_pretrained(file, architecture="cifar_plain20").config.shortcut == "none"


def test_a_weights_file_of_another_network_is_refused(weights_file):
    with pytest.raises(CheckpointError, match=r"tensors \d+ missing \(conv1.weight, ") as refused:
        ResNet.from_pretrained(weights_file, architecture="resnet18")
    assert (refused.value.code, refused.value.fields["path"]) == ("checkpoint.misfits", str(weights_file))


@pytest.fixture
def file_without_head(tmp_path):
    state = {name: tensor for name, tensor in lively(num_classes=3).state_dict().items() if "fc" not in name}
    torch.save(state, tmp_path / "trunk.pth")
    return tmp_path / "trunk.pth"


def test_a_weights_file_without_a_head_is_refused_with_what_gives_it_one(file_without_head):
    with pytest.raises(CheckpointError, match=r"tensors 2 missing \(fc.weight, fc.bias\)") as refused:
        ResNet.from_pretrained(file_without_head, architecture="test_resnet")
    assert code_and_fields(refused.value.fields["advice"]) == ("checkpoint.ask_for_head", {"head": "fc"})


@pytest.mark.parametrize("classes", [3, 1000, 0])  # test_resnet has 1000 where nothing is said
def test_a_weights_file_without_a_head_gets_one_of_any_number_of_classes(classes, file_without_head):
    model = ResNet.from_pretrained(file_without_head, architecture="test_resnet", num_classes=classes)
    assert (model.num_classes, model.head_is_new) == (classes, True)
    assert torch.equal(
        model.forward_features(IMAGES[:, :3]), lively(num_classes=3).eval().forward_features(IMAGES[:, :3])
    )


def test_tensors_that_are_no_part_of_the_network_are_named_beside_a_missing_head(file_without_head):
    torch.save(torch.load(file_without_head, weights_only=True) | {"age.1.weight": torch.ones(2, 8)}, file_without_head)
    with pytest.raises(CheckpointError) as refused:
        ResNet.from_pretrained(file_without_head, architecture="test_resnet")
    assert code_and_fields(refused.value.fields["advice"]) == (
        "checkpoint.head_and_others",
        {"head": "fc", "names": "age.1.weight"},
    )

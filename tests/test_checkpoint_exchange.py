"""Weights go both ways: timm and transformers open what we save, and we open theirs and other projects' files."""

import json
import logging
import re

import pytest
import timm
import torch
from random_weights import assert_equal, lively, random_state
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageClassification

from resnet_hub import ResNet
from resnet_hub.checkpoint import adapt_input
from resnet_hub.errors import CheckpointError, ConfigError

NAMES = ("cat", "dog", "bird")
IMAGES = torch.randn(2, 13, 64, 64, generator=torch.Generator().manual_seed(0))
# What both libraries can build; the keys are the options of both.
SHARED = [
    {},
    {"in_chans": 1},
    {"in_chans": 4, "act_layer": "silu"},
    {"output_stride": 16, "global_pool": "catavgmax"},
    {"act_layer": "leaky_relu", "norm_layer": "layernorm2d"},
    {"in_chans": 13, "norm_layer": "rmsnorm2d", "act_layer": "gelu_tanh"},
]


def outputs(model):
    channels = next(model.parameters()).shape[1]
    with torch.inference_mode():
        result = model.eval()(IMAGES[:, :channels])
    return getattr(result, "logits", result)


def timm_network(**options):
    model = timm.create_model("test_resnet", **{"num_classes": 3, **options})
    model.load_state_dict(random_state(model))
    return model


def edit(folder, change):
    file = folder / "config.json"
    values = json.loads(file.read_text())
    file.write_text(json.dumps(change(values) or values))


@pytest.mark.parametrize("options", SHARED, ids=str)
def test_timm_opens_what_we_save(options, tmp_path):
    ours = lively(num_classes=3, label_names=NAMES, **options)
    ours.save_pretrained(tmp_path)
    theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True)
    assert_equal(outputs(ours), outputs(theirs))
    assert theirs.pretrained_cfg["label_names"] == list(NAMES)


@pytest.mark.parametrize("options", SHARED, ids=str)
def test_transformers_opens_what_we_save(options, tmp_path):
    ours = lively(num_classes=3, label_names=NAMES, **options)
    ours.save_pretrained(tmp_path)
    theirs = AutoModelForImageClassification.from_pretrained(tmp_path)
    assert_equal(outputs(ours), outputs(theirs))
    assert theirs.config.id2label == dict(enumerate(NAMES))


def test_we_open_what_transformers_saves_again(tmp_path):
    ours = lively(num_classes=3, label_names=NAMES, in_chans=1)
    ours.save_pretrained(tmp_path / "ours")
    AutoModelForImageClassification.from_pretrained(tmp_path / "ours").save_pretrained(tmp_path / "theirs")
    loaded = ResNet.from_pretrained(tmp_path / "theirs")
    assert torch.equal(outputs(loaded), outputs(ours))
    assert (loaded.label_names, loaded.preprocessing) == (NAMES, ours.preprocessing)


@pytest.mark.parametrize("options", SHARED, ids=str)
def test_we_open_what_timm_saves(options, tmp_path):
    theirs = timm_network(**options)
    config = {"label_names": list(NAMES)}
    timm.models.save_for_hf(theirs, tmp_path, model_config=config, safe_serialization=True)
    ours = ResNet.from_pretrained(tmp_path)
    assert_equal(outputs(ours), outputs(theirs))
    assert ours.label_names == NAMES


def test_we_open_the_pickle_that_timm_saves_unless_told_otherwise(tmp_path):
    theirs = timm_network()
    timm.models.save_for_hf(theirs, tmp_path)
    assert_equal(outputs(ResNet.from_pretrained(tmp_path)), outputs(theirs))


def without_model_args(values):
    del values["model_args"]


def flat(values):
    return {"architecture": values["architecture"], **values["pretrained_cfg"]}


def of_its_parent(values):
    """timm up to 1.0.29 left the input, the classes and the names of the network that was tuned."""
    del values["model_args"]
    values["pretrained_cfg"] |= {"num_classes": 1000, "label_names": [str(number) for number in range(1000)]}


@pytest.mark.parametrize("change", [without_model_args, flat, of_its_parent], ids=lambda change: change.__name__)
def test_we_open_the_older_forms_of_timm(change, tmp_path):
    theirs = timm_network()
    timm.models.save_for_hf(theirs, tmp_path, safe_serialization=True)
    edit(tmp_path, change)
    ours = ResNet.from_pretrained(tmp_path)
    assert_equal(outputs(ours), outputs(theirs))
    assert ours.label_names is None


def test_names_that_timm_keeps_as_a_dictionary_come_in_the_order_of_the_classes(tmp_path):
    names = {str(index): f"class {index}" for index in reversed(range(12))}
    theirs = timm_network(num_classes=12)
    timm.models.save_for_hf(theirs, tmp_path, model_config={"label_names": names}, safe_serialization=True)
    assert ResNet.from_pretrained(tmp_path).label_names == tuple(f"class {index}" for index in range(12))


@pytest.mark.parametrize("saved", [3, 1, 4, 13])
@pytest.mark.parametrize("wanted", [1, 2, 3, 4, 13])
def test_other_channels_adapt_the_first_convolution_as_timm_does(saved, wanted, tmp_path):
    lively(num_classes=3, in_chans=saved).save_pretrained(tmp_path)
    theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True, in_chans=wanted)
    ours = ResNet.from_pretrained(tmp_path, in_chans=wanted)
    torch.testing.assert_close(ours.conv1[0].weight, theirs.conv1[0].weight, rtol=1e-6, atol=1e-6)
    assert_equal(outputs(ours), outputs(theirs))


@pytest.mark.parametrize("wanted", [1, 2, 4, 13])
def test_a_plain_first_convolution_is_adapted_as_timm_does(wanted, tmp_path):
    lively("resnet18", num_classes=3).save_pretrained(tmp_path)
    theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True, in_chans=wanted)
    assert_equal(outputs(ResNet.from_pretrained(tmp_path, in_chans=wanted)), outputs(theirs))


def test_timm_opens_a_frozen_network_as_one_that_answers_alike(tmp_path):
    ours = lively(num_classes=3, norm_layer="frozen_batch")
    ours.save_pretrained(tmp_path)
    assert_equal(outputs(timm.create_model(f"local-dir:{tmp_path}", pretrained=True)), outputs(ours))
    assert ResNet.from_pretrained(tmp_path).config == ours.config


@pytest.mark.parametrize(("before", "after"), [("batchnorm", "frozen_batch"), ("frozen_batch", "batchnorm")])
def test_norms_are_frozen_and_thawed_by_an_option(before, after, tmp_path):
    ours = lively(num_classes=3, norm_layer=before)
    ours.save_pretrained(tmp_path)
    assert_equal(outputs(ResNet.from_pretrained(tmp_path, norm_layer=after)), outputs(ours))


def test_timm_opens_a_pruned_network(tmp_path):
    ours = lively("ecaresnet50d_pruned", num_classes=3)
    ours.save_pretrained(tmp_path)
    assert_equal(outputs(timm.create_model(f"local-dir:{tmp_path}", pretrained=True)), outputs(ours))
    assert_equal(outputs(ResNet.from_pretrained(tmp_path)), outputs(ours))


def test_adapted_channels_travel_with_their_preprocessing(tmp_path):
    lively(num_classes=3).save_pretrained(tmp_path / "colour")
    grey = ResNet.from_pretrained(tmp_path / "colour", in_chans=1)
    grey.save_pretrained(tmp_path / "grey")
    loaded = ResNet.from_pretrained(tmp_path / "grey")
    assert (loaded.config.in_chans, loaded.preprocessing.mean) == (1, (0.5,))
    assert torch.equal(outputs(loaded), outputs(grey))


def test_a_grey_picture_means_the_same_to_an_adapted_convolution():
    weight, grey = torch.randn(8, 3, 3, 3), torch.randn(1, 1, 9, 9)
    colour = torch.nn.functional.conv2d(grey.expand(1, 3, 9, 9), weight)
    torch.testing.assert_close(torch.nn.functional.conv2d(grey, adapt_input(weight, 1)), colour)


def test_half_precision_weights_are_added_in_full(tmp_path):
    weight = torch.full((1, 3, 1, 1), 2.0**15).half()  # three of them are beyond the range of half precision
    assert adapt_input(weight, 1).item() == 3 * 2.0**15


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
    assert (model.head_is_new, caplog.messages) == (False, [])


def test_a_weights_file_gets_a_new_head_for_other_classes(weights_file, caplog):
    model = ResNet.from_pretrained(weights_file, architecture="test_resnet", num_classes=5)
    assert (model.head_is_new, model.num_classes) == (True, 5)
    assert caplog.record_tuples[0][:2] == ("resnet_hub.checkpoint", logging.WARNING)


@pytest.mark.parametrize("wanted", [None, 2])
def test_a_weights_file_says_its_channels_itself(wanted, tmp_path):
    grey = lively(num_classes=3, in_chans=1)
    torch.save(grey.state_dict(), tmp_path / "grey.pth")
    model = ResNet.from_pretrained(tmp_path / "grey.pth", architecture="test_resnet", in_chans=wanted)
    assert model.config.in_chans == model.preprocessing.input_size[0] == (wanted or 1)
    torch.testing.assert_close(model.conv1[0].weight.sum(1), grey.conv1[0].weight[:, 0])


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


def test_a_weights_file_needs_the_name_of_its_network(weights_file):
    sentence = f"'{weights_file.name}' is a weights file; say which network it is for: architecture='resnet50'"
    with pytest.raises(CheckpointError, match=re.escape(sentence)):
        ResNet.from_pretrained(weights_file)


def test_a_weights_file_of_another_network_is_refused(weights_file):
    with pytest.raises(CheckpointError, match=r"do not fit the network: tensors \d+ missing \(conv1.weight, "):
        ResNet.from_pretrained(weights_file, architecture="resnet18")


def test_a_weights_file_without_a_head_is_refused(weights_file):
    state = {name: tensor for name, tensor in lively(num_classes=3).state_dict().items() if "fc" not in name}
    torch.save(state, weights_file.with_suffix(".pth"))
    with pytest.raises(CheckpointError, match=r"tensors 2 missing \(fc.weight, fc.bias\)"):
        ResNet.from_pretrained(weights_file.with_suffix(".pth"), architecture="test_resnet")


def test_an_architecture_that_contradicts_the_folder_is_refused(tmp_path):
    lively(num_classes=3).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"architecture='resnet18', but '.*' holds a test_resnet; drop one"):
        ResNet.from_pretrained(tmp_path, architecture="resnet18")


def test_an_architecture_that_agrees_with_the_folder_is_taken(tmp_path):
    lively(num_classes=3).save_pretrained(tmp_path)
    assert ResNet.from_pretrained(tmp_path, architecture="test_resnet").num_classes == 3


def test_the_files_of_a_checkpoint_are_left_as_they_are_by_loading(tmp_path):
    lively(num_classes=3).save_pretrained(tmp_path)
    before = load_file(tmp_path / "model.safetensors")
    model = ResNet.from_pretrained(tmp_path)
    torch.nn.init.zeros_(model.fc.weight)
    assert torch.equal(load_file(tmp_path / "model.safetensors")["fc.weight"], before["fc.weight"])

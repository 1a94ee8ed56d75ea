"""Weights go both ways: timm and transformers open what we save, and we open theirs and other projects' files."""

import json

import pytest
import timm
import torch
from error_facts import code_and_fields
from huggingface_hub import PyTorchModelHubMixin
from random_weights import assert_equal, lively, random_state
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForImageClassification

from resnet_hub import ResNet
from resnet_hub.checkpoint.folder import adapt_input
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.registry.architectures import architecture

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


@pytest.mark.parametrize("original", [True, False], ids=["names of timm", "names of the wrapper"])
@pytest.mark.parametrize("kind", [AutoModelForImageClassification, AutoModel], ids=["head", "no head"])
def test_we_open_what_transformers_saves_in_either_form(kind, original, tmp_path):
    lively(num_classes=3, label_names=NAMES).save_pretrained(tmp_path / "ours")
    theirs = kind.from_pretrained(tmp_path / "ours").eval()
    theirs.save_pretrained(tmp_path / "theirs", save_original_format=original)
    loaded = ResNet.from_pretrained(tmp_path / "theirs")
    with torch.inference_mode():
        expected = theirs(IMAGES[:, :3])
    assert_equal(
        outputs(loaded), expected.logits if kind is AutoModelForImageClassification else expected.pooler_output
    )
    assert loaded.label_names == (NAMES if kind is AutoModelForImageClassification else None)


def test_we_open_what_transformers_saves_with_another_number_of_classes(tmp_path, caplog):
    lively(num_classes=3, label_names=NAMES).save_pretrained(tmp_path / "ours")
    theirs = AutoModelForImageClassification.from_pretrained(
        tmp_path / "ours", num_labels=5, ignore_mismatched_sizes=True
    )
    theirs.save_pretrained(tmp_path / "theirs")
    loaded = ResNet.from_pretrained(tmp_path / "theirs")
    assert_equal(outputs(loaded), outputs(theirs))
    assert loaded.label_names is None


class OwnClass(torch.nn.Module, PyTorchModelHubMixin):
    """What somebody makes of a network of timm's, with the mixin."""

    def __init__(self, architecture="test_resnet", num_classes=3):
        super().__init__()
        self.net = timm_network(num_classes=num_classes)

    def forward(self, images):
        return self.net(images)


class OwnNetwork(PyTorchModelHubMixin, ResNet):
    """The same of a network of ours."""


def test_we_open_what_the_mixin_saves_of_a_class_around_a_network(tmp_path):
    theirs = OwnClass()
    theirs.save_pretrained(tmp_path)
    assert_equal(outputs(ResNet.from_pretrained(tmp_path)), outputs(theirs))


def test_we_open_what_the_mixin_saves_of_our_network(tmp_path):
    config = architecture("test_resnet").with_options(num_classes=3, act_layer="silu")
    theirs = OwnNetwork(config)
    theirs.load_state_dict(random_state(theirs))
    theirs.save_pretrained(tmp_path)
    ours = ResNet.from_pretrained(tmp_path)
    assert_equal(outputs(ours), outputs(theirs))
    assert ours.config == config


@pytest.mark.parametrize("config", [None, {"num_classes": 3}, {"size": 3}], ids=["none", "classes", "of its own"])
def test_a_checkpoint_whose_config_names_no_architecture_is_opened_with_one(config, tmp_path):
    """The mixin writes the arguments of a class, and nothing where it has none."""
    theirs = OwnClass()
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    assert_equal(outputs(ResNet.from_pretrained(tmp_path, architecture="test_resnet")), outputs(theirs))
    with pytest.raises(CheckpointError, match=r"config\.json"):
        ResNet.from_pretrained(tmp_path)


TIMM_ARGUMENTS = [
    {"block_args": {"attn_layer": "eca"}},
    {"stem_type": "deep_tiered", "stem_width": 24, "avg_down": False},
    {"replace_stem_pool": True, "block_reduce_first": 2, "down_kernel_size": 3},
    {"layers": [1, 2, 1, 1], "channels": [16, 32, 32, 64], "global_pool": "max"},
]


@pytest.mark.parametrize("options", TIMM_ARGUMENTS, ids=str)
def test_we_open_what_timm_builds_by_its_own_arguments(options, tmp_path):
    theirs = timm_network(**options)
    timm.models.save_for_hf(theirs, tmp_path, safe_serialization=True)
    assert_equal(outputs(ResNet.from_pretrained(tmp_path)), outputs(theirs))


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
    lively(num_classes=3).save_pretrained(tmp_path / "color")
    gray = ResNet.from_pretrained(tmp_path / "color", in_chans=1)
    gray.save_pretrained(tmp_path / "gray")
    loaded = ResNet.from_pretrained(tmp_path / "gray")
    assert (loaded.config.in_chans, loaded.preprocessing.mean) == (1, (0.5,))
    assert torch.equal(outputs(loaded), outputs(gray))


def test_a_gray_image_means_the_same_to_an_adapted_convolution():
    weight, gray = torch.randn(8, 3, 3, 3), torch.randn(1, 1, 9, 9)
    color = torch.nn.functional.conv2d(gray.expand(1, 3, 9, 9), weight)
    torch.testing.assert_close(torch.nn.functional.conv2d(gray, adapt_input(weight, 1)), color)


def test_half_precision_weights_are_added_in_full(tmp_path):
    weight = torch.full((1, 3, 1, 1), 2.0**15).half()  # three of them are beyond the range of half precision
    assert adapt_input(weight, 1).item() == 3 * 2.0**15


def test_an_architecture_that_contradicts_the_folder_is_refused(tmp_path):
    lively(num_classes=3).save_pretrained(tmp_path)
    with pytest.raises(ConfigError) as refused:
        ResNet.from_pretrained(tmp_path, architecture="resnet18")
    assert code_and_fields(refused.value) == (
        "checkpoint.other_architecture",
        {"wanted": "resnet18", "path": str(tmp_path), "found": "test_resnet"},
    )


def test_an_architecture_that_agrees_with_the_folder_is_taken(tmp_path):
    lively(num_classes=3).save_pretrained(tmp_path)
    assert ResNet.from_pretrained(tmp_path, architecture="test_resnet").num_classes == 3


def test_the_files_of_a_checkpoint_are_left_as_they_are_by_loading(tmp_path):
    lively(num_classes=3).save_pretrained(tmp_path)
    before = load_file(tmp_path / "model.safetensors")
    model = ResNet.from_pretrained(tmp_path)
    torch.nn.init.zeros_(model.fc.weight)
    assert torch.equal(load_file(tmp_path / "model.safetensors")["fc.weight"], before["fc.weight"])

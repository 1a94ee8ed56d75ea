"""Keras's files, in every layout that Keras has written: the logits are those of Keras's own definitions."""

import sys
import zipfile

import h5py
import keras_layout
import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from keras_layout import Reference, config, network, write_keras, write_legacy, write_numbered
from random_weights import assert_equal

from resnet_hub import AutoResNet
from resnet_hub.errors import CheckpointError, ConfigError, ResNetHubError

IMAGES = torch.randint(0, 256, (2, 3, 45, 40), generator=torch.Generator().manual_seed(0)).float()
NETWORKS = {
    f"{version}{'' if classes else ', no top'}": network(v2=version == "V2", classes=classes)
    for version in ("V1", "V2")
    for classes in (3, 0)
}
WRITERS = {
    "weights of Keras 2": ("net.h5", write_legacy, {}),
    "weights of Keras 3, old ending": ("net.h5", write_legacy, {"suffix": ""}),
    "model of Keras 2": ("net.h5", lambda file, layers: write_legacy(file, layers, settings=config(layers)), {}),
    "model inside a model": ("net.h5", write_legacy, {"nested": "resnet50"}),
    "numbered": ("net.weights.h5", write_numbered, {}),
    "numbered, a model inside": ("net.weights.h5", write_numbered, {"inside": "layers/functional/layers"}),
    "oldest .keras": ("net.keras", write_keras, {"inside": "_layer_checkpoint_dependencies"}),
    ".keras": ("net.keras", write_keras, {}),
}


def logits(file, images=IMAGES, **options):
    """Those of our network, of images of 0 to 255 as its preprocessing prepares them."""
    model = AutoResNet.from_pretrained(file, **options)
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (model.preprocessing.mean, model.preprocessing.std))
    with torch.inference_mode():
        return model((images / 255 - mean) / std)


def refusal(file, **options):
    with pytest.raises(ResNetHubError) as refused:
        AutoResNet.from_pretrained(file, **options)
    return code_and_fields(refused.value)


# Every layout of both versions, and both without top in one layout.
CASES = [(version, layout) for layout in WRITERS for version in ("V1", "V2")]
CASES += [(f"{version}, no top", layout) for version, layout in zip(("V1", "V2"), WRITERS, strict=False)]


@pytest.mark.parametrize(("version", "layout"), CASES)
def test_every_layout_gives_the_logits_of_keras(version, layout, tmp_path):
    name, write, options = WRITERS[layout]
    file = write(tmp_path / name, NETWORKS[version], **options)
    assert_equal(logits(file), Reference(NETWORKS[version])(IMAGES).float())


@pytest.mark.parametrize("v2", [False, True], ids=["V1", "V2"])
def test_the_order_of_the_layers_says_which_is_which_where_there_are_no_names(v2, tmp_path):
    layers = network((3, 4, 6, 3), (4, 6, 8, 10), stem=8, v2=v2)
    file = write_numbered(tmp_path / "net.weights.h5", layers, named=False)
    assert_equal(logits(file), Reference(layers)(IMAGES).float())


def test_what_it_is_and_what_its_input_is_are_known_and_said(tmp_path, caplog):
    caplog.set_level("INFO")
    first = AutoResNet.from_pretrained(write_legacy(tmp_path / "v1.h5", NETWORKS["V1"]))
    second = AutoResNet.from_pretrained(write_keras(tmp_path / "v2.keras", NETWORKS["V2"]))
    assert (first.config.architecture, first.config.depths, first.config.stride_place) == ("resnet50", (2, 3), "1x1")
    assert (second.config.family, second.config.strides, second.config.conv_bias) == ("resnetv2", (2, 1), True)
    assert [round(255 * value, 3) for value in first.preprocessing.mean] == [123.68, 116.779, 103.939]
    assert (first.preprocessing.crop_mode, first.preprocessing.input_size) == ("squash", (3, 224, 224))
    assert (second.preprocessing.mean, second.preprocessing.input_size) == ((0.5, 0.5, 0.5), (3, 40, 40))
    said = "its input is assumed to be the usual one of keras.applications (nearest 224 px, crop 1.000); preprocessing="
    assert said in caplog.text
    assert "left out" not in caplog.text


def test_it_is_saved_and_opened_again_as_what_it_is(tmp_path):
    for name in ("V1", "V2"):
        AutoResNet.from_pretrained(write_keras(tmp_path / "net.keras", NETWORKS[name])).save_pretrained(tmp_path / name)
        assert_equal(logits(tmp_path / name), Reference(NETWORKS[name])(IMAGES).float())


def test_a_model_with_its_own_rescaling_takes_images_as_that_makes_them(tmp_path):
    layers = NETWORKS["V1"]
    rescaling = {"class_name": "Rescaling", "config": {"name": "rescaling", "scale": 1 / 127.5, "offset": -1}}
    file = write_keras(tmp_path / "net.keras", layers, config(layers, "softmax", rescaling))
    reference = Reference(layers)
    reference.layers["conv1_conv"]["kernel"] = reference.layers["conv1_conv"]["kernel"].flip(2)
    means = torch.tensor([123.68, 116.779, 103.939]).view(-1, 1, 1)
    assert_equal(logits(file), reference((IMAGES / 127.5 - 1) + means).float())


def test_another_epsilon_of_a_layer_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_layout, "EPSILON", 1e-3)
    file = write_keras(tmp_path / "net.keras", NETWORKS["V1"])
    assert_equal(logits(file), Reference(NETWORKS["V1"])(IMAGES).float())


def test_a_dense_layer_of_any_name_is_the_head(tmp_path):
    layers = {("dense" if layer == "predictions" else layer): each for layer, each in NETWORKS["V2"].items()}
    settings = config(layers, "sigmoid")
    model = AutoResNet.from_pretrained(write_keras(tmp_path / "net.keras", layers, settings))
    assert (model.num_classes, model.config.task) == (3, "multi_label")


def test_a_new_head_is_made_where_one_is_asked_for(tmp_path):
    file = write_legacy(tmp_path / "net.h5", NETWORKS["V1"])
    assert logits(file, num_classes=7).shape == (2, 7)
    assert logits(file, label_names=["cat", "dog", "bird"]).shape == (2, 3)


def test_bfloat16_is_read(tmp_path):
    layers = {layer: dict(variables) for layer, variables in NETWORKS["V1, no top"].items()}
    kernel = layers["conv1_conv"]["kernel"]
    halves = (kernel.view("uint32") >> 16).astype("uint16")
    layers["conv1_conv"]["kernel"] = (halves.astype("uint32") << 16).view("float32")
    file = write_legacy(tmp_path / "net.h5", layers)
    with h5py.File(file, "a") as opened:
        del opened["conv1_conv/conv1_conv/kernel:0"]
        opened["conv1_conv/conv1_conv/kernel:0"] = halves.view("V2")
    assert_equal(logits(file), Reference(layers)(IMAGES).float())


def test_an_architecture_that_is_another_is_refused(tmp_path):
    file = write_legacy(tmp_path / "net.h5", NETWORKS["V1"])
    with pytest.raises((CheckpointError, ConfigError)):
        AutoResNet.from_pretrained(file, architecture="resnet101")


def test_a_head_of_several_layers_is_refused_by_name(tmp_path):
    dense = {"kernel": np.ones((4, 4), "float32"), "bias": np.ones(4, "float32")}
    file = write_legacy(tmp_path / "net.h5", {**NETWORKS["V1"], "dense": dense})
    assert refusal(file) == ("checkpoint.keras_head", {"file": "net.h5", "layers": "'dense', 'predictions'"})


def test_names_of_the_oldest_keras_are_refused(tmp_path):
    older = {"conv1": NETWORKS["V1"]["conv1_conv"], "res2a_branch2a": NETWORKS["V1"]["conv2_block1_1_conv"]}
    assert refusal(write_legacy(tmp_path / "net.h5", older)) == ("checkpoint.keras_older", {"file": "net.h5"})


def test_a_network_without_its_stem_is_refused(tmp_path):
    layers = {layer: each for layer, each in NETWORKS["V1"].items() if layer != "conv1_conv"}
    found = refusal(write_legacy(tmp_path / "net.h5", layers))
    assert found == ("checkpoint.keras_layer_missing", {"file": "net.h5", "layer": "conv1_conv"})


def test_another_network_of_keras_is_refused(tmp_path):
    other = {"block1_conv1": NETWORKS["V1"]["conv1_conv"], "predictions": NETWORKS["V1"]["predictions"]}
    assert refusal(write_legacy(tmp_path / "vgg.h5", other))[0].startswith("checkpoint.")


@pytest.mark.parametrize("kind", ["external link", "soft link", "external storage"])
def test_what_lies_in_another_file_is_never_opened(kind, tmp_path):
    file, other = write_legacy(tmp_path / "net.h5", NETWORKS["V1"]), tmp_path / "secret.bin"
    other.write_bytes(bytes(4096))
    with h5py.File(file, "a") as opened:
        if kind == "external link":
            opened["other"] = h5py.ExternalLink(str(other), "/")
        elif kind == "soft link":
            opened["other"] = h5py.SoftLink("/conv1_conv")
        else:
            opened.create_dataset("other", (8,), "float32", external=[(str(other), 0, 32)])
    assert refusal(file) == ("checkpoint.keras_link", {"file": str(file), "name": "other"})


def test_weights_that_are_not_there_take_no_memory(tmp_path):
    file = write_legacy(tmp_path / "net.h5", NETWORKS["V1"])
    with h5py.File(file, "a") as opened:
        opened.create_dataset("large/kernel:0", (10**6, 10**5), "float32", chunks=(1000, 1000))
    assert refusal(file)[0] == "checkpoint.weights_too_large"


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    layers = {layer: dict(variables) for layer, variables in NETWORKS["V1"].items()}
    layers["conv2_block1_1_bn"]["beta"] = np.full(8, np.nan, "float32")
    assert refusal(write_legacy(tmp_path / "net.h5", layers))[0].startswith("checkpoint.")


@pytest.mark.parametrize("shape", [(3,), (), (1, 2, 3, 4, 5), (0,)], ids=str)
@pytest.mark.parametrize("layer", ["conv1_conv/bias", "conv2_block1_1_bn/moving_mean", "conv2_block1_2_conv/kernel"])
def test_a_weight_of_another_shape_is_refused(layer, shape, tmp_path):
    layers = {layer: dict(variables) for layer, variables in NETWORKS["V1"].items()}
    name, weight = layer.split("/")
    layers[name][weight] = np.ones(shape, "float32")
    assert refusal(write_legacy(tmp_path / "net.h5", layers))[0] in (
        "checkpoint.misfits",
        "checkpoint.keras_layer_missing",
    )


def test_groups_without_end_are_refused(tmp_path, monkeypatch):
    from resnet_hub.checkpoint.readers import keras_files

    file = write_legacy(tmp_path / "net.h5", NETWORKS["V1"])
    with h5py.File(file, "a") as opened:
        opened["loop/again"] = opened.create_group("loop")  # a hard link to itself: groups without end
    assert refusal(file)[0] == "checkpoint.keras_too_many"
    monkeypatch.setattr(keras_files, "MAX_OBJECTS", 50)
    assert refusal(write_legacy(tmp_path / "net2.h5", NETWORKS["V1"]))[0] == "checkpoint.keras_too_many"


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
@pytest.mark.parametrize("name", ["net.h5", "net.keras"])
def test_a_truncated_file_is_refused(name, share, tmp_path):
    file = WRITERS[".keras" if name == "net.keras" else "weights of Keras 2"][1](tmp_path / name, NETWORKS["V1"])
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(CheckpointError, match="net"):
        AutoResNet.from_pretrained(file)


def test_a_config_that_is_nonsense_costs_nothing(tmp_path):
    for number, settings in enumerate(
        ([], {"config": {"layers": [1, None, {"config": 3}]}}, {"config": {"layers": 7}})
    ):
        file = write_keras(tmp_path / f"{number}.keras", NETWORKS["V1"], settings)
        assert_equal(logits(file), Reference(NETWORKS["V1"])(IMAGES).float())


def test_without_h5py_one_sentence_says_how_to_install_it(tmp_path, monkeypatch):
    file = write_legacy(tmp_path / "net.h5", NETWORKS["V1"])
    monkeypatch.setattr("resnet_hub.imports.extras.find_spec", lambda name: None)
    assert refusal(file) == (
        "install.missing",
        {"use": ("install.keras", {}), "missing": "h5py", "extra": "keras"},
    )


def test_nothing_of_keras_is_imported(tmp_path):
    AutoResNet.from_pretrained(write_keras(tmp_path / "net.keras", NETWORKS["V1"]))
    assert "keras" not in sys.modules
    assert not zipfile.is_zipfile(tmp_path / "net.inner")

"""transformers' own ResNet: config, input, class names and numbers are those that transformers itself has of it."""

import json

import numpy as np
import pytest
import torch
from error_facts import code_and_fields
from PIL import Image
from random_weights import assert_equal, random_state
from safetensors.torch import save_file
from transformers import (
    BitImageProcessor,
    ConvNextImageProcessor,
    ResNetBackbone,
    ResNetConfig,
    ResNetForImageClassification,
    ResNetModel,
    ViTImageProcessor,
)

from resnet_hub import ResNet
from resnet_hub.checkpoint.recognition import read_config
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.preprocessing.pixels import normalize, to_pixels

NAMES = {0: "cat", 1: "dog", 2: "bird"}
IMAGES = torch.randn(2, 4, 75, 64, generator=torch.Generator().manual_seed(0))
SMALL = {"depths": [2, 1, 1], "hidden_sizes": [32, 48, 64], "embedding_size": 24, "id2label": NAMES}
# The options of transformers, each in a network that shows it.
OPTIONS = {
    "basic": {"layer_type": "basic"},
    "bottleneck": {},
    "stride in the first stage": {"layer_type": "basic", "downsample_in_first_stage": True},
    "stride in the 1x1": {"downsample_in_bottleneck": True},
    "both": {"downsample_in_first_stage": True, "downsample_in_bottleneck": True, "num_channels": 4},
    "said of basic layers, which have no 1x1": {"layer_type": "basic", "downsample_in_bottleneck": True},
    "five stages": {"layer_type": "basic", "depths": [1] * 5, "hidden_sizes": [16, 16, 24, 24, 32]},
}


def network(kind=ResNetForImageClassification, **options):
    model = kind(ResNetConfig(**{**SMALL, **options})).eval()
    model.load_state_dict(random_state(model))
    return model


@torch.inference_mode()
def answers(model):
    images = IMAGES[:, : model.config.num_channels] if hasattr(model.config, "num_channels") else None
    result = model(images)
    return getattr(result, "logits", None) if hasattr(result, "logits") else result.pooler_output.flatten(1)


@torch.inference_mode()
def ours(path, **options):
    model = ResNet.from_pretrained(path, **options)
    return model(IMAGES[:, : model.config.in_chans])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_option_gives_the_logits_of_transformers(options, tmp_path):
    theirs = network(**options)
    theirs.save_pretrained(tmp_path)
    assert_equal(ours(tmp_path), answers(theirs))
    assert ResNet.from_pretrained(tmp_path).label_names == ("cat", "dog", "bird")


def test_a_network_without_head_gives_the_pooled_features(tmp_path):
    theirs = network(ResNetModel)
    theirs.save_pretrained(tmp_path)
    assert_equal(ours(tmp_path), answers(theirs))


def test_a_backbone_gives_its_last_feature_map_pooled(tmp_path):
    theirs = network(ResNetBackbone)
    theirs.save_pretrained(tmp_path)
    with torch.inference_mode():
        expected = theirs(IMAGES[:, :3]).feature_maps[-1].mean((2, 3))
    assert_equal(ours(tmp_path), expected)


@pytest.mark.parametrize(
    ("layer", "depths", "sizes", "name"),
    [
        ("basic", [2, 2, 2, 2], [64, 128, 256, 512], "resnet18"),
        ("bottleneck", [2, 2, 2, 2], [256, 512, 1024, 2048], "resnet26"),
        ("basic", [3, 4, 6, 3], [64, 128, 256, 512], "resnet34"),
        ("bottleneck", [3, 4, 6, 3], [256, 512, 1024, 2048], "resnet50"),
        ("bottleneck", [3, 4, 23, 3], [256, 512, 1024, 2048], "resnet101"),
        ("bottleneck", [3, 8, 36, 3], [256, 512, 1024, 2048], "resnet152"),
        ("bottleneck", [3, 4, 6, 4], [256, 512, 1024, 2048], "resnet50"),
    ],
)
def test_the_stages_say_which_architecture_it_is(layer, depths, sizes, name, tmp_path):
    values = {"model_type": "resnet", "layer_type": layer, "depths": depths, "hidden_sizes": sizes}
    (tmp_path / "config.json").write_text(json.dumps(values))
    config = read_config(tmp_path).network
    assert (config.architecture, list(config.depths), config.num_classes) == (name, depths, 2)


PROCESSORS = {
    "published": ConvNextImageProcessor(size={"shortest_edge": 64}, crop_pct=0.875, resample=3),
    "squashed": ConvNextImageProcessor(size={"shortest_edge": 384}),
    "of ViT": ViTImageProcessor(size={"height": 64, "width": 64}),
    "cropped": BitImageProcessor(size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64}),
    "not normalized": ViTImageProcessor(size={"height": 64, "width": 64}, do_normalize=False),
    "scaled otherwise": ViTImageProcessor(size={"height": 64, "width": 64}, rescale_factor=1 / 127.5),
}


@pytest.mark.parametrize("processor", PROCESSORS.values(), ids=PROCESSORS)
def test_an_image_becomes_what_the_processor_beside_the_network_makes_of_it(processor, tmp_path):
    network().save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    preprocessing = read_config(tmp_path).preprocessing
    rows = np.indices((90, 120)).sum(0)[..., None] * np.array([1.0, 0.7, 0.4])
    image = Image.fromarray(rows.astype(np.uint8))
    found = normalize(to_pixels(image, preprocessing), preprocessing)
    expected = processor(image, return_tensors="pt")["pixel_values"]
    assert found.shape == expected.shape
    # Theirs resizes tensors and ours Pillow's images: a gray value apart at most.
    assert (found - expected).abs().max() <= 1.5 / 255 / min(preprocessing.std)


def test_without_a_processor_the_usual_input_is_taken_and_said(tmp_path, caplog):
    caplog.set_level("INFO")
    network().save_pretrained(tmp_path)
    assert read_config(tmp_path).preprocessing.crop_pct == 0.875
    assert "there is no preprocessor_config.json beside config.json" in caplog.text


def test_the_older_form_of_a_processor_is_read(tmp_path):
    network().save_pretrained(tmp_path)
    older = {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.9, "resample": 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(older))
    found = read_config(tmp_path).preprocessing
    assert (found.input_size, found.crop_pct, found.interpolation) == ((3, 224, 224), 0.9, "bicubic")


def test_the_architecture_of_a_folder_may_be_said_and_must_be_right(tmp_path):
    network(layer_type="basic").save_pretrained(tmp_path)
    assert ours(tmp_path, architecture="resnet18").shape == (2, 3)
    with pytest.raises(ConfigError) as refused:
        ours(tmp_path, architecture="resnet50")
    assert refused.value.code == "checkpoint.other_architecture"


def test_a_new_head_may_be_asked_for(tmp_path):
    network().save_pretrained(tmp_path)
    assert ours(tmp_path, num_classes=7).shape == (2, 7)


def test_a_head_of_another_size_than_the_config_says_is_refused(tmp_path):
    network().save_pretrained(tmp_path)
    state = {name: tensor.contiguous() for name, tensor in network(id2label={0: "a", 1: "b"}).state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"head has 2 classes and the config says 3"):
        ours(tmp_path)


@pytest.mark.parametrize("change", ["deeper", "not a number", "of another kind"])
def test_weights_that_are_not_what_the_config_says_are_refused(change, tmp_path):
    theirs = network()
    theirs.save_pretrained(tmp_path)
    state = {name: tensor.contiguous() for name, tensor in theirs.state_dict().items()}
    if change == "deeper":
        state = {name: tensor.contiguous() for name, tensor in network(depths=[2, 2, 1]).state_dict().items()}
    elif change == "not a number":
        state["classifier.1.bias"] = torch.full((3,), torch.nan)
    else:
        state = {f"vit.{name}": tensor for name, tensor in state.items() if "embedder" not in name}
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError):
        ours(tmp_path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_weights_are_refused(share, tmp_path):
    network().save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        ours(tmp_path)


WRONG = {
    "layer_type": ({"layer_type": "wide"}, "unknown_value"),
    "an activation between blocks only": ({"hidden_act": "gelu"}, "unknown_value"),
    "no truth": ({"downsample_in_bottleneck": "yes"}, "unknown_value"),
    "sizes are no list": ({"hidden_sizes": 64}, "transformers_sizes"),
    "sizes no bottleneck can have": ({"hidden_sizes": [33, 48, 64]}, "transformers_sizes"),
    "depths are no numbers": ({"depths": ["two", 1, 1]}, "transformers_sizes"),
    "names without numbers": ({"id2label": {"cat": 0}}, "label_names_not_numbered"),
}


@pytest.mark.parametrize(("changes", "code"), WRONG.values(), ids=WRONG)
def test_a_value_that_no_network_of_transformers_has_is_refused(changes, code, tmp_path):
    values = {**ResNetConfig(**SMALL).to_diff_dict(), "model_type": "resnet", **changes}
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(CheckpointError) as refused:
        read_config(tmp_path)
    assert refused.value.code == f"checkpoint.{code}"


WRONG_PROCESSORS = {
    "a filter that is not here": {"resample": 4},
    "no square": {"size": {"height": 64, "width": 32}},
    "no number": {"size": "large"},
    "a list": {"size": [64, 64]},
    "a filter that is a list": {"resample": [3]},
    "a mean that is a text": {"image_mean": "0.5"},
    "a mean of nothing": {"image_mean": []},
    "a std of texts": {"image_std": ["a"], "do_normalize": False},
    "a factor of 0": {"rescale_factor": 0},
    "a factor that is none": {"rescale_factor": {"by": 255}},
}


@pytest.mark.parametrize("changes", WRONG_PROCESSORS.values(), ids=WRONG_PROCESSORS)
def test_a_processor_that_cannot_be_followed_is_refused(changes, tmp_path):
    network().save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": 64, **changes}))
    with pytest.raises(CheckpointError) as refused:
        read_config(tmp_path)
    assert code_and_fields(refused.value)[1]["file"] == "preprocessor_config.json"

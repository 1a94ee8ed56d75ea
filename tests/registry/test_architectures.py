"""The table of names: what each name promises, and how names are found; test_timm_parity.py has the rest."""

from dataclasses import fields
from functools import cache

import pytest
import timm
import torch
from timm.data import resolve_data_config
from torch import nn

from resnet_hub import create_model, list_architectures
from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError
from resnet_hub.registry.architectures import (
    ARCHITECTURES,
    CIFAR,
    IMAGENET,
    PREACTIVATION,
    architecture,
    default_preprocessing,
    in_timm,
    named_network,
)

# He et al. 2015, table 6, and page 7 for the layers: millions of weights.
PAPER_CIFAR = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7, 1202: 19.4}
# The parameters that torchvision and timm publish for these, in thousands.
PUBLISHED = {
    "resnet18": 11_690,
    "resnet34": 21_798,
    "resnet50": 25_557,
    "resnet101": 44_549,
    "resnet152": 60_193,
    "resnext50_32x4d": 25_029,
    "resnext101_64x4d": 83_455,
    "wide_resnet50_2": 68_883,
    "senet154": 115_089,
    "test_resnet": 470,
    "resnetv2_50": 25_549,
    "resnetv2_101": 44_541,
    "resnetv2_50x1_bit": 25_549,
    "resnetv2_152x4_bit": 936_533,
}


@cache
def without_storage(name, **options):
    with torch.device("meta"):
        return create_model(name, **options)


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def weighted_layers(model):
    """Convolutions and linear layers on the main path: what the number in a name counts."""
    modules = model.named_modules()
    return sum(isinstance(module, nn.Conv2d | nn.Linear) for name, module in modules if "downsample" not in name)


@pytest.mark.parametrize("depth", PAPER_CIFAR)
def test_a_cifar_network_has_the_layers_of_its_name(depth):
    assert weighted_layers(without_storage(f"cifar_resnet{depth}")) == depth


@pytest.mark.parametrize(("depth", "millions"), PAPER_CIFAR.items())
def test_a_cifar_network_has_the_parameters_of_the_paper(depth, millions):
    assert count(without_storage(f"cifar_resnet{depth}")) / 1e6 == pytest.approx(millions, rel=0.02)


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152, 200])
def test_an_imagenet_network_has_the_layers_of_its_name(depth):
    assert weighted_layers(without_storage(f"resnet{depth}")) == depth


@pytest.mark.parametrize(("name", "thousands"), PUBLISHED.items())
def test_an_imagenet_network_has_the_published_number_of_parameters(name, thousands):
    assert round(count(without_storage(name)) / 1000) == thousands


@pytest.mark.parametrize("name", CIFAR)
def test_an_identity_shortcut_has_no_weights(name):
    assert not [key for key in without_storage(name).state_dict() if "downsample" in key]


@pytest.mark.parametrize("name", CIFAR)
def test_a_projection_shortcut_has_weights_where_the_shape_changes(name):
    keys = without_storage(name, shortcut="projection").state_dict()
    assert [key for key in keys if key.endswith("downsample.0.weight")] == [
        "layer2.0.downsample.0.weight",
        "layer3.0.downsample.0.weight",
    ]


def test_a_network_bears_the_name_of_its_row():
    assert [architecture(name).architecture for name in ARCHITECTURES] == list(ARCHITECTURES)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("resnet51", "'resnet50'"), ("ResNet50", "'resnet50'"), ("resnext50_32x4", "'resnext50_32x4d'")],
)
def test_an_unknown_name_is_refused_with_the_nearest(name, nearest):
    with pytest.raises(ConfigError, match=f"there is no architecture '{name}'; the nearest are .*{nearest}"):
        architecture(name)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("resnet18", ["resnet18"]),
        ("cifar_resnet??", ["cifar_resnet20", "cifar_resnet32", "cifar_resnet44", "cifar_resnet56"]),
        ("wide_resnet??_2", ["wide_resnet50_2"]),
        ("resnet[12]?[0-9]", ["resnet101", "resnet152", "resnet200"]),
        ("resnet", []),
        (("senet*", "*_gn"), ["resnet50_gn", "resnetv2_50d_gn", "senet154"]),
        ("RESNET18", []),
    ],
    ids=str,
)
def test_names_are_listed_by_wildcards_in_order(pattern, names):
    assert list_architectures(pattern) == names


def test_all_names_are_listed_without_a_pattern():
    assert list_architectures() == sorted(ARCHITECTURES)
    assert set(ARCHITECTURES) > {*IMAGENET, *PREACTIVATION, *CIFAR}


@pytest.mark.parametrize(
    ("name", "known"),
    [("resnet50d", True), ("resnetv2_50x1_bit", True), ("cifar_resnet20", False), ("plain18", False)],
)
def test_in_timm_tells_which_names_timm_shares(name, known):
    assert in_timm(name) is known


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet50", (3, 224, 224)),
        ("resnetv2_50", (3, 224, 224)),
        ("resnetv2_50x1_bit", (3, 448, 448)),
        ("cifar_resnet20", (3, 32, 32)),
    ],
)
def test_an_untrained_network_takes_the_usual_size(name, size):
    assert default_preprocessing(architecture(name)).input_size == size


@pytest.mark.parametrize(("name", "mean"), [("resnet50", 0.485), ("resnetv2_50", 0.5), ("resnetv2_50x1_bit", 0.5)])
def test_an_untrained_network_takes_the_usual_mean(name, mean):
    assert default_preprocessing(architecture(name)).mean[0] == mean


def test_an_untrained_network_for_gray_images_takes_gray_statistics():
    assert default_preprocessing(architecture("resnet50").with_options(in_chans=1)) == Preprocessing().with_channels(1)


def test_a_new_network_is_fed_as_timm_feeds_one_of_this_name():
    for name in (*IMAGENET, *PREACTIVATION):
        told = resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
        known = {key: value for key, value in told.items() if key in fields_of_preprocessing()}
        assert named_network(name)[1] == Preprocessing.from_json(known), name


def fields_of_preprocessing():
    return {field.name for field in fields(Preprocessing)}


@pytest.mark.parametrize(
    ("tag", "classes", "side"),
    [("resnet50.a1_in1k", 1000, 224), ("resnetv2_50x1_bit.goog_in21k", 21843, 224), ("resnet10t.c3_in1k", 1000, 176)],
)
def test_a_tag_gives_its_network_with_the_classes_and_the_input_of_its_weights(tag, classes, side):
    model = without_storage(tag)
    assert (model.config.architecture, model.num_classes) == (tag.partition(".")[0], classes)
    assert model.preprocessing.input_size == (3, side, side)
    assert without_storage(tag, num_classes=7).num_classes == 7


@pytest.mark.parametrize(
    ("old", "now"),
    [("seresnext26tn_32x4d", "seresnext26t_32x4d"), ("tv_resnet34", "resnet34"), ("gluon_resnet50_v1b", "resnet50")],
)
def test_an_old_name_is_understood_with_a_warning(old, now):
    with pytest.warns(FutureWarning, match=f"{old!r} is an old name; write '{now}"):
        assert without_storage(old).config.architecture == now


@pytest.mark.parametrize("name", ["", "qq", None, 5, "resnet50.nonsense"])
def test_any_other_name_is_refused_with_three_that_there_are(name):
    with pytest.raises(ConfigError) as caught:
        create_model(name)
    assert len(caught.value.fields["nearest"].split(", ")) == 3

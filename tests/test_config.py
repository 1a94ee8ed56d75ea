"""Settings of networks and inputs: JSON both ways, nothing absurd accepted, and each refusal says what to do."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest

from resnet_hub.checks import nearest
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import ConfigError, ResNetHubError
from resnet_hub.registry.architectures import ARCHITECTURES

UNUSUAL = Preprocessing((1, 200, 300), "bilinear", 0.95, "border", (0.449,), (0.226,))

WRONG_OPTIONS = [
    ({"drop_path": 0.1}, "there is no option 'drop_path'; the nearest are 'drop_path_rate', 'drop_rate', "),
    ({"depths": "2222"}, "depths='2222' must be a list such as [3, 4, 6, 3]"),
    ({"depths": 3}, "depths=3 must be a list such as [3, 4, 6, 3]"),
    ({"depths": [2, 2, 2]}, "depths=(2, 2, 2) and widths=(64, 128, 256, 512) must name the same, non-empty stages"),
    ({"depths": [], "widths": []}, "depths=() and widths=() must name the same, non-empty stages"),
    ({"depths": [2, 2, 2, -1]}, "depths=-1 is out of range; expected a whole number from 1 to 1024"),
    ({"depths": [2, 2, 2, 2.0]}, "depths=2.0 is out of range; expected a whole number from 1 to 1024"),
    ({"depths": [1000, 2, 2, 1000]}, "sum of depths=2004 is out of range; expected a whole number from 1 to 1024"),
    ({"widths": [64, 128, 256, 10**9]}, "widths=1000000000 is out of range; expected a whole number from 1 to 65536"),
    ({"block": 1}, "block=1 must be a name such as 'basic', or a list of names"),
    ({"block": None}, "block=None must be a name such as 'basic', or a list of names"),
    ({"block": ["basic", 2, 3, 4]}, "block=('basic', 2, 3, 4) must be a name such as 'basic', or a list of names"),
    ({"block": ["basic"]}, "block=('basic',) must be one name, or one for each of 4 stages"),
    ({"num_classes": -1}, "num_classes=-1 is out of range; expected a whole number from 0 to 1000000"),
    ({"num_classes": "10"}, "num_classes='10' is out of range; expected a whole number from 0 to 1000000"),
    ({"num_classes": True}, "num_classes=True is out of range; expected a whole number from 0 to 1000000"),
    ({"num_classes": 10**7}, "num_classes=10000000 is out of range; expected a whole number from 0 to 1000000"),
    ({"in_chans": 0}, "in_chans=0 is out of range; expected a whole number from 1 to 65536"),
    ({"cardinality": 0}, "cardinality=0 is out of range; expected a whole number from 1 to 65536"),
    ({"base_width": 1.5}, "base_width=1.5 is out of range; expected a whole number from 1 to 65536"),
    ({"reduce_first": -2}, "reduce_first=-2 is out of range; expected a whole number from 1 to 65536"),
    ({"stem_width": 10**6}, "stem_width=1000000 is out of range; expected a whole number from 1 to 65536"),
    ({"stem": "5x5"}, "stem='5x5' is not known; choose one of '7x7', '3x3', 'deep', 'tiered'"),
    ({"stem_pool": None}, "stem_pool=None is not known; choose one of 'max', 'conv', 'none'"),
    ({"shortcut": "a"}, "shortcut='a' is not known; choose one of 'projection', 'avg_projection', 'identity', "),
    (
        {"global_pool": "fast"},
        "global_pool='fast' is not known; choose one of 'avg', 'max', 'avgmax', 'catavgmax', 'none', ''",
    ),
    ({"global_pool": ""}, "global_pool='' keeps the feature map, so num_classes must be 0, not 1000"),
    ({"output_stride": 4}, "output_stride=4 is out of range; expected a whole number from 8 to 32"),
    ({"output_stride": 24}, "output_stride=24 is not known; choose one of 8, 16, 32"),
    ({"output_stride": 8.0}, "output_stride=8.0 is out of range; expected a whole number from 8 to 32"),
    ({"down_kernel_size": 2}, "down_kernel_size=2 is not known; choose one of 1, 3, 5, 7"),
    ({"act_layer": None}, "act_layer=None must be a name such as 'relu'"),
    ({"norm_layer": ["batchnorm"]}, "norm_layer=('batchnorm',) must be a name such as 'batchnorm'"),
    ({"attn_ratio": 0}, "attn_ratio=0 is out of range; expected a number from 0.000244141 to 1"),
    ({"drop_rate": 1}, "drop_rate=1 is out of range; expected a number from 0 to 0.999"),
    ({"drop_rate": "a"}, "drop_rate='a' is out of range; expected a number from 0 to 0.999"),
    ({"drop_path_rate": -0.1}, "drop_path_rate=-0.1 is out of range; expected a number from 0 to 0.999"),
    ({"drop_block_rate": math.nan}, "drop_block_rate=nan is out of range; expected a number from 0 to 0.999"),
    ({"shortcut": "none"}, "shortcut='none' leaves a block nothing but F(x), which zero_init_last=True would start at"),
    (
        {"shortcut": "none", "zero_init_last": False, "drop_path_rate": 0.1},
        "shortcut='none' leaves a block nothing but F(x), which drop_path_rate=0.1 would skip; set drop_path_rate=0",
    ),
    (
        {"stem": "3x3", "stem_pool": "none", "output_stride": 16},
        "output_stride=16 changes nothing: resnet50 has one pixel for each 8 of the input; leave it at 32",
    ),
    ({"task": "ranking"}, "task='ranking' is not known; choose one of 'single_label', 'multi_label', 'regression'"),
    ({"zero_init_last": 1}, "zero_init_last=1 must be true or false"),
    ({"family": "resnetv3"}, "family='resnetv3' is not known; choose one of 'resnet', 'resnetv2'"),
    ({"family": {}}, "family={} is not known; choose one of 'resnet', 'resnetv2'"),
    ({"strides": [2, 2]}, "strides=(2, 2) must be one number for each of 4 stages, or empty"),
    ({"strides": [1, 2, 3, 2]}, "strides=3 is out of range; expected a whole number from 1 to 2"),
    ({"stride_place": "2x2"}, "stride_place='2x2' is not known; choose one of '3x3', '1x1', 'last_block'"),
    (
        {"stride_place": "last_block"},
        "stride_place='last_block' is not for family='resnet', whose blocks and stems are",
    ),
    ({"conv_bias": True}, "conv_bias=True is not for family='resnet', whose blocks and stems are defined without it"),
    (
        {"stride_place": "1x1", "aa_layer": "blur"},
        "stride_place='1x1' strides in front of where aa_layer='blur' filters; set stride_place='3x3' or aa_layer=None",
    ),
    (
        {"family": "resnetv2", "stride_place": "last_block", "output_stride": 16},
        "output_stride=16 dilates the first block of a stage, and stride_place='last_block' strides in the last; leave",
    ),
    ({"conv_layer": "std"}, "conv_layer='std' is not known; choose one of 'conv2d', 'std_conv2d'"),
    (
        {"conv_layer": "std_conv2d"},
        "conv_layer='std_conv2d' is not for family='resnet', whose blocks and stems are defined without it; choose",
    ),
]
WRONG_INPUTS = [
    ({"size": [3, 32, 32]}, "there is no option 'size'; the nearest are 'input_size'"),
    ({"input_size": 224}, "input_size=224 must be a list such as [3, 224, 224]"),
    ({"input_size": [224, 224]}, "input_size=(224, 224) must be (channels, height, width)"),
    ({"input_size": [0, 224, 224]}, "input_size channels=0 is out of range; expected a whole number from 1 to 4096"),
    ({"input_size": [3, 9999, 224]}, "input_size height=9999 is out of range; expected a whole number from 1 to 4096"),
    ({"input_size": [3, 224, "a"]}, "input_size width='a' is out of range; expected a whole number from 1 to 4096"),
    ({"input_size": [1, 224, 224]}, "mean has 3 numbers, but the input has 1 channels"),
    ({"mean": 0.5}, "mean=0.5 must be a list such as [0.485, 0.456, 0.406]"),
    ({"mean": ["a", "b", "c"]}, "mean='a' is out of range; expected a number from -255 to 255"),
    ({"mean": [0.5, math.nan, 0.5]}, "mean=nan is out of range; expected a number from -255 to 255"),
    ({"std": [0.5, 0.5]}, "std has 2 numbers, but the input has 3 channels"),
    ({"std": [0.5, None, 0.5]}, "std=None is out of range; expected a number from -255 to 255"),
    ({"std": [0.5, 0.0, 0.5]}, "std=(0.5, 0.0, 0.5) must be above 0"),
    ({"crop_pct": 0}, "crop_pct=0 is out of range; expected a number from 0.05 to 1"),
    ({"crop_pct": "95%"}, "crop_pct='95%' is out of range; expected a number from 0.05 to 1"),
    ({"crop_mode": "middle"}, "crop_mode='middle' is not known; choose one of 'center', 'squash', 'border'"),
    ({"interpolation": 3}, "interpolation=3 is not known; choose one of 'nearest', 'bilinear', 'bicubic', 'lanczos'"),
]


def through_json(settings):
    return type(settings).from_json(json.loads(json.dumps(settings.to_json(), allow_nan=False)))


def test_every_architecture_comes_back_from_json():
    assert {name: through_json(config) for name, config in ARCHITECTURES.items()} == ARCHITECTURES


@pytest.mark.parametrize("preprocessing", [Preprocessing(), UNUSUAL], ids=["usual", "unusual"])
def test_preprocessing_comes_back_from_json(preprocessing):
    assert through_json(preprocessing) == preprocessing


@pytest.mark.parametrize("settings", [ResNetConfig(), Preprocessing()], ids=["network", "input"])
def test_absent_keys_take_their_defaults(settings):
    assert type(settings).from_json({}) == settings


@pytest.mark.parametrize("settings", [ResNetConfig(), Preprocessing()], ids=["network", "input"])
def test_settings_cannot_be_changed(settings):
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.mean = settings.depths = (1,)


@pytest.mark.parametrize("settings", [ResNetConfig(), Preprocessing()], ids=["network", "input"])
def test_settings_with_lists_from_json_can_be_a_dictionary_key(settings):
    assert {through_json(settings): 1}[settings] == 1


@pytest.mark.parametrize(("options", "sentence"), WRONG_OPTIONS, ids=str)
def test_a_network_that_cannot_be_is_refused_in_one_sentence(options, sentence):
    with pytest.raises(ConfigError, match="^" + re.escape(sentence)) as refusal:
        ResNetConfig().with_options(**options)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("options", "sentence"), WRONG_INPUTS, ids=str)
def test_an_input_that_cannot_be_is_refused_in_one_sentence(options, sentence):
    with pytest.raises(ConfigError, match="^" + re.escape(sentence)) as refusal:
        Preprocessing.from_json(options)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("options", "sentence"), WRONG_OPTIONS[:3], ids=str)
def test_json_is_checked_as_options_are(options, sentence):
    with pytest.raises(ConfigError, match="^" + re.escape(sentence)):
        ResNetConfig.from_json(options)


def test_a_refused_setting_is_a_users_mistake_and_a_value_error():
    assert issubclass(ConfigError, ResNetHubError)
    assert issubclass(ConfigError, ValueError)


def test_with_options_changes_only_what_is_named():
    assert ResNetConfig().with_options(depths=[1, 1, 1, 1], in_chans=1) == ResNetConfig(depths=(1, 1, 1, 1), in_chans=1)


def test_differences_are_json_values_of_this_and_not_of_the_other():
    changed = ResNetConfig(depths=(1, 2, 3, 4), num_classes=5)
    assert changed.differences(ResNetConfig()) == {"depths": [1, 2, 3, 4], "num_classes": 5}


@pytest.mark.parametrize(
    ("block", "blocks"),
    [("basic", ("basic",) * 4), (("basic", "basic", "bottleneck", "basic"),) * 2],
    ids=["one for all", "one for each"],
)
def test_blocks_name_the_block_of_each_stage(block, blocks):
    assert ResNetConfig(block=block).blocks == blocks


@pytest.mark.parametrize(
    ("in_chans", "mean"),
    [(3, (0.1, 0.2, 0.6)), (1, (0.3,)), (2, (0.1, 0.2)), (5, (0.1, 0.2, 0.6, 0.1, 0.2))],
)
def test_another_number_of_channels_averages_or_repeats_the_mean(in_chans, mean):
    adapted = Preprocessing(mean=(0.1, 0.2, 0.6)).with_channels(in_chans)
    assert (adapted.input_size, adapted.mean) == ((in_chans, 224, 224), mean)


def test_gray_takes_the_average_of_the_deviations():
    assert Preprocessing(std=(0.1, 0.2, 0.6)).with_channels(1).std == (0.3,)


@pytest.mark.parametrize(
    ("name", "names"),
    [("resnet51", "'resnet50', 'resnet101'"), ("zzz", "'resnet101', 'resnet50', 'seresnet50'")],
    ids=["close", "far from all"],
)
def test_the_nearest_names_come_first_and_all_where_none_is_near(name, names):
    assert nearest(name, ["seresnet50", "resnet101", "resnet50"], n=3).startswith(names)


def test_no_pooling_is_kept_as_timm_writes_it():
    assert ResNetConfig(global_pool="none", num_classes=0) == ResNetConfig(global_pool="", num_classes=0)


def test_numbers_of_numpy_become_json():
    config = ARCHITECTURES["resnet18"].with_options(num_classes=np.int64(5), drop_rate=np.float32(0.5))
    assert json.loads(json.dumps(config.to_json()))["num_classes"] == 5
    size = Preprocessing(input_size=(3, *np.array([32, 48])), crop_pct=np.float32(0.5))
    assert json.loads(json.dumps(size.to_json()))["input_size"] == [3, 32, 48]
    with pytest.raises(ConfigError, match="is out of range"):
        ResNetConfig(num_classes=np.float64(5))

"""config.json: what we write timm reads, what timm writes we read, and nonsense is refused in a sentence."""

import dataclasses
import json
import re

import pytest
from error_facts import code_and_fields
from timm.models import PretrainedCfg

from resnet_hub.checkpoint.config.format import CheckpointConfig
from resnet_hub.checks import checked_label_names
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import CheckpointError, ConfigError
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.registry.architectures import ARCHITECTURES, architecture

OURS = {"options": {"shortcut": "projection"}}
CIFAR = {"architecture": "cifar_resnet20", "num_classes": 10}
# What timm 1.0.31 writes for a small network of three classes.
TIMM = {
    "architecture": "test_resnet",
    "num_classes": 3,
    "num_features": 96,
    "global_pool": "avg",
    "label_names": ["cat", "dog", "bird"],
    "model_args": {"num_classes": 3, "in_chans": 3, "global_pool": "avg"},
    "pretrained_cfg": {
        "tag": "r160_in1k",
        "custom_load": False,
        "input_size": [3, 160, 160],
        "fixed_input_size": False,
        "interpolation": "bilinear",
        "crop_pct": 0.95,
        "crop_mode": "center",
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "num_classes": 3,
        "pool_size": [5, 5],
        "first_conv": "conv1.0",
        "classifier": "fc",
        "license": "apache-2.0",
    },
}
INPUT_160 = Preprocessing((3, 160, 160), "bilinear", 0.95, "center", (0.5,) * 3, (0.5,) * 3)


def settings(name="resnet18", label_names=None, details=None, preprocessing=None, **options):
    network = architecture(name).with_options(**options)
    usual = preprocessing or Preprocessing().with_channels(network.in_chans)
    return CheckpointConfig(network, usual, label_names, CheckpointMetadata.from_json(details or {}))


def written(saved):
    """The content of config.json as it is after a round through the file."""
    return json.loads(json.dumps(saved.to_json(512), allow_nan=False))


def timm(**changes):
    """timm's export with other root keys; a key of None is left out."""
    return {key: value for key, value in {**TIMM, **changes}.items() if value is not None}


def pretrained(**changes):
    return timm(pretrained_cfg={**TIMM["pretrained_cfg"], **changes})


def test_every_architecture_comes_back():
    saved = {name: settings(name, num_classes=0) for name in ARCHITECTURES}
    assert {name: CheckpointConfig.from_json(written(one)) for name, one in saved.items()} == saved


@pytest.mark.parametrize(
    "options",
    [
        {"num_classes": 2, "label_names": ("a", "b")},
        {"in_chans": 1},
        {"in_chans": 5, "output_stride": 8},
        {"act_layer": "silu", "norm_layer": "groupnorm"},
        {"global_pool": "catavgmax"},
        {"global_pool": "", "num_classes": 0},
        {"depths": [1, 1, 1, 1], "widths": [64, 64, 64, 64], "attn_layer": "se", "attn_ratio": 0.5, "aa_layer": "blur"},
        {"block": ["basic", "basic", "bottleneck", "basic"], "shortcut": "identity", "stem_pool": "none"},
        {"drop_rate": 0.1, "drop_path_rate": 0.2, "drop_block_rate": 0.3, "zero_init_last": False},
        {"preprocessing": INPUT_160},
        {"details": {"license": "mit", "tag": "mine", "metrics": {"top1": 0.5}, "dataset": "a/b"}},
    ],
    ids=lambda options: ",".join(options),
)
def test_every_option_comes_back(options):
    saved = settings(**options)
    assert CheckpointConfig.from_json(written(saved)) == saved


def test_the_root_has_what_timm_reads_and_ours_is_under_one_key():
    values = written(settings(label_names=("a", "b"), num_classes=2))
    assert set(values) == {
        "architecture",
        "num_classes",
        "num_features",
        "global_pool",
        "label_names",
        "pretrained_cfg",
        "resnet_hub",
    }


def test_model_args_never_has_the_number_of_classes():
    assert written(settings(num_classes=3, in_chans=1))["model_args"] == {"in_chans": 1}


def test_model_args_has_what_timm_calls_by_the_same_name():
    options = {"in_chans": 4, "output_stride": 8, "act_layer": "silu", "norm_layer": "groupnorm", "global_pool": "max"}
    assert written(settings(**options))["model_args"] == options


def test_pretrained_cfg_has_only_keys_that_timm_knows():
    values = written(settings(details={"license": "mit", "tag": "mine", "metrics": {}}))
    assert set(values["pretrained_cfg"]) <= {field.name for field in dataclasses.fields(PretrainedCfg)}


def test_pretrained_cfg_says_what_the_network_needs():
    written_cfg = written(settings(num_classes=3, output_stride=16, preprocessing=INPUT_160))["pretrained_cfg"]
    assert {key: written_cfg[key] for key in ("num_classes", "pool_size", "first_conv", "classifier", "crop_pct")} == {
        "num_classes": 3,
        "pool_size": [10, 10],
        "first_conv": "conv1",
        "classifier": "fc",
        "crop_pct": 0.95,
    }


def test_details_cannot_hide_the_version_or_the_options():
    values = written(settings("cifar_resnet20", shortcut="projection", details={"format": 7, "version": "x", **OURS}))
    assert (values["resnet_hub"]["format"], values["resnet_hub"]["options"]) == (1, {"shortcut": "projection"})


@pytest.mark.parametrize(
    ("name", "options", "opens"),
    [
        ("resnet18", {}, True),
        ("resnet18", {"in_chans": 1, "act_layer": "silu", "num_classes": 3, "drop_path_rate": 0.1}, True),
        ("resnet18", {"shortcut": "identity"}, False),
        ("cifar_resnet20", {}, False),
    ],
)
def test_a_checkpoint_knows_whether_timm_can_build_it(name, options, opens):
    assert settings(name, **options).opens_in_timm is opens


def test_an_export_of_timm_is_read():
    assert CheckpointConfig.from_json(TIMM) == CheckpointConfig(
        architecture("test_resnet").with_options(num_classes=3),
        INPUT_160,
        ("cat", "dog", "bird"),
        CheckpointMetadata(tag="r160_in1k", license="apache-2.0"),
    )


FLAT = {"architecture": "test_resnet", **TIMM["pretrained_cfg"]}
NAMES = ("cat", "dog", "bird")


def test_the_pooling_that_a_network_was_built_with_counts_more_than_the_root():
    assert CheckpointConfig.from_json(timm(model_args={"global_pool": "max"})).network.global_pool == "max"


@pytest.mark.parametrize(
    ("values", "classes", "channels", "names"),
    [
        (timm(model_args=None), 3, 3, NAMES),
        (FLAT, 3, 3, None),
        ({**FLAT, "label_names": list(NAMES)}, 3, 3, NAMES),
        (timm(label_names={"2": "bird", "0": "cat", "1": "dog"}), 3, 3, NAMES),
        (timm(num_classes=None), 3, 3, NAMES),
        (timm(label_names=None, pretrained_cfg={"label_names": list(NAMES)}), 3, 3, NAMES),
        (timm(num_classes=2, label_names=["a", "b"]), 2, 3, ("a", "b")),
        (timm(num_classes=2, label_names=None, pretrained_cfg={"label_names": list(NAMES)}), 2, 3, None),
        (timm(model_args=None, pretrained_cfg={"input_size": [1, 9, 9], "mean": [0.5], "std": [0.5]}), 3, 1, NAMES),
        (timm(model_args={"in_chans": 1}), 3, 1, NAMES),
        ({"architecture": "test_resnet"}, 1000, 3, None),
    ],
    ids=[
        "no model_args",
        "flat",
        "flat with names",
        "names as a dictionary",
        "classes of the input's configuration",
        "names of the input's configuration",
        "other classes than the network it was tuned from",
        "no names where those of its origin do not fit",
        "channels of the input's size",
        "other channels than the network it was tuned from",
        "an architecture alone",
    ],
)
def test_older_forms_are_read(values, classes, channels, names):
    saved = CheckpointConfig.from_json(values)
    assert (saved.network.num_classes, saved.network.in_chans, saved.label_names) == (classes, channels, names)
    assert saved.preprocessing.input_size[0] == channels


WRONG = [
    ({}, "config.json names no architecture, so it is no image network that we can build"),
    ({"architecture": None}, "config.json names no architecture"),
    ({"architecture": ["resnet18"]}, "config.json names no architecture"),
    ({"architecture": "resnet19"}, "there is no architecture 'resnet19'; the nearest are 'resnet1"),
    ({**CIFAR, "resnet_hub": {"format": 2}}, "config.json has format 2; this version reads 1: upgrade resnet_hub"),
    ({**CIFAR, "resnet_hub": ["x"]}, "config.json has resnet_hub=['x']; expected an object with named values"),
    ({**CIFAR, "resnet_hub": {"options": 3}}, "config.json has options=3; expected an object with named values"),
    (timm(model_args=[1]), "config.json has model_args=[1]; expected an object with named values"),
    (timm(pretrained_cfg="x"), "config.json has pretrained_cfg='x'; expected an object with named values"),
    (timm(model_args={"stem_typ": "deep"}), "there is no option 'stem_typ'; the nearest are 'stem_pool'"),
    (timm(model_args={"stem_type": "same"}), "config.json has stem_type='same'; choose one of '', 'deep'"),
    (timm(model_args={"architecture": "resnet18"}), "config.json names a second architecture, 'resnet18'; drop it"),
    (timm(model_args={"act_layer": None}), "act_layer=None must be a name such as 'relu'"),
    (timm(num_classes=2), "config.json has 3 label_names, but the network has 2 classes"),
    (timm(num_classes="3"), "num_classes='3' is out of range; expected a whole number from 0 to 1000000"),
    (timm(label_names="abc"), "config.json has label_names that are no list of texts"),
    (timm(label_names=[1, 2, 3]), "config.json has label_names that are no list of texts"),
    (timm(label_names={"a": "cat"}), "config.json has label_names whose keys are not the numbers from 0"),
    (timm(label_names={"1": "cat", "2": "dog", "3": "bird"}), "config.json has label_names whose keys are not the num"),
    (pretrained(mean=[0.5]), "mean has 1 numbers, but the input has 3 channels"),
    (pretrained(crop_pct="95%"), "crop_pct='95%' is out of range; expected a number from 0.05 to 1"),
    (pretrained(interpolation="random"), "interpolation='random' is not known; choose one of 'nearest', 'bilinear'"),
    (
        {**timm(model_args={"in_chans": 1}), "resnet_hub": {"format": 1}},
        "config.json gives an input of 3 channels to a network of 1",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_a_config_that_cannot_be_meant_is_refused_in_one_sentence(values, sentence):
    with pytest.raises((CheckpointError, ConfigError), match="^" + re.escape(sentence)) as refusal:
        CheckpointConfig.from_json(values)
    assert "\n" not in str(refusal.value)


def adapted(saved, num_classes=None, label_names=None, in_chans=None, **options):
    return saved.adapted(num_classes=num_classes, label_names=label_names, in_chans=in_chans, options=options)


NAMED = settings(num_classes=2, label_names=("a", "b"))
NAMELESS = settings(num_classes=2)


@pytest.mark.parametrize(
    ("saved", "wanted", "names", "new_head"),
    [
        (NAMED, {}, ("a", "b"), False),
        (NAMED, {"num_classes": 2}, ("a", "b"), False),
        (NAMED, {"label_names": ["a", "b"]}, ("a", "b"), False),
        (NAMED, {"label_names": ["b", "a"]}, ("b", "a"), True),
        (NAMED, {"num_classes": 3}, None, True),
        (NAMED, {"num_classes": 0}, None, True),
        (NAMED, {"label_names": ["x", "y", "z"], "num_classes": 3}, ("x", "y", "z"), True),
        (NAMELESS, {"label_names": ["x", "y"]}, ("x", "y"), False),
        (NAMELESS, {}, None, False),
    ],
    ids=str,
)
def test_a_new_head_is_needed_for_other_classes_only(saved, wanted, names, new_head):
    result = adapted(saved, **wanted)
    assert (result.label_names, saved.needs_new_head(result)) == (names, new_head)


def test_more_channels_change_the_network_and_its_input():
    result = adapted(settings(), in_chans=4)
    assert (result.network.in_chans, result.preprocessing) == (4, Preprocessing().with_channels(4))


def test_options_change_the_network_only():
    assert adapted(settings(), drop_path_rate=0.1) == settings(drop_path_rate=0.1)


def test_names_and_a_number_that_contradict_are_refused():
    with pytest.raises(ConfigError) as refused:
        adapted(settings(), num_classes=3, label_names=["a", "b"])
    assert code_and_fields(refused.value) == ("checkpoint.two_head_sizes", {"classes": 3, "names": 2})


def test_a_single_text_is_no_list_of_names():
    with pytest.raises(ConfigError) as refused:
        checked_label_names("cat", 3)
    assert code_and_fields(refused.value) == ("checks.label_names_in_one_text", {"names": "cat"})


def test_label_names_that_are_numbers_become_texts():
    assert checked_label_names([0, 1], 2) == ("0", "1")


def test_a_network_off_the_table_is_written_as_its_differences():
    network = ResNetConfig(architecture="resnet18", block="basic", depths=(1, 1), widths=(8, 16))
    values = written(CheckpointConfig(network, Preprocessing()))
    assert values["resnet_hub"]["options"] == {"depths": [1, 1], "widths": [8, 16]}

"""timm's words for `create_model`: they mean here what they mean there, or ours is named in a sentence."""

import copy
import json

import pytest
import timm
import torch
from error_facts import Begins, code_and_fields
from random_weights import assert_equal, lively
from timm.data import resolve_model_data_config
from timm.models import save_for_hf

from resnet_hub import AutoResNet, create_model
from resnet_hub.errors import ConfigError

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
ON_META = ("resnet18", "resnet50.tv2_in1k", "resnetv2_50x1_bit.goog_in21k_ft_in1k", "resnetrs50", "resnet50.a1_in1k")


@pytest.mark.parametrize(
    ("name", "options"), [*((name, {}) for name in ON_META), ("resnetv2_50x1_bit", {"features_only": True})], ids=str
)
def test_the_data_config_is_timms(name, options):
    with torch.device("meta"):
        ours, theirs = create_model(name, **options), timm.create_model(name, **options)
    assert resolve_model_data_config(ours) == resolve_model_data_config(theirs)
    assert ours.default_cfg["first_conv"] == theirs.default_cfg["first_conv"]
    assert ours.in_chans == theirs.in_chans


def test_the_data_config_follows_the_network():
    model = create_model("test_resnet", in_chans=1, num_classes=2)
    assert resolve_model_data_config(model)["input_size"] == (1, 160, 160)
    model.preprocessing = create_model(
        "resnetv2_50x1_bit.goog_in21k_ft_in1k", depths=(1,), widths=(32,)
    ).preprocessing.with_channels(1)
    assert resolve_model_data_config(model)["input_size"] == (1, 448, 448)
    assert (model.pretrained_cfg["num_classes"], model.pretrained_cfg["classifier"]) == (2, "fc")


def test_the_config_of_published_weights_has_the_size_that_they_are_tested_with():
    model = create_model("resnet18", depths=(1,), widths=(8,))
    model.metadata = model.metadata.from_json({"tag": "a1_in1k"})
    assert model.pretrained_cfg["test_input_size"] == timm.get_pretrained_cfg("resnet18.a1_in1k").test_input_size


@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model, "pretrained_cfg", {}),
        lambda model: setattr(model, "default_cfg", {}),
        lambda model: model.pretrained_cfg.update(mean=(0, 0, 0)),
        lambda model: model.default_cfg.__setitem__("mean", (0, 0, 0)),
    ],
)
def test_a_config_that_would_not_stay_cannot_be_set(change):
    with pytest.raises(ConfigError) as refused:
        change(create_model("test_resnet"))
    assert code_and_fields(refused.value) == ("models.pretrained_cfg_is_derived", {})


def test_a_copy_of_the_config_may_be_changed():
    config = create_model("test_resnet").pretrained_cfg
    for copied in (dict(config), copy.copy(config), copy.deepcopy(config)):
        copied["mean"] = (0, 0, 0)
    json.dumps(config)


@pytest.mark.parametrize("name", ["test_resnet", "resnetv2_18"])
def test_what_timm_saves_of_a_network_opens_in_timm_and_here(tmp_path, name):
    model = lively(name, num_classes=4, in_chans=4, output_stride=16, act_layer="silu")
    save_for_hf(model, tmp_path, safe_serialization=True)
    images = IMAGES.repeat(1, 2, 1, 1)[:, :4]
    expected = model(images)
    assert_equal(timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()(images), expected)
    for opened in (AutoResNet.from_pretrained(tmp_path), create_model(f"local-dir:{tmp_path}", pretrained=True).eval()):
        assert_equal(opened(images), expected)


@pytest.fixture
def weights(tmp_path):
    """A network, and a file with its weights."""
    model = lively("test_resnet", num_classes=4)
    file = tmp_path / "weights.pth"
    torch.save(model.state_dict(), file)
    return model, file


@pytest.mark.parametrize(
    "words",
    [
        lambda file: {"checkpoint_path": file},
        lambda file: {"checkpoint_path": str(file), "pretrained": False, "scriptable": True},
        lambda file: {"pretrained": True, "pretrained_cfg_overlay": {"file": str(file)}},
        lambda file: {"pretrained": True, "pretrained_cfg_overlay": {"file": str(file), "num_classes": 4}},
        lambda file: {"pretrained": True, "pretrained_cfg": {"file": file, "url": ""}},
    ],
)
def test_weights_come_from_the_file_that_is_named(weights, words):
    model, file = weights
    opened = create_model("test_resnet", num_classes=4, **words(file))
    assert opened.training
    assert torch.equal(opened.eval()(IMAGES), model(IMAGES))


def test_words_that_need_nothing_here_change_nothing():
    plain = create_model("test_resnet")
    words = {"scriptable": True, "exportable": True, "no_jit": True, "cache_dir": "/nowhere", "drop_rate": None}
    assert create_model(model_name="timm/test_resnet", **words, num_classes=None).config == plain.config
    assert create_model("test_resnet", False, device="meta").fc.weight.is_meta
    assert create_model("test_resnet", dtype=torch.float64).fc.weight.dtype == torch.float64


@pytest.mark.parametrize("overlay", [{"mean": [0.5] * 3, "crop_pct": 0.9}, {"input_size": (3, 96, 128)}], ids=str)
def test_the_overlay_sets_the_input(overlay):
    models = [create("test_resnet", pretrained_cfg_overlay=overlay) for create in (create_model, timm.create_model)]
    ours, theirs = map(resolve_model_data_config, models)
    assert ours == {**theirs, "mean": tuple(theirs["mean"])}


def test_a_tag_and_the_config_of_another_network_set_the_input():
    config = timm.create_model("resnet18.fb_ssl_yfcc100m_ft_in1k", device="meta").pretrained_cfg
    for given in ("fb_ssl_yfcc100m_ft_in1k", config, timm.get_pretrained_cfg("resnet18.fb_ssl_yfcc100m_ft_in1k")):
        model = create_model("resnet18", pretrained_cfg=given, depths=(1,), widths=(8,))
        assert resolve_model_data_config(model)["interpolation"] == config["interpolation"] == "bilinear"


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ({"avg_down": True}, "models.option_of_timm", {"name": "avg_down", "ours": "shortcut='avg_projection'"}),
        ({"layers": [1, 1]}, "models.option_of_timm", {"name": "layers", "ours": "depths"}),
        ({"pretrained_cfg": 3}, "models.no_pretrained_cfg", {"word": "pretrained_cfg", "value": 3}),
        (
            {"pretrained_cfg_overlay": {"url": "https://example.com/w.pth"}},
            "models.weights_elsewhere",
            {"word": "pretrained_cfg_overlay", "key": "url"},
        ),
        (
            {"pretrained_cfg_overlay": {"meen": 0}},
            "models.unknown_pretrained_key",
            {"word": "pretrained_cfg_overlay", "key": "meen", "nearest": Begins("'mean'")},
        ),
        (
            {"features_only": True, "feature_cls": "tree"},
            "models.unknown_feature_class",
            {"kind": "tree", "known": "list, dict, hook, fx, getter"},
        ),
        (
            {"features_only": True, "feature_cfg": {"norm": True}},
            "models.unknown_feature_option",
            {"key": "norm", "known": Begins("out_indices, ")},
        ),
        ({"features_only": True, "output_fmt": "NHWC"}, "nn.output_format", {"output_fmt": "NHWC"}),
    ],
    ids=str,
)
def test_a_word_that_is_not_taken_is_named_with_ours(words, code, expected):
    with pytest.raises(ConfigError) as refused:
        create_model("test_resnet", **words)
    assert code_and_fields(refused.value) == (code, expected)


@pytest.mark.parametrize("name", ["hf-hub:a/b", "hf_hub:a/b", "local-dir:a"])
def test_an_address_without_pretrained_is_refused(name):
    with pytest.raises(ConfigError) as refused:
        create_model(name)
    assert code_and_fields(refused.value)[0] == "models.address_without_weights"


@pytest.mark.parametrize(
    ("name", "kind"), [*(("test_resnet", kind) for kind in ("hook", "fx", "getter", "dict")), ("resnetv2_18", "dict")]
)
def test_feature_classes_give_the_same_maps(name, kind):
    options = {"features_only": True, "feature_cls": kind, "out_indices": (1, 3)}
    ours = create_model(name, **options).eval()
    ours.load_state_dict(state := create_model(name, features_only=True, out_indices=(1, 3)).state_dict())
    expected = create_model(name, features_only=True, out_indices=(1, 3)).eval()
    expected.load_state_dict(state)
    maps = ours(IMAGES)
    if kind == "dict":
        assert list(maps) == list(timm.create_model(name, **options).eval()(IMAGES)) == ["1", "3"]
    for one, other in zip(maps.values() if kind == "dict" else maps, expected(IMAGES), strict=True):
        assert torch.equal(one, other)


def test_an_architecture_without_weights_has_timms_tag_for_it_too():
    assert create_model("seresnet18.untrained", depths=(1,), widths=(8,)).config.architecture == "seresnet18"


@pytest.mark.parametrize(
    ("name", "options"),
    [("resnet10t", {}), ("cifar_resnet20", {}), ("test_resnet", {"output_stride": 8}), ("resnetblur18", {})],
    ids=str,
)
def test_the_pool_size_is_that_of_the_last_feature_map(name, options):
    model = create_model(name, depths=(1,) * (3 if "cifar" in name else 4), **options).eval()
    images = torch.zeros(1, *model.preprocessing.input_size)
    assert model.pretrained_cfg["pool_size"] == model.forward_features(images).shape[-2:]


def test_dropout_may_be_changed_at_any_time():
    model = create_model("test_resnet").train()
    model.drop_rate = 0.5
    pooled = model.forward_head(torch.ones(500, model.num_features, 1, 1), pre_logits=True)
    assert (pooled == 0).float().mean() == pytest.approx(0.5, abs=0.02)
    assert model.drop_rate == model.config.drop_rate == 0.5


@pytest.mark.parametrize("indices", [[0], [1, 2], 1, [4]], ids=str)
@pytest.mark.parametrize("name", ["test_resnet", "resnetv2_18"])
def test_pruned_levels_leave_what_timm_leaves(name, indices):
    models = [create(name) for create in (create_model, timm.create_model)]
    expected = models[0].forward_intermediates(IMAGES, indices, intermediates_only=True)
    kept = [model.prune_intermediate_layers(indices, prune_norm=True) for model in models]
    assert kept[0] == kept[1]
    assert list(models[0].state_dict()) == list(models[1].state_dict())
    assert models[0].num_features == models[1].num_features
    levels = models[0].forward_intermediates(IMAGES, kept[0], intermediates_only=True)
    assert [level.shape for level in levels] == [level.shape for level in expected]
    assert models[0](IMAGES).shape[1] == models[1](IMAGES).shape[1]

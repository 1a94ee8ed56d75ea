"""Pre-activation networks besides their numbers, which test_timm_parity.py compares: class, files, head, refusals."""

import copy
import json
import logging

import pytest
import timm
import torch
from error_facts import Begins, code_and_fields
from random_weights import assert_equal, lively, random_state, undrawn
from torch import nn
from transformers import AutoModelForImageClassification

from resnet_hub import ResNet, ResNetV2, create_model
from resnet_hub.errors import ConfigError
from resnet_hub.models.pretrained import PretrainedNetwork
from resnet_hub.registry.architectures import PREACTIVATION, architecture

IMAGES = torch.randn(2, 13, 64, 64, generator=torch.Generator().manual_seed(0))
NAMES = ("cat", "dog", "bird")
# One of each kind of norm, stem and convolution, with what both libraries can be asked for.
SHARED = [
    ("resnetv2_18", {}),
    ("resnetv2_18d", {"in_chans": 1}),
    ("resnetv2_18", {"in_chans": 4, "act_layer": "silu", "norm_layer": "evonorms0"}),
    ("resnetv2_18d", {"output_stride": 16, "global_pool": "catavgmax", "norm_layer": "frntlu"}),
    ("resnetv2_50x1_bit", {}),
]
TINY = {"depths": (1, 2), "widths": (32, 64), "stem_width": 32, "num_classes": 3}


def outputs(model):
    channels = next(model.parameters()).shape[1]
    with torch.inference_mode():
        result = model.eval()(IMAGES[:, :channels])
    return getattr(result, "logits", result)


def saved(folder, name="resnetv2_18", **options):
    model = lively(name, label_names=NAMES, **{"num_classes": 3, **options})
    model.save_pretrained(folder)
    return model


@pytest.mark.parametrize("name", PREACTIVATION)
def test_a_name_becomes_a_network_of_this_class(name):
    with torch.device("meta"):
        assert type(create_model(name)) is ResNetV2


@pytest.mark.parametrize("asked", [ResNet, ResNetV2, PretrainedNetwork])
def test_a_checkpoint_becomes_a_network_of_this_class_whoever_is_asked(asked, tmp_path):
    ours = saved(tmp_path, **TINY)
    model = asked.from_pretrained(tmp_path)
    assert type(model) is ResNetV2
    assert torch.equal(outputs(model), outputs(ours))


def test_a_checkpoint_of_the_first_family_becomes_a_network_of_that(tmp_path):
    saved(tmp_path, "test_resnet")
    assert type(ResNetV2.from_pretrained(tmp_path)) is ResNet


@pytest.mark.parametrize(("asked", "name"), [(ResNet, "resnetv2_18"), (ResNetV2, "resnet18")])
def test_a_class_refuses_the_config_of_another(asked, name):
    with pytest.raises(ConfigError, match=f"{name} has family='resnet.*', which {asked.__name__} does not build"):
        asked(architecture(name))


@pytest.mark.parametrize(("name", "options"), SHARED, ids=str)
def test_timm_opens_what_we_save(name, options, tmp_path):
    ours = saved(tmp_path, name, **options)
    with undrawn():
        theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True)
    assert_equal(outputs(ours), outputs(theirs))
    assert theirs.pretrained_cfg["label_names"] == list(NAMES)


@pytest.mark.parametrize(("name", "options"), SHARED[:4], ids=str)
def test_we_open_what_timm_saves(name, options, tmp_path):
    with undrawn():
        theirs = timm.create_model(name, num_classes=3, **options)
    theirs.load_state_dict(random_state(theirs))
    timm.models.save_for_hf(theirs, tmp_path, model_args=options, safe_serialization=True)
    assert_equal(outputs(ResNetV2.from_pretrained(tmp_path)), outputs(theirs))


def test_transformers_opens_what_we_save(tmp_path):
    ours = saved(tmp_path)
    theirs = AutoModelForImageClassification.from_pretrained(tmp_path)
    assert_equal(outputs(ours), outputs(theirs))
    assert theirs.config.id2label == dict(enumerate(NAMES))


@pytest.mark.parametrize(("name", "first"), [("resnetv2_18", "stem.conv"), ("resnetv2_18d", "stem.conv1")])
def test_the_config_file_names_the_head_and_the_first_convolution(name, first, tmp_path):
    saved(tmp_path, name, depths=(1,), widths=(64,))
    told = json.loads((tmp_path / "config.json").read_text())["pretrained_cfg"]
    assert (told["first_conv"], told["classifier"]) == (first, "head.fc")


def test_a_network_that_timm_cannot_build_is_opened_by_us(tmp_path):
    ours = saved(tmp_path, **TINY, conv_layer="std_conv2d", stem_pool="zero_padded_max", norm_layer="groupnorm")
    model = ResNet.from_pretrained(tmp_path)
    assert model.config == ours.config
    assert torch.equal(outputs(model), outputs(ours))


def test_other_classes_get_a_new_head_and_the_rest_stays(tmp_path, caplog):
    ours = saved(tmp_path, **TINY)
    model = ResNet.from_pretrained(tmp_path, num_classes=5)
    assert (model.head_is_new, outputs(model).shape) == (True, (2, 5))
    assert torch.equal(model.forward_features(IMAGES[:, :3]), ours.forward_features(IMAGES[:, :3]))
    sentence = "new head of 5 classes, random until trained: head.fc.weight, head.fc.bias"
    assert caplog.record_tuples == [("resnet_hub.checkpoint.folder", logging.WARNING, sentence)]


@pytest.fixture(scope="module", params=["resnetv2_18", "resnetv2_18d", "resnetv2_50x1_bit"])
def color_checkpoint(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    saved(folder, request.param)
    return folder


@pytest.mark.parametrize("wanted", [1, 2, 4, 13])
def test_other_channels_adapt_the_first_convolution_as_timm_does(color_checkpoint, wanted):
    with undrawn():
        theirs = timm.create_model(f"local-dir:{color_checkpoint}", pretrained=True, in_chans=wanted)
    ours = ResNet.from_pretrained(color_checkpoint, in_chans=wanted)
    first = f"{ours.first_conv}.weight"
    torch.testing.assert_close(ours.get_parameter(first), theirs.get_parameter(first), rtol=1e-6, atol=1e-6)
    assert_equal(outputs(ours), outputs(theirs))


@pytest.mark.parametrize("name", ["resnetv2_18", "resnetv2_18d"])
def test_a_weights_file_says_its_classes_and_channels_itself(name, tmp_path):
    ours = lively(name, num_classes=3, in_chans=1)
    torch.save(ours.state_dict(), tmp_path / "net.pth")
    model = ResNet.from_pretrained(tmp_path / "net.pth", architecture=name)
    assert (model.num_classes, model.config.in_chans) == (3, 1)
    assert torch.equal(outputs(model), outputs(ours))


def test_a_new_head_can_take_the_place_of_the_old_and_the_norm_stays():
    model = lively("resnetv2_18", **TINY).double()
    features = model.forward_features(IMAGES[:, :3].double())
    model.reset_classifier(2, label_names=["cat", "dog"])
    assert torch.equal(model.forward_features(IMAGES[:, :3].double()), features)
    assert model.forward_head(features).shape == (2, 2)
    model.reset_classifier(0)
    assert torch.equal(model.forward_head(features), model.forward_head(features, pre_logits=True))


def test_the_classifier_is_the_convolution_that_timm_names():
    model = create_model("resnetv2_18", **TINY)
    assert model.get_classifier() is model.head.fc
    assert model.head.fc.weight.shape == (3, model.num_features, 1, 1)


def test_the_levels_are_bare_sums_and_the_last_map_is_normalized():
    model = lively("resnetv2_18", **TINY)
    last, levels = model.forward_intermediates(IMAGES[:, :3])
    assert torch.equal(levels[0], model.stem(IMAGES[:, :3]))
    assert levels[-1].min() < 0
    assert torch.equal(last, model.norm(levels[-1]))
    assert torch.equal(last, model.forward_features(IMAGES[:, :3]))


def test_gradient_checkpointing_changes_neither_gradients_nor_statistics():
    plain = create_model("resnetv2_18", **TINY)
    frugal = copy.deepcopy(plain)
    frugal.set_grad_checkpointing()
    for model in (plain, frugal):
        model.train()(IMAGES[:, :3]).square().sum().backward()
    for one, other in zip(plain.parameters(), frugal.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
    for one, other in zip(plain.buffers(), frugal.buffers(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", ["resnetv2_18", "resnetv2_50t", "resnetv2_50d_evos", "resnetv2_50x1_bit"])
def test_a_gradient_reaches_every_parameter(name):
    model = create_model(name, num_classes=3, depths=(1, 1, 1, 1)).train()
    nn.functional.cross_entropy(model(IMAGES[:, :3]), torch.tensor([1, 2])).backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.any()] == []


def test_the_stem_of_small_images_keeps_their_size(tmp_path):
    ours = saved(tmp_path, stem="3x3", stem_pool="none")
    assert ours.stem(IMAGES[:, :3]).shape[2:] == (64, 64)
    assert [level["reduction"] for level in ours.feature_info] == [1, 1, 2, 4, 8]
    assert torch.equal(outputs(ResNet.from_pretrained(tmp_path)), outputs(ours))


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_drop_block_works_in_the_last_two_stages_and_in_training_only(block):
    model = lively("resnetv2_18", block=block, drop_block_rate=0.5)
    plain = lively("resnetv2_18", block=block)
    assert torch.equal(outputs(model), outputs(plain))
    images = IMAGES.repeat(1, 1, 4, 4)[:, :3]
    for one in (model, plain):
        one.train()
    levels, plain_levels = (one.forward_intermediates(images, intermediates_only=True) for one in (model, plain))
    same = [torch.equal(level, other) for level, other in zip(levels, plain_levels, strict=True)]
    assert same == [True, True, True, False, False]


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_zero_init_last_makes_each_new_block_its_shortcut(block):
    model = create_model("resnetv2_18", block=block, zero_init_last=True, **TINY)
    x = torch.randn(2, 64 if block == "basic" else 256, 8, 8)
    assert torch.equal(model.stages[1].blocks[1](x), x)


def test_a_new_head_of_a_new_network_is_small():
    model = create_model("resnetv2_18")
    assert model.head.fc.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not model.head.fc.bias.any()


def test_new_convolutions_keep_the_size_of_gradients():
    convolution = create_model("resnetv2_18").stages[3].blocks[1].conv1
    assert convolution.weight.std().item() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.05)


@pytest.mark.parametrize("coarse", [False, True])
def test_parameters_are_grouped_as_in_timm(coarse):
    assert create_model("resnetv2_18").group_matcher(coarse) == timm.create_model("resnetv2_18").group_matcher(coarse)


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (
            {"attn_layer": "se"},
            "config.other_family",
            {"name": "attn_layer", "value": "se", "family": "resnetv2", "choices": "None"},
        ),
        (
            {"cardinality": 32},
            "config.other_family",
            {"name": "cardinality", "value": 32, "family": "resnetv2", "choices": "1"},
        ),
        (
            {"shortcut": "identity"},
            "config.other_family",
            {
                "name": "shortcut",
                "value": "identity",
                "family": "resnetv2",
                "choices": "'projection', 'avg_projection'",
            },
        ),
        ({"block": "plain"}, "nn.unknown_block", {"name": "plain", "nearest": Begins("'")}),
        (
            {"norm_layer": "groupnorm", "stem": "tiered"},
            "nn.norm_groups",
            {"name": "groupnorm", "groups": 32, "architecture": "resnetv2_18", "channels": 48},
        ),
        ({"stem": "tiered", "stem_width": 3}, "nn.stem_width", {"width": 3}),
    ],
    ids=str,
)
def test_a_network_that_cannot_be_built_is_refused(options, code, expected):
    with pytest.raises(ConfigError) as refused:
        create_model("resnetv2_18", **options)
    assert code_and_fields(refused.value) == (code, expected)

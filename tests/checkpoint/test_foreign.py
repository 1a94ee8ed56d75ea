"""The forms of config.json that other writers have had: each is read as the network that its writer meant."""

import pytest

from resnet_hub.checkpoint.config.foreign import today_form
from resnet_hub.checkpoint.config.format import CheckpointConfig
from resnet_hub.config import ResNetConfig
from resnet_hub.registry.architectures import architecture

NAMES = ("cat", "dog", "bird")
# The oldest form, and what newer ones have under "pretrained_cfg": source keys that say where the weights were.
FLAT = {
    "url": "",
    "hf_hub_id": "timm/resnet18.a1_in1k",
    "num_classes": 3,
    "input_size": [3, 64, 64],
    "pool_size": [2, 2],
    "crop_pct": 0.95,
    "interpolation": "bilinear",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "first_conv": "conv1",
    "classifier": "fc",
}
FORMS = {
    "flat": {**FLAT, "architecture": "resnet18"},
    "flat, of the first Hub support": {**FLAT, "architecture": "resnet18", "hf_hub": "alice/net", "num_features": 512},
    "flat, with labels": {**FLAT, "architecture": "resnet18", "labels": list(NAMES)},
    "root and pretrained_cfg": {"architecture": "resnet18", "num_classes": 3, "pretrained_cfg": FLAT},
    "labels at the root": {"architecture": "resnet18", "labels": list(NAMES), "pretrained_cfg": FLAT},
    "labels in pretrained_cfg": {"architecture": "resnet18", "pretrained_cfg": {**FLAT, "labels": list(NAMES)}},
    "names in pretrained_cfg": {"architecture": "resnet18", "pretrained_cfg": {**FLAT, "label_names": list(NAMES)}},
    "names by number": {
        "architecture": "resnet18",
        "label_names": {"2": "bird", "0": "cat", "1": "dog"},
        "pretrained_cfg": FLAT,
    },
    "id2label of transformers": {
        "architecture": "resnet18",
        "id2label": {"0": "cat", "1": "dog", "2": "bird"},
        "pretrained_cfg": FLAT,
    },
    "made-up names of transformers": {
        "architecture": "resnet18",
        "id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"},
        "pretrained_cfg": FLAT,
    },
    "model_args of today": {
        "architecture": "resnet18",
        "num_classes": 3,
        "model_args": {"num_classes": 3, "in_chans": 3, "global_pool": "avg"},
        "pretrained_cfg": FLAT,
    },
    "no model_args": {"architecture": "resnet18", "num_classes": 3, "model_args": None, "pretrained_cfg": FLAT},
    "old name": {"architecture": "tv_resnet34", "pretrained_cfg": FLAT},
    "name with a tag": {"architecture": "resnet18.a1_in1k", "pretrained_cfg": FLAT},
}


@pytest.mark.parametrize("values", FORMS.values(), ids=FORMS)
def test_every_form_says_the_same(values):
    saved = CheckpointConfig.from_json(values)
    name = "resnet34" if values["architecture"] == "tv_resnet34" else "resnet18"
    assert saved.network == architecture(name).with_options(num_classes=3)
    assert (saved.preprocessing.crop_pct, saved.preprocessing.input_size) == (0.95, (3, 64, 64))
    named = "label" in str(values) and "LABEL" not in str(values)
    assert saved.label_names == (NAMES if named else None)


def from_timm(name="resnet18", **model_args):
    return CheckpointConfig.from_json({"architecture": name, "model_args": model_args, "pretrained_cfg": FLAT}).network


# timm's arguments, and ours.
ARGUMENTS = [
    ("resnet18", {"stem_type": "deep", "stem_width": 32}, {"stem": "deep", "stem_width": 32}),
    ("resnet18", {"stem_type": "deep_tiered", "stem_width": 32}, {"stem": "tiered", "stem_width": 32}),
    ("resnet18d", {"stem_type": ""}, {"stem": "7x7"}),
    ("resnet18", {"stem_width": 32}, {}),  # a plain stem has 64 channels in timm whatever this says
    ("resnet18d", {"stem_width": 64}, {"stem_width": 64}),
    ("resnet18", {"avg_down": True}, {"shortcut": "avg_projection"}),
    ("resnet18d", {"avg_down": False}, {"shortcut": "projection"}),
    ("resnet18", {"replace_stem_pool": True}, {"stem_pool": "conv"}),
    ("resnet18", {"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}, {"depths": [1] * 4, "widths": [8] * 4}),
    ("resnet50", {"block_reduce_first": 2}, {"reduce_first": 2}),
    ("resnet50", {"block_args": {"attn_layer": "se"}}, {"attn_layer": "se"}),
    ("resnetrs50", {"block_args": {"attn_layer": "eca"}}, {"attn_layer": "eca", "attn_ratio": 1 / 16}),
    ("resnetrs50", {"block_args": {}}, {"attn_layer": None, "attn_ratio": 1 / 16}),
    ("resnet50", {"cardinality": 32, "base_width": 4}, {"cardinality": 32, "base_width": 4}),
    ("resnet18", {"drop_path_rate": 0.1, "act_layer": "silu"}, {"drop_path_rate": 0.1, "act_layer": "silu"}),
]


@pytest.mark.parametrize(("name", "theirs", "ours"), ARGUMENTS, ids=str)
def test_an_argument_of_timm_means_the_option_of_ours(name, theirs, ours):
    assert from_timm(name, **theirs) == architecture(name).with_options(num_classes=3, **ours)


def test_an_old_name_that_leads_elsewhere_in_timm_is_the_network_that_it_says():
    assert from_timm("ig_resnext101_32x16d").architecture == "resnext101_32x16d"


def test_numbers_without_a_name_get_their_number():
    values = {"architecture": "resnet18", "label_names": {"0": "cat", "2": "bird"}, "pretrained_cfg": FLAT}
    assert CheckpointConfig.from_json(values).label_names == ("cat", "1", "bird")


def test_descriptions_of_the_classes_are_kept_where_timm_has_them():
    described = {"cat": "a domestic cat", "wolf": "of the parent"}
    values = {"architecture": "resnet18", "label_names": NAMES, "label_descriptions": described, "pretrained_cfg": FLAT}
    saved = CheckpointConfig.from_json({**values, "label_names": list(NAMES)})
    written = saved.to_json(512)
    assert written["label_descriptions"] == {"cat": "a domestic cat"}
    assert "label_descriptions" not in written["resnet_hub"]
    assert CheckpointConfig.from_json(written) == saved


def wrapped(**changes):
    """What TimmWrapper saves: no number of classes beside the input, its own keys at the root."""
    pretrained = {key: value for key, value in FLAT.items() if key != "num_classes"}
    values = {"architectures": ["TimmWrapperForImageClassification"], "model_type": "timm_wrapper", "model_args": None}
    return {"architecture": "resnet18", "num_classes": 3, "pretrained_cfg": pretrained, **values, **changes}


def test_what_transformers_wraps_is_read():
    saved = CheckpointConfig.from_json(wrapped(label_names=list(NAMES)))
    assert (saved.network, saved.label_names) == (architecture("resnet18").with_options(num_classes=3), NAMES)


def test_a_wrapped_network_without_a_head_has_no_classes():
    saved = CheckpointConfig.from_json(wrapped(architectures=["TimmWrapperModel"], label_names=list(NAMES)))
    assert (saved.network.num_classes, saved.label_names) == (0, None)


def test_names_that_transformers_kept_of_another_head_are_left_out_with_a_warning(caplog):
    saved = CheckpointConfig.from_json(wrapped(num_classes=5, label_names=list(NAMES)))
    assert (saved.network.num_classes, saved.label_names) == (5, None)
    assert caplog.messages == [
        "config.json has 3 label_names for 5 classes, which transformers kept of another head; they are left out"
    ]


def test_the_fields_that_the_mixin_leaves_at_the_root_are_read():
    network = architecture("resnet50d").with_options(num_classes=3, attn_layer="se", depths=[1, 1, 1, 1], stem_width=16)
    assert CheckpointConfig.from_json(network.to_json()).network == network


def test_a_form_of_today_is_left_as_it_is():
    values = {"architecture": "resnet18", "num_classes": 3, "pretrained_cfg": FLAT, "resnet_hub": {"format": 1}}
    assert today_form(values) == values


def test_a_plain_config_of_ours_has_every_field_a_default():
    assert CheckpointConfig.from_json({"architecture": "resnet50"}).network == ResNetConfig()

"""Options in every kind of network: a network of them trains, and its checkpoint comes back the same.

Each option is in each kind once, several of them in one network; `make parity` takes every option alone.
"""

import pytest
import torch
from pairwise import all_pairs
from random_weights import assert_equal, lively

from resnet_hub import ResNet

# One small network of each kind.
KINDS = {
    "basic": ("resnet18", {"depths": (1, 2), "widths": (32, 64)}),
    "bottleneck": ("resnet50d", {"depths": (1, 2), "widths": (32, 64), "stem_width": 32}),
    "attention": ("seresnet50", {"depths": (1, 2), "widths": (32, 64)}),
    "low-pass": ("resnetblur50d", {"depths": (1, 2), "widths": (32, 64), "stem_width": 32}),
    "gain": ("resnet50_gain", {"depths": (1, 2), "widths": (32, 64)}),
    "plain": ("plain18", {"depths": (1, 2), "widths": (32, 64)}),
    "cifar": ("cifar_resnet20", {"depths": (1, 1, 2), "widths": (32, 64, 64), "stem_width": 32}),
    "pre-activation": ("resnetv2_18", {"depths": (1, 2), "widths": (32, 64)}),
    "BiT": ("resnetv2_50x1_bit", {"depths": (1, 2), "widths": (32, 64)}),
}
# Options that any network takes together, one of each row at a time; the first of a row is a network's own.
HEADS = [
    {},
    {"num_classes": 0},
    {"global_pool": "none", "num_classes": 0},
    *({"global_pool": pool} for pool in ("max", "avgmax", "catavgmax")),
    {"task": "multi_label"},
    {"task": "regression"},
]
ROWS = [
    HEADS,
    [{}, *({"in_chans": channels} for channels in (1, 2, 4, 13))],
    [{}, *({"act_layer": name} for name in ("leaky_relu", "elu", "gelu", "silu", "prelu"))],
    [{}, *({"norm_layer": name} for name in ("batch", "group", "layer", "frozen_batch"))],
    [{}, {"drop_rate": 0.2}],
    [{}, {"drop_block_rate": 0.1}],
    [{}, {"stem": "7x7"}, {"stem": "3x3"}],
    [{}, {"shortcut": "projection"}],
]
OPTIONS = [option for row in ROWS for option in row if option]
PAIRS = [
    (list(KINDS)[kind], {key: value for row, at in zip(ROWS, chosen, strict=True) for key, value in row[at].items()})
    for kind, *chosen in all_pairs([len(KINDS), *map(len, ROWS)])
]
IMAGES = torch.randn(2, 13, 48, 48, generator=torch.Generator().manual_seed(0))


def option_id(row):
    return row if isinstance(row, str) else ",".join(f"{key}={value}" for key, value in row.items())


def check(kind, options, folder):
    """Asserts that a network with these options trains, and that its checkpoint comes back the same."""
    name, small = KINDS[kind]
    if name == "plain18" and "shortcut" in options:
        options = {**options, "zero_init_last": True}  # with a shortcut it is no plain network any more
    model = lively(name, **small, **{"num_classes": 3, **options})
    images = IMAGES[:, : model.config.in_chans]
    model.train()(images).square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert model.get_parameter(f"{model.first_conv}.weight").grad.any()
    model.eval().save_pretrained(folder)
    with torch.inference_mode():
        assert_equal(ResNet.from_pretrained(folder)(images), model(images))


@pytest.mark.parametrize(("kind", "options"), PAIRS, ids=option_id)
def test_any_two_options_of_any_kind_train_and_come_back_from_their_checkpoint(kind, options, tmp_path):
    check(kind, options, tmp_path)


@pytest.mark.parity
@pytest.mark.parametrize("options", OPTIONS, ids=option_id)
@pytest.mark.parametrize("kind", KINDS)
def test_an_option_alone_trains_and_comes_back_from_its_checkpoint(kind, options, tmp_path):
    check(kind, options, tmp_path)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "plain"])
def test_stochastic_depth_skips_blocks_in_training_only(kind):
    name, small = KINDS[kind]
    model, plain = (lively(name, **small, drop_path_rate=rate) for rate in (0.9, 0.0))
    images = IMAGES[:, :3]
    with torch.no_grad():
        assert torch.equal(model(images), plain(images))
        assert not torch.equal(model.train()(images), plain.train()(images))


@pytest.mark.parametrize("stride", [8, 16, 32])
@pytest.mark.parametrize("name", ["resnet18", "resnet50d", "plain18", "resnetv2_18", "resnetv2_50x1_bit"])
def test_the_last_map_has_the_output_stride(name, stride):
    model = lively(name, depths=(1, 1, 1, 1), output_stride=stride)
    with torch.inference_mode():
        assert model.forward_features(IMAGES[:, :3]).shape[2:] == (-(-48 // stride),) * 2

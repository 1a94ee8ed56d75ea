"""The stem: how far each kind shrinks an image, and what it is made of."""

import pytest
import torch
from error_facts import code_and_fields
from torch import nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.layers.common import BlurPool
from resnet_hub.nn.stem import preactivation_stem, stem_convolution, stem_pool, stem_width

STEMS = {  # kind, declared width, channels of each convolution
    "7x7": ("7x7", 32, [64]),
    "3x3": ("3x3", 16, [16]),
    "deep": ("deep", 32, [32, 32, 64]),
    "tiered": ("tiered", 32, [24, 32, 64]),
}
POOLS = {
    "max": ("max", None, [nn.MaxPool2d]),
    "max and average": ("max", "avg", [nn.AvgPool2d]),
    "max and blur": ("max", "blur", [nn.MaxPool2d, BlurPool]),
    "conv": ("conv", None, [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]),
    "conv and blur": ("conv", "blur", [nn.Conv2d, BlurPool, nn.BatchNorm2d, nn.ReLU]),
    "none": ("none", None, [nn.Identity]),
    "max over zeros": ("zero_padded_max", None, [nn.ZeroPad2d, nn.MaxPool2d]),
}


def config(kind, width, **options):
    return ResNetConfig(stem=kind, stem_width=width, **options)


@pytest.mark.parametrize(("kind", "width", "channels"), STEMS.values(), ids=STEMS)
def test_a_stem_has_the_convolutions_of_its_kind(kind, width, channels):
    stem = stem_convolution(config(kind, width))
    assert [module.out_channels for module in stem.modules() if isinstance(module, nn.Conv2d)] == channels


@pytest.mark.parametrize(("kind", "width", "channels"), STEMS.values(), ids=STEMS)
def test_stem_width_is_the_number_of_channels_of_the_first_feature_map(kind, width, channels):
    assert stem_width(config(kind, width)) == channels[-1]


@pytest.mark.parametrize(("kind", "width", "channels"), STEMS.values(), ids=STEMS)
@pytest.mark.parametrize("in_chans", [1, 5])
def test_a_stem_halves_the_image_and_the_3x3_one_keeps_it(kind, width, channels, in_chans):
    halved = stem_convolution(config(kind, width, in_chans=in_chans))(torch.zeros(2, in_chans, 32, 20))
    assert halved.shape == (2, channels[-1], *((32, 20) if kind == "3x3" else (16, 10)))


@pytest.mark.parametrize(("kind", "aa_layer", "layers"), POOLS.values(), ids=POOLS)
def test_a_stem_pool_has_the_layers_of_its_kind(kind, aa_layer, layers):
    pool = stem_pool(config("7x7", 64, stem_pool=kind, aa_layer=aa_layer))
    assert [type(module) for module in pool.modules() if not isinstance(module, nn.Sequential)] == layers


@pytest.mark.parametrize(("kind", "aa_layer", "layers"), POOLS.values(), ids=POOLS)
def test_a_stem_pool_halves_the_feature_map_or_leaves_it(kind, aa_layer, layers):
    pool = stem_pool(config("7x7", 64, stem_pool=kind, aa_layer=aa_layer))
    size = (16, 10) if kind == "none" else (8, 5)
    assert pool(torch.zeros(2, 64, 16, 10)).shape == (2, 64, *size)


def test_the_activation_of_a_deep_stem_is_the_networks():
    stem = stem_convolution(config("deep", 32, act_layer="silu"))
    assert [type(module) for module in stem if hasattr(module, "inplace")] == [nn.SiLU, nn.SiLU]


@pytest.mark.parametrize(
    ("kind", "width", "channels"), [("7x7", 192, [192]), ("deep", 32, [32, 32, 64]), ("tiered", 32, [24, 32, 64])]
)
def test_a_preactivation_stem_halves_the_image_and_ends_with_a_convolution(kind, width, channels):
    stem = preactivation_stem(config(kind, width, family="resnetv2"))
    assert [module.out_channels for module in stem if isinstance(module, nn.Conv2d)] == channels
    assert isinstance(stem[-1], nn.Conv2d)
    assert stem(torch.zeros(2, 3, 32, 20)).shape == (2, channels[-1], 16, 10)


def test_the_border_of_zeros_counts_in_the_maximum():
    pooled = stem_pool(config("7x7", 64, stem_pool="zero_padded_max"))(torch.full((1, 1, 4, 4), -1.0))
    assert pooled.tolist() == [[[[0.0, 0.0], [0.0, -1.0]]]]


def test_a_tiered_stem_too_narrow_for_its_first_tier_is_refused():
    with pytest.raises(ConfigError) as refused:
        stem_convolution(config("tiered", 3))
    assert code_and_fields(refused.value) == ("nn.stem_width", {"width": 3})

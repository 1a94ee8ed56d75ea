"""The small layers against their formulas, and their settings refused by name."""

import pytest
import timm.layers
import torch
from error_facts import Begins, code_and_fields
from torch import nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.layers.common import (
    ACTIVATIONS,
    BlurPool,
    DropBlock,
    DropPath,
    EfficientChannelAttention,
    GlobalPool,
    SamePadAvgPool,
    SqueezeExcite,
    activation,
    antialias,
    attention,
    norm,
)


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


pytestmark = pytest.mark.usefixtures("fixed_seed")


@pytest.mark.parametrize(
    ("channels", "ratio"), [(64, 1 / 16), (256, 1 / 16), (256, 0.25), (120, 1 / 4), (2048, 1 / 16)]
)
def test_squeeze_and_excitation_equals_timm(channels, ratio):
    theirs = timm.layers.SEModule(channels, rd_ratio=ratio)
    ours = SqueezeExcite(channels, ratio)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = noise(2, channels, 3, 5)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("channels", [16, 64, 256, 512, 2048])
def test_efficient_channel_attention_equals_timm(channels):
    theirs = timm.layers.EcaModule(channels)
    ours = EfficientChannelAttention(channels)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = noise(2, channels, 3, 5)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (2, 2)], ids=str)
@pytest.mark.parametrize("stride", [1, 2])
def test_blur_pooling_equals_timm(stride, size):
    theirs = timm.layers.BlurPool2d(4, stride=stride)
    x = noise(2, 4, *size)
    torch.testing.assert_close(BlurPool(4, stride)(x), theirs(x))


def test_blur_pooling_keeps_a_constant_image():
    torch.testing.assert_close(BlurPool(3, 2)(torch.ones(1, 3, 6, 6)), torch.ones(1, 3, 3, 3))


def test_blur_pooling_has_no_tensor_in_the_state_dict():
    assert not BlurPool(3, 2).state_dict()


def test_blur_pooling_built_without_storage_still_has_its_filter():
    with torch.device("meta"):
        layer = BlurPool(3, 2)
    assert layer.filt.sum() == 3


@pytest.mark.parametrize("size", [(8, 8), (7, 9)], ids=str)
def test_same_padded_average_equals_timm(size):
    theirs = timm.layers.AvgPool2dSame(2, 1, ceil_mode=True, count_include_pad=False)
    x = noise(2, 4, *size)
    torch.testing.assert_close(SamePadAvgPool()(x), theirs(x))


@pytest.mark.parametrize("layer", [DropPath(0.3), DropBlock(0.1, 5, 0.25)], ids=["drop path", "drop block"])
def test_a_dropping_layer_returns_its_input_in_evaluation(layer):
    x = noise(4, 3, 8, 8)
    assert layer.eval()(x) is x


@pytest.mark.parametrize("layer", [DropPath(0), DropBlock(0, 5, 0.25)], ids=["drop path", "drop block"])
def test_a_dropping_layer_of_rate_zero_returns_its_input_in_training(layer):
    x = noise(4, 3, 8, 8)
    assert layer(x) is x


@pytest.mark.parametrize(
    "layer", [DropPath(0.3), DropBlock(0.1, 5, 1.0), DropBlock(0.1, 3, 1.0)], ids=["drop path", "drop block", "3 px"]
)
def test_a_dropping_layer_keeps_the_mean(layer):
    assert layer(torch.ones(4000, 1, 14, 14)).mean() == pytest.approx(1, abs=0.03)


def test_drop_path_zeroes_whole_samples_as_often_as_its_rate_says():
    out = DropPath(0.3)(torch.ones(4000, 2, 3, 3)).flatten(1)
    assert ((out == 0).all(1) | (out - 1 / 0.7).abs().lt(1e-6).all(1)).all()
    assert (out.sum(1) == 0).float().mean() == pytest.approx(0.3, abs=0.03)


def test_drop_block_zeroes_squares_in_all_channels_alike():
    out = DropBlock(0.05, 3, 1.0)(torch.ones(64, 2, 12, 12))
    assert torch.equal(out[:, 0], out[:, 1])
    holes = (out[:, :1] == 0).float()
    # Opening with a 3 x 3 square leaves unions of such squares as they are; at the edge they reach outside.
    eroded = -nn.functional.max_pool2d(-nn.functional.pad(holes, (1, 1, 1, 1), value=1.0), 3, 1)
    assert torch.equal(nn.functional.max_pool2d(eroded, 3, 1, padding=1), holes)
    assert holes.any()


def test_drop_block_zeroes_about_as_many_pixels_as_its_rate_says():
    out = DropBlock(0.1, 3, 1.0)(torch.ones(2000, 1, 14, 14))
    assert (out == 0).float().mean() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (4, 4), (5, 2)], ids=str)
def test_drop_block_takes_images_smaller_than_its_square(size):
    x = torch.ones(8, 2, *size)
    assert DropBlock(0.5, 5, 1.0)(x).shape == x.shape


def test_drop_block_that_drops_everything_gives_zeros_and_no_infinity():
    assert not DropBlock(0.999, 3, 1.0)(torch.ones(2, 1, 1, 1)).isnan().any()


def test_drop_block_counts_a_large_batch_in_half_precision():
    out = DropBlock(0.1, 3, 1.0)(torch.ones(512, 1, 14, 14, dtype=torch.float16))
    assert out.dtype == torch.float16
    assert out.float().mean() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("kind", ["avg", "max", "avgmax", "catavgmax", ""])
def test_global_pooling_equals_timm(kind):
    theirs = timm.layers.SelectAdaptivePool2d(pool_type=kind, flatten=bool(kind))
    x = noise(2, 5, 3, 4)
    torch.testing.assert_close(GlobalPool(kind)(x), theirs(x))


@pytest.mark.parametrize("kind", ["avg", "max", "avgmax", "catavgmax"])
def test_width_factor_is_the_number_of_features_for_each_channel(kind):
    pool = GlobalPool(kind)
    assert pool(noise(2, 5, 3, 4)).shape == (2, 5 * pool.width_factor)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_the_one_timm_has_under_that_name(name):
    x = noise(1000)
    theirs = timm.layers.create_act_layer(name)
    torch.testing.assert_close(activation(ResNetConfig(act_layer=name))(x.clone()), theirs(x.clone()))


@pytest.mark.parametrize(
    ("build", "code", "expected"),
    [
        (
            lambda: activation(ResNetConfig(act_layer="rely")),
            "nn.unknown_act_layer",
            {"name": "rely", "nearest": Begins("'relu'")},
        ),
        (
            lambda: norm(ResNetConfig(norm_layer="instance"), 64),
            "nn.unknown_norm_layer",
            {"name": "instance", "nearest": Begins("'")},
        ),
        (
            lambda: norm(ResNetConfig(norm_layer="groupnorm"), 48),
            "nn.norm_groups",
            {"name": "groupnorm", "groups": 32, "architecture": "resnet50", "channels": 48},
        ),
        (lambda: attention(ResNetConfig(attn_layer="cbam"), 64), "nn.unknown_attn_layer", {"name": "cbam"}),
        (lambda: antialias(ResNetConfig(aa_layer="max"), 64, 2), "nn.unknown_aa_layer", {"name": "max"}),
    ],
    ids=["activation", "norm", "groups", "attention", "anti-aliasing"],
)
def test_an_unknown_layer_is_refused_with_the_known_ones(build, code, expected):
    with pytest.raises(ConfigError) as refused:
        build()
    assert code_and_fields(refused.value) == (code, expected)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("batch", "batchnorm"),
        ("batchnorm2d", "batchnorm"),
        ("BatchNorm2d", "batchnorm"),
        ("group", "groupnorm"),
        ("group_norm", "groupnorm"),
        ("layer", "layernorm2d"),
        ("layernorm2d", "layernorm2d"),
        ("layer_norm_2d", "layernorm2d"),
        ("frozen_batch", "frozenbatchnorm2d"),
        ("frozenbatchnorm2d", "frozenbatchnorm2d"),
        ("rmsnorm", "rmsnorm2d"),
    ],
)
def test_a_norm_has_several_spellings_and_one_that_is_kept(written, kept):
    config = ResNetConfig(norm_layer=written)
    assert config.norm_layer == kept
    assert isinstance(norm(config, 64), nn.Module)


def test_group_norm_has_the_groups_of_timm():
    layer = norm(ResNetConfig(norm_layer="groupnorm"), 64)
    assert (layer.num_groups, layer.eps) == (32, 1e-5)


@pytest.mark.parametrize("layer", [DropPath(0.25), GlobalPool("catavgmax")], ids=["drop path", "pooling"])
def test_a_layer_says_its_setting_when_printed(layer):
    assert str(layer) in {"DropPath(rate=0.250)", "GlobalPool('catavgmax')"}


def test_the_hidden_width_of_squeeze_and_excitation_is_never_below_eight():
    assert SqueezeExcite(16, 1 / 16).fc1.out_channels == 8


@pytest.mark.parametrize(("channels", "size"), [(64, 3), (256, 5), (512, 5), (2048, 7)])
def test_the_kernel_of_channel_attention_grows_with_the_channels(channels, size):
    assert EfficientChannelAttention(channels).conv.kernel_size == (size,)

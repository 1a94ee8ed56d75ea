"""Norms with activations and standardized convolutions against their formulas and timm's, and refused by name."""

import pytest
import timm.layers
import torch
import torch.nn.functional as F
from error_facts import Begins, code_and_fields

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.layers.pre_activation import NORM_ACTS, StandardizedConv2d, convolution, norm_act

THEIRS = {
    "batchnorm": timm.layers.BatchNormAct2d,
    "frozenbatchnorm2d": timm.layers.FrozenBatchNormAct2d,
    "groupnorm": timm.layers.GroupNormAct,
    "groupnorm1": timm.layers.GroupNorm1Act,
    "layernorm2d": timm.layers.LayerNormAct2d,
    "rmsnorm2d": timm.layers.RmsNormAct2d,
    "evonorms0": timm.layers.EvoNorm2dS0,
    "frntlu": timm.layers.FilterResponseNormTlu2d,
}


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def lively(name, channels=64):
    """Our layer of this name with weights that do something."""
    layer = norm_act(ResNetConfig(norm_layer=name), channels)
    for seed, parameter in enumerate(layer.parameters()):
        parameter.data = 1 + 0.3 * noise(channels, seed=seed)
    return layer


def test_every_norm_is_compared():
    assert set(THEIRS) == set(NORM_ACTS)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
@pytest.mark.parametrize("name", THEIRS)
def test_a_norm_has_the_tensors_the_numbers_and_the_gradients_of_timm(name, training):
    ours, theirs = lively(name).train(training), THEIRS[name](64).train(training)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    inputs = [3 * noise(2, 64, 5, 7) + 1 for _ in range(2)]
    for layer, x in zip((ours, theirs), inputs, strict=True):
        layer(x.requires_grad_()).square().sum().backward()
    torch.testing.assert_close(ours(inputs[0]), theirs(inputs[1]))
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    for parameter, their_parameter in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, their_parameter.grad)


@pytest.mark.parametrize("name", THEIRS)
def test_a_new_norm_starts_as_in_timm(name):
    ours = norm_act(ResNetConfig(norm_layer=name), 64).state_dict()
    for key, tensor in THEIRS[name](64).state_dict().items():
        assert torch.equal(ours[key], tensor)


def test_evonorm_divides_by_the_deviation_of_the_group():
    layer, x = lively("evonorms0"), 2 * noise(2, 64, 3, 3) + 1
    first = x[0, 2:4]  # 64 channels in 32 groups: two neighbours
    expected = first * torch.sigmoid(layer.v[2:4, None, None] * first) / (first.var(correction=0) + 1e-5).sqrt()
    expected = expected * layer.weight[2:4, None, None] + layer.bias[2:4, None, None]
    torch.testing.assert_close(layer(x)[0, 2:4], expected)


def test_filter_response_norm_divides_by_the_root_mean_square_of_the_channel():
    layer, x = lively("frntlu"), 2 * noise(2, 64, 3, 3)
    expected = layer.weight[5] * x[1, 5] / (x[1, 5].square().mean() + 1e-5).sqrt() + layer.bias[5]
    torch.testing.assert_close(layer(x)[1, 5], expected.clamp(min=layer.tau[5].item()))


@pytest.mark.parametrize("name", ["evonorms0", "frntlu"])
def test_a_norm_is_right_where_squares_are_beyond_half_precision(name):
    layer, x = lively(name), 300 * noise(2, 64, 9, 9)
    y = layer(x.half())
    assert y.dtype == torch.float16
    torch.testing.assert_close(y.float(), layer(x), rtol=0.01, atol=0.01)


@pytest.mark.parametrize("name", ["batchnorm", "groupnorm"])
def test_the_activation_is_the_one_that_the_network_names(name):
    layer = norm_act(ResNetConfig(norm_layer=name, act_layer="silu"), 64).train()
    plain = F.group_norm(noise(2, 64, 3, 3), 32) if name == "groupnorm" else None
    x = noise(2, 64, 3, 3)
    plain = F.batch_norm(x, None, None, training=True) if plain is None else plain
    torch.testing.assert_close(layer(x), F.silu(plain))


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_standardized_convolution_equals_timm(size):
    theirs = timm.layers.StdConv2d(8, 6, size, stride=2, eps=1e-8)
    ours = convolution(ResNetConfig(family="resnetv2", conv_layer="std_conv2d"), 8, 6, size, stride=2)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = noise(2, 8, 9, 11)
    assert torch.equal(ours(x), theirs(x))


def test_the_filters_have_mean_zero_and_variance_one():
    layer = StandardizedConv2d(4, 3, 3, bias=False)
    layer.weight.data = 5 + 2 * layer.weight.data
    x = noise(1, 4, 3, 3)
    filters = layer.weight.flatten(1)
    expected = (filters - filters.mean(1, keepdim=True)) / filters.std(1, correction=0, keepdim=True) @ x.flatten()
    torch.testing.assert_close(layer(x).flatten(), expected)


def test_the_scale_of_a_standardized_weight_does_not_matter():
    layer, x = StandardizedConv2d(4, 3, 3, bias=False), noise(1, 4, 5, 5)
    before = layer(x)
    layer.weight.data *= 100
    torch.testing.assert_close(layer(x), before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "stride", "dilation"), [(1, 1, 1), (1, 2, 1), (3, 1, 4), (3, 2, 1), (3, 2, 2), (7, 2, 1)]
)
def test_a_convolution_keeps_the_size_but_for_its_stride(size, stride, dilation):
    layer = convolution(ResNetConfig(), 2, 3, size, stride, dilation)
    assert layer(noise(1, 2, 21, 21)).shape == (1, 3, -(-21 // stride), -(-21 // stride))


@pytest.mark.parametrize(
    ("name", "channels", "code", "expected"),
    [
        ("batchnrom", 64, "nn.unknown_norm_layer", {"name": "batchnrom", "nearest": Begins("'batchnorm'")}),
        (
            "groupnorm",
            24,
            "nn.norm_groups",
            {"name": "groupnorm", "groups": 32, "architecture": "resnet50", "channels": 24},
        ),
        (
            "evonorms0",
            24,
            "nn.norm_groups",
            {"name": "evonorms0", "groups": 32, "architecture": "resnet50", "channels": 24},
        ),
    ],
)
def test_a_norm_that_cannot_be_is_refused(name, channels, code, expected):
    with pytest.raises(ConfigError) as refused:
        norm_act(ResNetConfig(norm_layer=name), channels)
    assert code_and_fields(refused.value) == (code, expected)

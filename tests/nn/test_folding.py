"""Fused layers: the numbers of the layers that they stand for, whatever the convolution; others left as they are."""

import logging

import pytest
import torch
from processor import FUSED
from torch import nn

from resnet_hub.errors import CheckpointError
from resnet_hub.nn import folding
from resnet_hub.nn.folding import FusedConvolution, chain, computes
from resnet_hub.nn.layers.common import DropPath
from resnet_hub.nn.layers.pre_activation import BatchNormAct, GroupNormAct, StandardizedConv2d

CONVOLUTIONS = {
    "1x1": nn.Conv2d(8, 16, 1),
    "without bias": nn.Conv2d(8, 16, 1, bias=False),
    "strided": nn.Conv2d(8, 16, 3, stride=2, padding=1),
    "dilated": nn.Conv2d(8, 16, 3, padding=2, dilation=2),
    "grouped": nn.Conv2d(8, 16, 3, padding=1, groups=4),
    "one filter for a channel": nn.Conv2d(8, 8, 3, padding=1, groups=8),
    "of few channels": nn.Conv2d(3, 5, 7, stride=2, padding=3),
    "standardized": StandardizedConv2d(8, 16, 3, padding=1, bias=False),
}


@pytest.fixture(autouse=True)
def tried_anew():
    computes.cache_clear()
    yield
    computes.cache_clear()


def lively_norm(channels, kind=nn.BatchNorm2d, **options):
    norm = kind(channels, **options).eval()
    for tensor in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
        tensor.uniform_(0.5, 2, generator=torch.Generator().manual_seed(tensor.numel()))
    return norm


def maps(channels, side=9, count=2):
    images = torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(side))
    return images.contiguous(memory_format=torch.channels_last)


def evaluated(layers):
    """The chain of layers, as of a network in evaluation mode."""
    return list(chain([layer.eval() for layer in layers], torch.float32))


@torch.inference_mode()
def through(layers, x):
    for layer in layers:
        x = layer(x)
    return x


@pytest.mark.parametrize("conv", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
@pytest.mark.parametrize("tail", ["", "norm", "act", "norm act"])
def test_a_convolution_with_what_follows_it_is_one_layer_of_the_same_numbers(conv, tail):
    layers = [
        conv,
        *([lively_norm(conv.out_channels)] if "norm" in tail else []),
        *([nn.ReLU()] if "act" in tail else []),
    ]
    fused = evaluated(layers)
    assert [type(layer) for layer in fused] == [FusedConvolution]
    for side in (9, 16):  # the weight is laid out for the first
        x = maps(conv.in_channels, side)
        torch.testing.assert_close(through(fused, x), through(layers, x), rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_a_sum_is_made_in_the_memory_of_the_shortcut():
    conv, x, shortcut = nn.Conv2d(8, 16, 1), maps(8), maps(16)
    expected = (conv(x) + shortcut).relu()
    found = FusedConvolution(conv, None, True, torch.float32).add_to(shortcut, x)
    assert found.data_ptr() == shortcut.data_ptr()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_a_sum_without_activation_keeps_what_is_below_zero():
    conv, x, shortcut = nn.Conv2d(8, 16, 1), maps(8), maps(16)
    expected = conv(x) + shortcut
    assert (expected < 0).any()
    found = FusedConvolution(conv, None, False, torch.float32).add_to(shortcut, x)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_weights_in_bfloat16_are_folded_in_float32():
    conv, norm = nn.Conv2d(8, 16, 1, bias=False).eval().bfloat16(), lively_norm(16)
    coarse, exact = (next(chain([conv, like], torch.float32)) for like in (lively_norm(16).bfloat16(), norm))
    assert not torch.equal(coarse.bias, coarse.bias.bfloat16().float())
    assert torch.allclose(coarse.bias, exact.bias, atol=0.05)


OTHERS = {
    "an activation that cannot be fused": [nn.Conv2d(8, 8, 1), nn.SiLU()],
    "a norm that depends on the image": [nn.Conv2d(8, 32, 1), GroupNormAct(32, 32, act=nn.ReLU())],
    "another activation of a norm": [nn.Conv2d(8, 8, 1), lively_norm(8, BatchNormAct, act=nn.SiLU())],
    "a norm that comes first": [lively_norm(8, BatchNormAct, act=nn.ReLU(inplace=True)), nn.Conv2d(8, 8, 1)],
    "padding by name": [nn.Conv2d(8, 8, 3, padding="same"), nn.ReLU()],
    "padding by reflection": [nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"), nn.ReLU()],
}


@pytest.mark.parametrize("layers", OTHERS.values(), ids=OTHERS)
def test_what_cannot_be_fused_runs_as_it_is(layers):
    fused, x = evaluated(layers), maps(8)
    assert len(fused) == 2 + (type(layers[0]) is BatchNormAct)
    kept = x.clone()
    torch.testing.assert_close(through(fused, x), through(layers, x), rtol=1e-5, atol=1e-5)
    assert torch.equal(x, kept)


def test_what_does_nothing_in_evaluation_mode_goes():
    layers = [nn.Identity(), nn.Sequential(nn.Conv2d(8, 8, 1), nn.Identity()), DropPath(0.5), nn.ReLU()]
    assert len(list(chain(layers, torch.float32))) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_this_machine_computes_in_the_types_that_its_processor_can(dtype):
    assert computes(dtype) == FUSED[dtype]


def test_trying_draws_no_random_numbers():
    before = torch.get_rng_state()
    computes(torch.float32)
    assert torch.equal(torch.get_rng_state(), before)


def broken(self, x):
    raise RuntimeError("no such instruction")


FAULTS = {
    "the CPU cannot": (broken, "for no such instruction"),
    "PyTorch lacks the operation": (lambda self, x: torch.ops.mkldnn.no_such_operation(x), "no_such_operation"),
    "the numbers are others": (lambda self, x: 2 * x, "for they give other numbers"),
}


@pytest.mark.parametrize(("forward", "says"), FAULTS.values(), ids=FAULTS)
def test_a_machine_that_cannot_is_told_so_once(forward, says, monkeypatch, caplog):
    monkeypatch.setattr(FusedConvolution, "forward", forward)
    with caplog.at_level(logging.INFO, folding.__name__):
        assert not computes(torch.float32)
        assert not computes(torch.float32)
    assert len(caplog.messages) == 1
    assert "networks run as they are: no fused convolutions in torch.float32 here" in caplog.text
    assert says in caplog.text


def test_other_types_are_not_fused():
    assert not computes(torch.float64)


def test_weights_that_are_finite_though_their_sum_is_not_are_folded_and_stay_the_network_s():
    conv = nn.Conv2d(2, 2, 1, bias=False)
    conv.weight.data = torch.tensor([[3e38, 3e38], [1.0, 2.0]]).reshape(2, 2, 1, 1)
    fused = FusedConvolution(conv, None, False, torch.float32)
    assert torch.equal(fused.weight, conv.weight)
    assert fused.weight.data_ptr() != conv.weight.data_ptr()
    conv.weight.data[0, 0] = torch.inf
    with pytest.raises(CheckpointError):
        FusedConvolution(conv, None, False, torch.float32)

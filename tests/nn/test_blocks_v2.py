"""Pre-activation blocks against their formulas, and their shortcuts."""

import pytest
import torch
import torch.nn.functional as F
from error_facts import code_and_fields
from torch import nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.blocks.pre_activation import (
    BLOCKS_V2,
    PreActivationBasicBlock,
    PreActivationBottleneck,
    block_class_v2,
    projection,
)
from resnet_hub.nn.blocks.residual import BlockPlace

CONFIG = ResNetConfig(family="resnetv2")


pytestmark = pytest.mark.usefixtures("fixed_seed")


def lively(block):
    """The block with norms that do something, in evaluation mode."""
    for name, tensor in block.state_dict().items():
        if name.endswith("running_var") or ("norm" in name and name.endswith("weight")):
            tensor.uniform_(0.5, 1.5)
        elif tensor.ndim == 1:
            tensor.normal_()
    return block.eval()


def activated(bn, x):
    """relu(batch normalization) written out. Source: Ioffe and Szegedy 2015, algorithm 2."""
    mean, var, scale, shift = (v.reshape(1, -1, 1, 1) for v in (bn.running_mean, bn.running_var, bn.weight, bn.bias))
    return F.relu(scale * (x - mean) / (var + 1e-5).sqrt() + shift)


def projected(block, x, stride):
    return F.conv2d(activated(block.norm1, x), block.downsample.conv.weight, stride=stride)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_basic_block_is_two_convolutions_behind_their_activations(stride):
    block = lively(PreActivationBasicBlock(CONFIG, BlockPlace(8, 16, stride)))
    x = torch.randn(2, 8, 9, 7)
    inner = F.conv2d(activated(block.norm1, x), block.conv1.weight, stride=stride, padding=1)
    residual = F.conv2d(activated(block.norm2, inner), block.conv2.weight, padding=1)
    torch.testing.assert_close(block(x), residual + projected(block, x, stride), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_bottleneck_strides_at_its_3x3_convolution(stride):
    block = lively(PreActivationBottleneck(CONFIG, BlockPlace(8, 16, stride)))
    x = torch.randn(2, 8, 9, 7)
    inner = F.conv2d(activated(block.norm1, x), block.conv1.weight)
    inner = F.conv2d(activated(block.norm2, inner), block.conv2.weight, stride=stride, padding=1)
    residual = F.conv2d(activated(block.norm3, inner), block.conv3.weight)
    torch.testing.assert_close(block(x), residual + projected(block, x, stride), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", BLOCKS_V2)
def test_where_shapes_agree_the_input_itself_is_added(name):
    block = block_class_v2(name)(CONFIG, BlockPlace(16 * block_class_v2(name).expansion, 16))
    nn.init.zeros_(block.last_convolution().weight)
    x = torch.randn(2, 16 * block.expansion, 5, 5)
    assert torch.equal(block(x), x)
    assert not [key for key in block.state_dict() if "downsample" in key]


@pytest.mark.parametrize("name", BLOCKS_V2)
def test_a_last_block_that_strides_adds_every_second_pixel_of_its_input(name):
    config = ResNetConfig(family="resnetv2", stride_place="last_block", conv_bias=True)
    block = block_class_v2(name)(config, BlockPlace(16 * block_class_v2(name).expansion, 16, 2))
    nn.init.zeros_(block.last_convolution().weight)
    nn.init.ones_(block.last_convolution().bias)
    x = torch.randn(2, 16 * block.expansion, 5, 6)
    assert torch.equal(block(x), x[:, :, ::2, ::2] + 1)
    assert block.downsample is None


@pytest.mark.parametrize("name", BLOCKS_V2)
def test_a_block_leaves_its_input_as_it_is(name):
    block = block_class_v2(name)(CONFIG, BlockPlace(8, 8, 2))
    x = torch.randn(2, 8, 6, 6)
    before = x.clone()
    block(x)
    assert torch.equal(x, before)


def test_a_projection_of_the_d_networks_averages_first():
    config = CONFIG.with_options(shortcut="avg_projection")
    layer, x = projection(config, BlockPlace(4, 8, 2), 8), torch.randn(1, 4, 7, 7)
    pooled = F.avg_pool2d(x, 2, 2, ceil_mode=True, count_include_pad=False)
    torch.testing.assert_close(layer(x), F.conv2d(pooled, layer.conv.weight))


@pytest.mark.parametrize("shortcut", ["projection", "avg_projection"])
def test_the_first_block_of_a_dilated_stage_keeps_the_size(shortcut):
    place = BlockPlace(16, 16, dilation=2)
    block = PreActivationBasicBlock(CONFIG.with_options(shortcut=shortcut), place)
    assert block(torch.randn(1, 16, 6, 6)).shape == (1, 16, 6, 6)
    assert block.downsample is not None


def test_a_skipped_residual_leaves_the_input():
    block = PreActivationBasicBlock(CONFIG, BlockPlace(8, 8, drop_path=0.5)).train()
    x = torch.randn(64, 8, 4, 4)
    kept = [torch.equal(y, one) for y, one in zip(block(x), x, strict=True)]
    assert 0 < sum(kept) < 64


def test_an_unknown_block_is_refused():
    with pytest.raises(ConfigError) as refused:
        block_class_v2("botleneck")
    assert code_and_fields(refused.value) == ("nn.unknown_block", {"name": "botleneck", "nearest": "'bottleneck'"})

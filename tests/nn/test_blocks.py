"""Residual blocks against their formulas, their shortcuts, and the second computation of gradient checkpointing."""

import pytest
import torch
import torch.nn.functional as F
from error_facts import Begins, code_and_fields
from torch import nn

from resnet_hub.config import ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.nn.blocks.residual import BLOCKS, BasicBlock, BlockPlace, Bottleneck, ZeroPadShortcut, block_class
from resnet_hub.nn.layers.common import BlurPool, DropBlock
from resnet_hub.nn.stages import recomputed

DROPPING = {"drop path": lambda: {"drop_path": 0.5}, "drop block": lambda: {"drop_block": DropBlock(0.1, 3, 1.0)}}


pytestmark = pytest.mark.usefixtures("fixed_seed")


def lively(block):
    """The block with norms that do something, in evaluation mode."""
    for name, tensor in block.state_dict().items():
        if name.endswith(("running_var", "bn1.weight", "bn2.weight", "bn3.weight", "downsample.1.weight")):
            tensor.uniform_(0.5, 1.5)
        elif tensor.ndim == 1:
            tensor.normal_()
    return block.eval()


def build(kind, place, **options):
    """A block whose F counts from the start; a learned gain starts at 0 otherwise."""
    block = kind(ResNetConfig(zero_init_last=False, **options), place)
    if hasattr(block, "gain"):
        nn.init.ones_(block.gain)
    return block


def normalized(bn, x):
    """Batch normalization written out. Source: Ioffe and Szegedy 2015, algorithm 2."""
    mean, var, scale, shift = (v.reshape(1, -1, 1, 1) for v in (bn.running_mean, bn.running_var, bn.weight, bn.bias))
    return scale * (x - mean) / (var + 1e-5).sqrt() + shift


def projected(block, x, stride):
    return normalized(block.downsample[1], F.conv2d(x, block.downsample[0].weight, stride=stride))


@pytest.mark.parametrize("stride", [1, 2])
def test_a_basic_block_is_two_convolutions_and_a_shortcut(stride):
    block = lively(BasicBlock(ResNetConfig(block="basic"), BlockPlace(8, 16, stride)))
    x = torch.randn(2, 8, 9, 7)
    inner = F.relu(normalized(block.bn1, F.conv2d(x, block.conv1.weight, stride=stride, padding=1)))
    residual = normalized(block.bn2, F.conv2d(inner, block.conv2.weight, padding=1))
    torch.testing.assert_close(block(x), F.relu(residual + projected(block, x, stride)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_bottleneck_strides_at_its_grouped_3x3_convolution(stride):
    block = lively(Bottleneck(ResNetConfig(cardinality=4, base_width=8), BlockPlace(8, 16, stride)))
    x = torch.randn(2, 8, 9, 7)
    inner = F.relu(normalized(block.bn1, F.conv2d(x, block.conv1.weight)))
    inner = F.conv2d(inner, block.conv2.weight, stride=stride, padding=1, groups=4)
    residual = normalized(block.bn3, F.conv2d(F.relu(normalized(block.bn2, inner)), block.conv3.weight))
    torch.testing.assert_close(block(x), F.relu(residual + projected(block, x, stride)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", BLOCKS.values())
def test_a_block_that_keeps_the_shape_adds_its_input_itself(kind):
    block = lively(build(kind, BlockPlace(16 * kind.expansion, 16)))
    x = torch.randn(2, 16 * kind.expansion, 5, 5)
    torch.testing.assert_close(block(x), F.relu(block.residual(x) + x))


@pytest.mark.parametrize("kind", BLOCKS.values())
def test_a_last_norm_of_zero_makes_a_block_its_shortcut(kind):
    block = build(kind, BlockPlace(16 * kind.expansion, 16))
    nn.init.zeros_(block.last_norm().weight)
    x = torch.randn(2, 16 * kind.expansion, 5, 5)
    assert torch.equal(block(x), F.relu(x))


@pytest.mark.parametrize("kind", BLOCKS.values())
def test_a_sample_whose_residual_is_dropped_keeps_its_shortcut(kind):
    block = build(kind, BlockPlace(16 * kind.expansion, 16, drop_path=0.9))
    x = torch.randn(64, 16 * kind.expansion, 3, 3)
    kept = (block(x) == F.relu(x)).flatten(1).all(1)
    assert kept.float().mean() == pytest.approx(0.9, abs=0.1)


@pytest.mark.parametrize("kind", BLOCKS.values())
@pytest.mark.parametrize("dropping", DROPPING.values(), ids=DROPPING)
def test_dropping_is_active_in_training_only(kind, dropping):
    block = build(kind, BlockPlace(16, 16, **dropping()))
    x = torch.randn(8, 16, 8, 8)
    assert not torch.equal(block(x), block(x))
    assert torch.equal(block.eval()(x), block(x))


@pytest.mark.parametrize("kind", BLOCKS.values())
@pytest.mark.parametrize("shortcut", ["projection", "avg_projection", "identity"])
@pytest.mark.parametrize("size", [(8, 8), (7, 9), (1, 1)], ids=str)
def test_every_shortcut_halves_a_image_as_the_residual_does(kind, shortcut, size):
    block = build(kind, BlockPlace(8, 16, stride=2), shortcut=shortcut).eval()
    assert block(torch.randn(2, 8, *size)).shape == (2, 16 * kind.expansion, -(-size[0] // 2), -(-size[1] // 2))


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_a_wide_projection_agrees_with_the_residual(size):
    block = BasicBlock(ResNetConfig(down_kernel_size=size), BlockPlace(8, 16, stride=2)).eval()
    assert block(torch.randn(2, 8, 9, 8)).shape == (2, 16, 5, 4)


def test_option_a_takes_every_second_pixel_and_pads_channels_on_both_sides():
    x = torch.arange(2 * 2 * 4 * 4, dtype=torch.float32).reshape(2, 2, 4, 4)
    out = ZeroPadShortcut(2, 5, 2)(x)
    assert torch.equal(out[:, 1:3], x[:, :, ::2, ::2])
    assert out[:, [0, 3, 4]].count_nonzero() == 0


def test_an_average_projection_sees_only_pixels_of_the_image():
    block = BasicBlock(ResNetConfig(shortcut="avg_projection"), BlockPlace(4, 4, stride=2))
    assert torch.equal(block.downsample[0](torch.ones(1, 4, 3, 3)), torch.ones(1, 4, 2, 2))


@pytest.mark.parametrize("kind", BLOCKS.values())
def test_a_blur_carries_the_stride_instead_of_the_convolution(kind):
    block = build(kind, BlockPlace(8, 16, stride=2), aa_layer="blur")
    convolutions = [block.conv1, block.conv2, getattr(block, "conv3", block.conv2)]
    assert {convolution.stride for convolution in convolutions} == {(1, 1)}
    assert isinstance(block.antialias, BlurPool)


@pytest.mark.parametrize("kind", BLOCKS.values())
def test_a_block_without_stride_has_no_blur(kind):
    assert isinstance(build(kind, BlockPlace(8, 16), aa_layer="blur").antialias, nn.Identity)


@pytest.mark.parametrize(
    ("kind", "options", "width", "code", "expected"),
    [
        (
            BasicBlock,
            {"cardinality": 32},
            64,
            "nn.cardinality_of_basic_blocks",
            {"cardinality": 32, "base_width": 64, "architecture": "resnet50"},
        ),
        (
            BasicBlock,
            {"base_width": 128},
            64,
            "nn.cardinality_of_basic_blocks",
            {"cardinality": 1, "base_width": 128, "architecture": "resnet50"},
        ),
        (
            BasicBlock,
            {"reduce_first": 65},
            64,
            "nn.reduce_first",
            {"reduce_first": 65, "left": 0, "channels": 64, "cardinality": 1},
        ),
        (
            Bottleneck,
            {"reduce_first": 65},
            64,
            "nn.reduce_first",
            {"reduce_first": 65, "left": 0, "channels": 64, "cardinality": 1},
        ),
        (
            Bottleneck,
            {"cardinality": 4, "reduce_first": 3},
            64,
            "nn.reduce_first",
            {"reduce_first": 3, "left": 85, "channels": 256, "cardinality": 4},
        ),
        (
            Bottleneck,
            {"base_width": 1},
            32,
            "nn.hidden_channels",
            {"base_width": 1, "cardinality": 1, "channels": 0, "width": 32, "most": 65536},
        ),
        (
            Bottleneck,
            {"base_width": 65536, "cardinality": 65536},
            64,
            "nn.hidden_channels",
            {"base_width": 65536, "cardinality": 65536, "channels": 4294967296, "width": 64, "most": 65536},
        ),
    ],
)
def test_a_block_that_cannot_be_is_refused(kind, options, width, code, expected):
    with pytest.raises(ConfigError) as refused:
        kind(ResNetConfig(**options), BlockPlace(64, width))
    assert code_and_fields(refused.value) == (code, expected)


def test_an_unknown_block_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError) as refused:
        block_class("bottlneck")
    assert code_and_fields(refused.value) == (
        "nn.unknown_block",
        {"name": "bottlneck", "nearest": Begins("'bottleneck'")},
    )


@pytest.fixture
def twins():
    """Two equal blocks in training mode: for the usual and for the checkpointed computation."""
    pair = [BasicBlock(ResNetConfig(), BlockPlace(8, 8)) for _ in range(2)]
    pair[1].load_state_dict(pair[0].state_dict())
    return pair


def test_a_recomputed_block_gives_the_same_output_and_gradients(twins):
    usual, checkpointed = twins
    x = torch.randn(4, 8, 6, 6)
    out, recomputed_out = usual(x), recomputed(checkpointed, x)
    out.square().sum().backward()
    recomputed_out.square().sum().backward()
    assert torch.equal(out, recomputed_out)
    for one, other in zip(usual.parameters(), checkpointed.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)


@pytest.mark.parametrize("momentum", [0.1, None], ids=["running", "cumulative"])
def test_a_recomputed_block_counts_each_batch_once(twins, momentum):
    for block in twins:
        block.bn1.momentum = block.bn2.momentum = momentum
    usual, checkpointed = twins
    for seed in range(2):
        x = torch.randn(4, 8, 6, 6, generator=torch.Generator().manual_seed(seed))
        usual(x).sum().backward()
        recomputed(checkpointed, x).sum().backward()
    for (name, one), other in zip(usual.state_dict().items(), checkpointed.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    assert checkpointed.bn1.momentum == momentum


def test_a_compiled_recomputed_block_counts_each_batch_once(twins):
    usual, checkpointed = twins
    x = torch.randn(4, 8, 6, 6)
    usual(x).sum().backward()
    torch.compile(lambda x: recomputed(checkpointed, x), backend="aot_eager")(x).sum().backward()
    assert checkpointed.bn1.num_batches_tracked == 1
    torch.testing.assert_close(checkpointed.bn1.running_mean, usual.bn1.running_mean)

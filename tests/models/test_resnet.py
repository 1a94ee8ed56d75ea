"""What a network does besides its numbers, which test_timm_parity.py compares: heads, levels, training, refusals."""

import pytest
import timm
import torch
import torch.nn.functional as F
from error_facts import Begins, code_and_fields
from random_weights import assert_equal, lively
from torch import nn

from resnet_hub import ResNet, create_model
from resnet_hub.errors import ConfigError

IMAGES = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


pytestmark = pytest.mark.usefixtures("fixed_seed")


def cifar_reference(state, x, blocks):
    """The network of He et al. 2015, section 4.2, written out; option B where the state has projections."""

    def bn(x, name):
        mean, var, weight, bias = (state[f"{name}.{k}"] for k in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, var, weight, bias)

    def shortcut(x, name):
        if f"{name}.0.weight" in state:
            return bn(F.conv2d(x, state[f"{name}.0.weight"], stride=2), f"{name}.1")
        zeros = torch.zeros_like(x)[:, : x.shape[1] // 2, ::2, ::2]
        return torch.cat((zeros, x[:, :, ::2, ::2], zeros), dim=1)

    x = F.relu(bn(F.conv2d(x, state["conv1.weight"], padding=1), "bn1"))
    for name in (f"layer{stage}.{block}" for stage in (1, 2, 3) for block in range(blocks)):
        stride = 2 if name in ("layer2.0", "layer3.0") else 1
        out = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
        out = F.conv2d(F.relu(bn(out, f"{name}.bn1")), state[f"{name}.conv2.weight"], padding=1)
        x = F.relu(bn(out, f"{name}.bn2") + (x if stride == 1 else shortcut(x, f"{name}.downsample")))
    return F.linear(x.mean((2, 3)), state["fc.weight"], state["fc.bias"])


@pytest.mark.parametrize("shortcut", ["identity", "projection"])
@pytest.mark.parametrize(("depth", "blocks"), [(20, 3), (56, 9)])
def test_a_cifar_network_computes_what_the_paper_says(depth, blocks, shortcut):
    model = lively(f"cifar_resnet{depth}", shortcut=shortcut)
    images = IMAGES[..., :32, :32]
    assert_equal(model(images), cifar_reference(model.state_dict(), images, blocks))


@pytest.mark.parametrize("option", ["drop_rate", "drop_path_rate", "drop_block_rate"])
def test_dropping_is_active_in_training_only(option):
    model = lively(**{option: 0.5})
    images = IMAGES.repeat(1, 1, 2, 2)
    assert torch.equal(model(images), lively()(images))
    model.train()
    assert not torch.equal(model(images), model(images))


def test_the_rate_of_drop_path_grows_linearly_from_nothing():
    model = create_model("cifar_resnet20", drop_path_rate=0.4)
    rates = [getattr(block.drop_path, "rate", 0.0) for stage in (1, 2, 3) for block in getattr(model, f"layer{stage}")]
    assert rates == pytest.approx([0.4 * index / 8 for index in range(9)])


def test_drop_block_is_in_the_last_two_of_four_stages():
    model = create_model("test_resnet", drop_block_rate=0.1)
    assert [type(getattr(model, f"layer{stage}")[0].drop_block).__name__ for stage in (1, 2, 3, 4)] == [
        "Identity",
        "Identity",
        "DropBlock",
        "DropBlock",
    ]


def last_norm(model, stage):
    return getattr(model, f"layer{stage}")[0].last_norm()


@pytest.mark.parametrize(("zero_init_last", "scales"), [(True, {0.0}), (False, {1.0})])
def test_zero_init_last_decides_how_the_last_norms_start(zero_init_last, scales):
    model = create_model("resnet14t", zero_init_last=zero_init_last)
    assert {
        value for stage in (1, 2, 3, 4) for value in getattr(model, f"layer{stage}")[0].bn3.weight.tolist()
    } == scales


def test_new_convolutions_keep_the_size_of_gradients():
    model = create_model("resnet10t")
    for convolution in (module for module in model.modules() if isinstance(module, nn.Conv2d)):
        fan_out = convolution.out_channels * convolution.kernel_size[0] ** 2
        assert convolution.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)


@pytest.mark.parametrize("name", ["test_resnet", "resnetrs50", "resnet50_gn", "ecaresnet26t", "cifar_resnet20"])
def test_a_gradient_reaches_every_parameter(name):
    model = create_model(name, zero_init_last=False).train()
    F.cross_entropy(model(IMAGES), torch.tensor([1, 2])).backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.any()] == []


def test_channels_last_gives_the_same_numbers():
    model = lively("resnetblur18")
    expected = model(IMAGES)
    model.to(memory_format=torch.channels_last)
    assert_equal(model(IMAGES.to(memory_format=torch.channels_last)), expected)


@pytest.mark.parametrize("name", ["resnetblur18", "ecaresnet26t", "cifar_resnet20"])
def test_a_network_prints_its_layers(name):
    assert "(fc): Linear(" in repr(create_model(name))


@pytest.mark.parametrize("coarse", [False, True])
def test_parameters_are_grouped_as_in_timm(coarse):
    assert create_model("test_resnet").group_matcher(coarse) == timm.create_model("test_resnet").group_matcher(coarse)


@pytest.mark.parametrize(("name", "first"), [("resnet10t", "conv1.0"), ("cifar_resnet20", "conv1")])
def test_the_first_convolution_is_named_as_in_timm(name, first):
    assert create_model(name).first_conv == first


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (
            {"num_class": 10},
            "config.unknown_option",
            {"name": "num_class", "nearest": Begins("'num_classes'")},
        ),
        ({"num_classes": 2, "label_names": ["cat"]}, "checks.label_names_for_each_class", {"names": 1, "classes": 2}),
        (
            {"cardinality": 32},
            "nn.cardinality_of_basic_blocks",
            {"cardinality": 32, "base_width": 64, "architecture": "test_resnet"},
        ),
        ({"act_layer": nn.SiLU}, "config.layer_name", {"name": "act_layer", "value": nn.SiLU, "usual": "relu"}),
        (
            {"norm_layer": "groupnorm"},
            "nn.norm_groups",
            {"name": "groupnorm", "groups": 32, "architecture": "test_resnet", "channels": 16},
        ),
    ],
    ids=str,
)
def test_a_network_that_cannot_be_built_is_refused(options, code, expected):
    with pytest.raises(ConfigError) as refused:
        create_model("test_resnet", **options)
    assert code_and_fields(refused.value) == (code, expected)


def test_a_network_is_not_bound_to_a_named_row():
    config = create_model("resnet18").config.with_options(depths=[1, 1], widths=[16, 32], num_classes=2)
    assert ResNet(config)(IMAGES).shape == (2, 2)

"""What a network does besides its numbers, which test_timm_parity.py compares: heads, levels, training, refusals."""

import copy
import re

import pytest
import timm
import torch
import torch.nn.functional as F
from random_weights import assert_equal, lively
from torch import nn

from resnet_hub import ResNet, create_model
from resnet_hub.errors import ConfigError

IMAGES = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def fixed_seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


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


def test_logits_are_the_head_of_the_last_feature_map():
    model = lively()
    features = model.forward_features(IMAGES)
    assert torch.equal(model.forward_head(features), model(IMAGES))
    assert torch.equal(features, model.forward_intermediates(IMAGES)[0])


def test_pre_logits_are_the_pooled_features():
    model = lively()
    pooled = model.forward_head(model.forward_features(IMAGES), pre_logits=True)
    assert pooled.shape == (2, model.num_features)
    assert torch.equal(model.get_classifier()(pooled), model(IMAGES))


@pytest.mark.parametrize(
    ("indices", "levels"),
    [
        (None, [0, 1, 2, 3, 4]),
        (2, [3, 4]),
        (5, [0, 1, 2, 3, 4]),
        ([0, -1], [0, 4]),
        ([-2], [3]),
        ([3, 1], [1, 3]),
        ([], []),
    ],
    ids=str,
)
def test_intermediates_are_the_levels_asked_for_from_the_stem_downwards(indices, levels):
    model = lively()
    everything = model.forward_intermediates(IMAGES, intermediates_only=True)
    chosen = model.forward_intermediates(IMAGES, indices, intermediates_only=True)
    assert [[torch.equal(level, other) for other in everything].index(True) for level in chosen] == levels


@pytest.mark.parametrize(
    ("indices", "sentence"),
    [
        ([5], "there is no feature level 5; test_resnet has 0 to 4"),
        ([0, -6], "there is no feature level -6; test_resnet has 0 to 4"),
        (6, "there are no last 6 feature levels; test_resnet has 5"),
        (0, "there are no last 0 feature levels; test_resnet has 5"),
        (-1, "there are no last -1 feature levels; test_resnet has 5"),
    ],
    ids=str,
)
def test_a_level_that_is_not_there_is_refused(indices, sentence):
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        create_model("test_resnet").forward_intermediates(IMAGES, indices)


def test_feature_maps_have_the_announced_channels_and_reductions():
    model = lively("cifar_resnet20")
    maps = model.forward_intermediates(IMAGES, intermediates_only=True)
    announced = [(level["num_chs"], 64 // level["reduction"]) for level in model.feature_info]
    assert [(level.shape[1], level.shape[2]) for level in maps] == announced


@pytest.mark.parametrize("option", ["drop_rate", "drop_path_rate", "drop_block_rate"])
def test_dropping_is_active_in_training_only(option):
    model = lively(**{option: 0.5})
    images = IMAGES.repeat(1, 1, 2, 2)
    assert torch.equal(model(images), lively()(images))
    model.train()
    assert not torch.equal(model(images), model(images))


def test_dropped_features_keep_their_mean():
    model = create_model("test_resnet", drop_rate=0.3)
    pooled = model.forward_head(torch.ones(500, model.num_features, 1, 1), pre_logits=True)
    assert (pooled == 0).float().mean() == pytest.approx(0.3, abs=0.02)
    assert pooled.mean() == pytest.approx(1, abs=0.03)


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


def test_gradient_checkpointing_changes_neither_gradients_nor_statistics():
    plain = create_model("resnet10t", num_classes=3)
    frugal = copy.deepcopy(plain)
    frugal.set_grad_checkpointing()
    for model in (plain, frugal):
        model.train()(IMAGES).square().sum().backward()
    for one, other in zip(plain.parameters(), frugal.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
    for one, other in zip(plain.buffers(), frugal.buffers(), strict=True):
        assert torch.equal(one, other)


def test_gradient_checkpointing_keeps_fewer_activations():
    def saved(model):
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.numel()), lambda _: None):
            model(IMAGES)
        return sum(kept)

    model = create_model("resnet10t").train()
    usual = saved(model)
    model.set_grad_checkpointing()
    assert saved(model) < usual / 2
    model.set_grad_checkpointing(False)
    assert saved(model) == usual


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


def test_a_new_head_has_the_classes_and_names_asked_for():
    model = lively(label_names=[str(number) for number in range(1000)])
    model.reset_classifier(2, label_names=["cat", "dog"])
    assert (model(IMAGES).shape, model.num_classes, model.label_names) == ((2, 2), 2, ("cat", "dog"))


def test_a_new_head_forgets_the_old_names():
    model = create_model("test_resnet", num_classes=2, label_names=["cat", "dog"])
    model.reset_classifier(2)
    assert model.label_names is None


def test_a_head_reset_to_nothing_gives_pooled_features():
    model = lively()
    model.reset_classifier(0)
    assert model(IMAGES).shape == (2, model.num_features)


def test_a_new_head_takes_another_pooling_and_keeps_the_old_one_unless_told():
    model = lively(global_pool="max")
    model.reset_classifier(3)
    assert model.global_pool.kind == "max"
    model.reset_classifier(3, "catavgmax")
    assert (model.config.global_pool, model.fc.in_features) == ("catavgmax", 2 * model.num_features)
    assert model(IMAGES).shape == (2, 3)


def test_a_head_reset_to_nothing_and_no_pooling_gives_the_feature_map():
    model = lively()
    model.reset_classifier(0, "")
    assert torch.equal(model(IMAGES), model.forward_features(IMAGES))


def test_a_new_head_has_the_type_of_the_network():
    model = lively().double()
    model.reset_classifier(3)
    assert model(IMAGES.double()).dtype == torch.float64


def test_a_new_head_is_marked_as_new():
    model = create_model("test_resnet")
    model.head_is_new = False
    model.reset_classifier(3)
    assert model.head_is_new


@pytest.mark.parametrize(
    ("classes", "names", "sentence"),
    [(3, ["cat"], "1 label names for 3 classes"), (-1, None, "num_classes=-1 is out of range")],
    ids=["names", "number"],
)
def test_a_refused_new_head_leaves_the_network_as_it_was(classes, names, sentence):
    model = create_model("test_resnet", num_classes=2, label_names=["cat", "dog"])
    head = model.fc
    with pytest.raises(ConfigError, match=sentence):
        model.reset_classifier(classes, label_names=names)
    assert (model.num_classes, model.label_names, model.fc) == (2, ("cat", "dog"), head)


@pytest.mark.parametrize("coarse", [False, True])
def test_parameters_are_grouped_as_in_timm(coarse):
    assert create_model("test_resnet").group_matcher(coarse) == timm.create_model("test_resnet").group_matcher(coarse)


@pytest.mark.parametrize(("name", "first"), [("resnet10t", "conv1.0"), ("cifar_resnet20", "conv1")])
def test_the_first_convolution_is_named_as_in_timm(name, first):
    assert create_model(name).first_conv == first


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_class": 10}, "there is no option 'num_class'; the nearest are 'num_classes'"),
        ({"num_classes": 2, "label_names": ["cat"]}, "there are 1 label names for 2 classes; give one for each class"),
        ({"cardinality": 32}, "cardinality=32 and base_width=64 need the bottleneck block"),
        ({"act_layer": nn.SiLU}, "must be a name such as 'relu'"),
        ({"norm_layer": "groupnorm"}, "'groupnorm' has 32 groups, but test_resnet has a layer of 16 channels"),
    ],
    ids=str,
)
def test_a_network_that_cannot_be_built_is_refused(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        create_model("test_resnet", **options)


def test_a_network_is_not_bound_to_a_named_row():
    config = create_model("resnet18").config.with_options(depths=[1, 1], widths=[16, 32], num_classes=2)
    assert ResNet(config)(IMAGES).shape == (2, 2)

"""What every network does, whatever its family: heads, feature levels, gradient checkpointing."""

import copy

import pytest
import torch
from error_facts import code_and_fields
from random_weights import lively

from resnet_hub import AutoResNet, create_model
from resnet_hub.errors import ConfigError

IMAGES = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


pytestmark = pytest.mark.usefixtures("fixed_seed")


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
    ("indices", "code", "expected"),
    [
        ([5], "nn.no_level", {"index": 5, "architecture": "test_resnet", "last": 4}),
        ([0, -6], "nn.no_level", {"index": -6, "architecture": "test_resnet", "last": 4}),
        (6, "nn.no_last_levels", {"wanted": 6, "architecture": "test_resnet", "count": 5}),
        (0, "nn.no_last_levels", {"wanted": 0, "architecture": "test_resnet", "count": 5}),
        (-1, "nn.no_last_levels", {"wanted": -1, "architecture": "test_resnet", "count": 5}),
    ],
    ids=str,
)
def test_a_level_that_is_not_there_is_refused(indices, code, expected):
    with pytest.raises(ConfigError) as refused:
        create_model("test_resnet").forward_intermediates(IMAGES, indices)
    assert code_and_fields(refused.value) == (code, expected)


def test_feature_maps_have_the_announced_channels_and_reductions():
    model = lively("cifar_resnet20")
    maps = model.forward_intermediates(IMAGES, intermediates_only=True)
    announced = [(level["num_chs"], 64 // level["reduction"]) for level in model.feature_info]
    assert [(level.shape[1], level.shape[2]) for level in maps] == announced


@pytest.mark.parametrize(
    ("name", "options", "reductions"),
    [
        ("resnet26", {"strides": (2, 2), "stride_place": "1x1", "plain_stem_width": 24}, [2, 8, 16]),
        ("resnet26", {"strides": (1, 1)}, [2, 4, 4]),
        ("resnet26", {"strides": (2, 2), "output_stride": 8}, [2, 8, 8]),
        ("resnetv2_50", {"strides": (2, 1), "stride_place": "last_block", "conv_bias": True}, [2, 8, 8]),
    ],
)
def test_other_strides_give_the_reductions_that_are_announced_and_come_back(name, options, reductions, tmp_path):
    model = lively(name, depths=(2, 2), widths=(16, 32), num_classes=3, **options)
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    maps = model.forward_intermediates(images, intermediates_only=True)
    assert [64 // level.shape[-1] for level in maps] == [info["reduction"] for info in model.feature_info] == reductions
    model.save_pretrained(tmp_path)
    assert torch.equal(AutoResNet.from_pretrained(tmp_path)(images), model(images))


def test_dropped_features_keep_their_mean():
    model = create_model("test_resnet", drop_rate=0.3)
    pooled = model.forward_head(torch.ones(500, model.num_features, 1, 1), pre_logits=True)
    assert (pooled == 0).float().mean() == pytest.approx(0.3, abs=0.02)
    assert pooled.mean() == pytest.approx(1, abs=0.03)


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


@pytest.mark.parametrize("name", ["test_resnet", "resnetv2_18"])
def test_a_walk_through_the_blocks_ends_at_the_last_feature_map(name):
    model, seen = lively(name), []

    def step(block_name, block, x):
        seen.append(block_name)
        assert model.get_submodule(block_name) is block
        return block(x)

    assert torch.equal(model.walk(IMAGES, step), model.forward_features(IMAGES))
    assert len(seen) == sum(model.config.depths)
    assert seen[0] == {"test_resnet": "layer1.0", "resnetv2_18": "stages.0.blocks.0"}[name]

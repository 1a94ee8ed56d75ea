"""Networks that return feature maps: timm's maps, timm's description of them, and nothing computed in vain."""

import copy
from functools import cache

import pytest
import timm
import torch
from random_weights import assert_equal, lively, random_state, without_storage

from resnet_hub import FeatureNetwork, ResNet, create_model
from resnet_hub.errors import ConfigError, ImageError

IMAGES = torch.randn(2, 3, 64, 32, generator=torch.Generator().manual_seed(0))
CHOICES = [(1, 2, 3, 4), (0, 1, 2, 3, 4), (2,), (0, 3), (-1,), (-2, -1), (1, -1), 2, 5]


def pair(name, out_indices, **options):
    options |= {"features_only": True, "out_indices": out_indices}
    ours, theirs = (without_storage(create, name, **options) for create in (create_model, timm.create_model))
    theirs.load_state_dict(random_state(theirs), strict=True, assign=True)
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    return ours, theirs


@cache
def infos(name, out_indices):
    """Ours and timm's description of the maps; it needs no weights."""
    with torch.device("meta"):
        models = [
            create(name, features_only=True, out_indices=out_indices) for create in (create_model, timm.create_model)
        ]
    return [model.feature_info for model in models]


@pytest.mark.parametrize("out_indices", CHOICES, ids=str)
@pytest.mark.parametrize("name", ["test_resnet", "resnet18", "resnetv2_18", "resnetv2_18d"])
def test_feature_maps_equal_timm(name, out_indices):
    ours, theirs = pair(name, out_indices)
    with torch.inference_mode():
        maps, their_maps = ours(IMAGES), theirs(IMAGES)
    assert len(maps) == len(their_maps)
    for one, other in zip(maps, their_maps, strict=True):
        assert_equal(one, other)


@pytest.mark.parametrize("options", [{"output_stride": 8}, {"in_chans": 1}, {"num_classes": 0}], ids=str)
@pytest.mark.parametrize("name", ["resnet50d", "resnetv2_50x1_bit"])
def test_options_mean_the_same_as_in_timm(name, options):
    ours, theirs = pair(name, (1, 4), **options)
    images = IMAGES[:, : options.get("in_chans", 3)]
    with torch.inference_mode():
        for one, other in zip(ours(images), theirs(images), strict=True):
            assert_equal(one, other)
    assert ours.feature_info.reduction() == theirs.feature_info.reduction()


@pytest.mark.parametrize("out_indices", CHOICES, ids=str)
@pytest.mark.parametrize("question", ["channels", "reduction", "module_name", "get_dicts"])
@pytest.mark.parametrize("name", ["resnet18", "resnetv2_18"])
def test_feature_info_equals_timm(name, question, out_indices):
    ours, theirs = infos(name, out_indices)
    assert getattr(ours, question)() == getattr(theirs, question)()


@pytest.mark.parametrize("question", ["channels", "reduction", "module_name"])
def test_feature_info_of_one_level_equals_timm(question):
    ours, theirs = infos("resnet18", (1, 2))
    assert getattr(ours, question)(4) == getattr(theirs, question)(4)


def test_chosen_keys_of_feature_info_equal_timm():
    ours, theirs = pair("resnet18", (1, 2))
    assert ours.feature_info.get_dicts(["num_chs"]) == theirs.feature_info.get_dicts(["num_chs"])
    assert len(ours.feature_info) == len(theirs.feature_info) == 5
    assert ours.feature_info.get_dicts(idx=[0, 4]) == theirs.feature_info.get_dicts(idx=[0, 4])


def test_all_levels_come_without_indices():
    assert create_model("test_resnet", features_only=True).feature_info.reduction() == [2, 4, 8, 16, 32]


def test_levels_come_finest_first_and_once_and_are_described_so():
    network = create_model("test_resnet", features_only=True, out_indices=(3, 1, -2)).eval()
    assert network.feature_info.out_indices == (1, 3)
    assert [features.shape[1] for features in network(IMAGES)] == network.feature_info.channels()


def test_what_no_map_needs_is_not_there():
    network = create_model("resnet18", features_only=True, out_indices=(0, 2))
    assert [name for name, _ in network.named_children()] == ["conv1", "bn1", "act1", "maxpool", "layer1", "layer2"]


def test_levels_within_a_module_stand_side_by_side_under_the_names_of_timm():
    network = create_model("resnetv2_18", features_only=True, out_indices=(0, 2))
    assert [name for name, _ in network.named_children()] == ["stem_conv", "maxpool", "stages_0", "stages_1"]


def test_the_tensors_are_the_networks_own():
    model = lively("resnet18")
    network, state = FeatureNetwork(model, (1, 2)), model.state_dict()
    kept = [name for name in state if not name.startswith(("layer3", "layer4", "fc"))]
    assert list(network.state_dict()) == kept
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())


def test_a_checkpoint_gives_feature_maps(tiny_checkpoint):
    model = ResNet.from_pretrained(tiny_checkpoint)
    expected = model.forward_intermediates(IMAGES, [1, 3], intermediates_only=True)
    for one, other in zip(FeatureNetwork(model, (1, -1))(IMAGES), expected, strict=True):
        assert torch.equal(one, other)


def test_gradients_reach_the_stem():
    network = create_model("resnet10t", features_only=True, out_indices=(2, 4)).train()
    sum(features.square().mean() for features in network(IMAGES)).backward()
    assert network.conv1[0].weight.grad.any()


@pytest.mark.parametrize("name", ["test_resnet", "resnetv2_18"])
def test_gradient_checkpointing_changes_neither_gradients_nor_statistics(name):
    plain, _ = pair(name, (1, 4))
    frugal = copy.deepcopy(plain)
    frugal.set_grad_checkpointing()
    for network in (plain, frugal):
        sum(features.square().mean() for features in network.train()(IMAGES)).backward()
    for one, other in zip(plain.parameters(), frugal.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
    for one, other in zip(plain.buffers(), frugal.buffers(), strict=True):
        assert torch.equal(one, other)


def test_gradient_checkpointing_keeps_fewer_activations_for_the_backward_pass():
    def kept_numbers(network):
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: kept.append(tensor.numel()) or tensor, lambda x: x
        ):
            network.train()(IMAGES)
        return sum(kept)

    plain, frugal = (create_model("resnet18", features_only=True) for _ in range(2))
    frugal.set_grad_checkpointing()
    assert kept_numbers(frugal) < 0.7 * kept_numbers(plain)


@pytest.mark.parametrize("out_indices", [(5,), (0, -6), 6, 0, (), (1.5,), (True,)], ids=str)
def test_levels_that_are_not_there_are_refused(out_indices):
    with pytest.raises(ConfigError, match=r"out_indices=.* level.*; test_resnet has 0 to 4"):
        create_model("test_resnet", features_only=True, out_indices=out_indices)


def test_a_image_that_does_not_fit_is_refused_here_too():
    with pytest.raises(ImageError, match=r"expected \(N, 3, height, width\)"):
        create_model("test_resnet", features_only=True)(IMAGES[:, :1])

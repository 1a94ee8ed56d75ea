"""Every network and option that timm has too: the same tensors under the same names, the same numbers from them."""

from itertools import combinations

import pytest
import timm
import torch
import torch.nn.functional as F
from kinds import smallest
from random_weights import LARGE, assert_equal, random_state, without_storage

from resnet_hub import create_model
from resnet_hub.nn.layers.common import ACTIVATIONS
from resnet_hub.registry import architecture
from resnet_hub.registry.architectures import IMAGENET, PREACTIVATION

NAMES = [*IMAGENET, *PREACTIVATION]
# Networks that one state dict fits: anti-aliasing has no weights, so only the numbers tell them apart.
SAME_TENSORS = [
    ("resnet18", "resnetblur18"),
    ("resnet34d", "resnetaa34d"),
    ("resnet50", "resnetaa50", "resnetblur50"),
    ("resnet50d", "resnetaa50d", "resnetblur50d"),
    ("resnet101d", "resnetaa101d", "resnetblur101d"),
    ("seresnext101d_32x8d", "seresnextaa101d_32x8d"),
]
OPTIONS = [
    ("test_resnet", {"num_classes": 0}),
    ("test_resnet", {"num_classes": 7}),
    ("test_resnet", {"in_chans": 1}),
    ("resnet18", {"in_chans": 4}),
    ("test_resnet", {"global_pool": "max"}),
    ("test_resnet", {"global_pool": "avgmax"}),
    ("test_resnet", {"global_pool": "catavgmax", "num_classes": 5}),
    ("test_resnet", {"global_pool": "", "num_classes": 0}),
    ("test_resnet", {"output_stride": 8}),
    ("test_resnet", {"output_stride": 16}),
    ("resnet50d", {"output_stride": 8}),
    ("resnet50d", {"output_stride": 16}),
    ("resnet18", {"output_stride": 8}),
    ("resnetaa34d", {"output_stride": 8}),
    ("resnetblur18", {"output_stride": 16}),
    ("seresnext26d_32x4d", {"output_stride": 16}),
    ("resnet10t", {"act_layer": "silu"}),
    ("seresnet18", {"act_layer": "leaky_relu"}),
    ("resnet10t", {"norm_layer": "groupnorm", "stem_width": 128}),
    ("resnetv2_18", {"num_classes": 0}),
    ("resnetv2_18", {"num_classes": 7, "in_chans": 1}),
    ("resnetv2_18d", {"in_chans": 4}),
    ("resnetv2_18", {"global_pool": "max"}),
    ("resnetv2_18", {"global_pool": "avgmax"}),
    ("resnetv2_18", {"global_pool": "catavgmax", "num_classes": 5}),
    ("resnetv2_18", {"global_pool": "", "num_classes": 0}),
    ("resnetv2_18", {"in_chans": 2}),
    ("resnetv2_18", {"in_chans": 13}),
    ("resnetv2_18", {"output_stride": 8}),
    ("resnetv2_18d", {"output_stride": 16}),
    ("resnetv2_50", {"output_stride": 16}),
    ("resnetv2_50d", {"output_stride": 8}),
    ("resnetv2_50x1_bit", {"output_stride": 8}),
    ("resnetv2_18", {"act_layer": "silu"}),
    ("resnetv2_18", {"act_layer": "prelu"}),
    ("resnet50d", {"act_layer": "prelu"}),
    *(
        ("resnetv2_18", {"norm_layer": norm})
        for norm in ("groupnorm", "groupnorm1", "layernorm2d", "rmsnorm2d", "evonorms0", "frntlu")
    ),
    ("resnet18", {"norm_layer": "groupnorm"}),
    ("test_resnet", {"in_chans": 2}),
    ("test_resnet", {"in_chans": 13}),
    ("ecaresnet50d_pruned", {"output_stride": 16, "in_chans": 1}),
    ("ecaresnet50d_pruned", {"global_pool": "catavgmax", "num_classes": 5}),
    *((name, {"act_layer": act}) for act in ACTIVATIONS for name in ("resnet18", "test_resnet")),
    *(
        (name, {"norm_layer": norm})
        for norm in ("batchnorm2d", "groupnorm1", "layernorm2d", "rmsnorm2d")
        for name in ("resnet18", "test_resnet")
    ),
    ("test_resnet", {"act_layer": "gelu", "norm_layer": "layer_norm_2d", "global_pool": "avgmax"}),
]
# Two images of different contrast, so that a mix-up shows.
IMAGES = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
IMAGES[1] *= 4


def option_id(row):
    return row if isinstance(row, str) else ",".join(f"{key}={value}" for key, value in row.items())


def images(name):
    """Odd sides, so that every rounding of a size shows; networks that average in front of a stride take none."""
    return IMAGES[..., :32, :64] if "aa" in name else IMAGES[..., :33, :45]


def shallow(name, **options):
    """Ours and timm's network of one name with two blocks a stage, as a first one and the one behind it differ."""
    config = architecture(name)
    # A pruned network has widths for each of its blocks; timm takes no other depth for those of BiT.
    if config.pruned is not None or name.endswith("_bit"):
        return without_storage(create_model, name, **options), without_storage(timm.create_model, name, **options)
    depths = tuple(min(depth, 2) for depth in config.depths)
    return (
        without_storage(create_model, name, depths=depths, **options),
        without_storage(timm.create_model, name, layers=depths, **options),
    )


@pytest.fixture(scope="module", params=NAMES)
def pair(request):
    """Ours and timm's network of one name, without weights until a test loads them."""
    return without_storage(create_model, request.param), without_storage(timm.create_model, request.param)


def test_tensors_have_the_names_the_order_and_the_shapes_of_timm(pair):
    ours, theirs = ([(key, tensor.shape) for key, tensor in model.state_dict().items()] for model in pair)
    assert ours == theirs


def test_parameters_are_as_many_as_in_timm(pair):
    ours, theirs = (sum(parameter.numel() for parameter in model.parameters()) for model in pair)
    assert ours == theirs


def test_feature_info_equals_timm(pair):
    ours, theirs = pair
    assert ours.feature_info == theirs.feature_info


def test_the_head_and_the_first_convolution_are_where_timm_says(pair):
    ours, theirs = pair
    told = theirs.pretrained_cfg
    assert (ours.first_conv, ours.classifier) == (told["first_conv"], told["classifier"])


@pytest.mark.parametrize("name", sorted(smallest([name for name in NAMES if name not in LARGE])))
def test_weights_load_strictly_both_ways_and_give_the_numbers_of_timm(name):
    assert_same_numbers(*shallow(name))


@pytest.mark.parity
@pytest.mark.parametrize("pair", [name for name in NAMES if name not in LARGE], indirect=True)
def test_weights_load_strictly_both_ways_in_full_depth(pair):
    assert_same_numbers(*pair)


def assert_same_numbers(ours, theirs):
    theirs.load_state_dict(random_state(theirs), strict=True, assign=True)
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    theirs.load_state_dict(ours.state_dict(), strict=True, assign=True)
    inputs = images(ours.config.architecture)
    with torch.inference_mode():
        last, levels = ours.forward_intermediates(inputs)
        their_last, their_levels = theirs.forward_intermediates(inputs)
        logits, their_logits = ours(inputs), theirs(inputs)
    assert len(levels) == len(their_levels) == 5
    for level, their_level in zip(levels, their_levels, strict=True):
        assert_equal(level, their_level)
    assert_equal(last, their_last)
    assert_equal(logits, their_logits)
    assert logits[0].sub(logits[1]).abs().max() > 0.01 * logits.abs().max()


def test_the_tables_have_every_network_of_timm():
    assert set(IMAGENET) == set(timm.list_models(module="resnet"))
    assert set(PREACTIVATION) == set(timm.list_models(module="resnetv2"))


def test_the_large_networks_are_the_wide_ones():
    assert sorted(LARGE) == [f"resnetv2_{size}_bit" for size in ("101x3", "152x2", "152x4", "50x3")]


@pytest.mark.parametrize("names", SAME_TENSORS, ids="-".join)
def test_networks_with_the_same_tensors_differ_in_their_logits(names):
    models = [without_storage(create_model, name) for name in names]
    state = random_state(models[0])
    for model in models:
        model.load_state_dict(state, strict=True, assign=True)
    inputs = images("aa")
    with torch.inference_mode():
        logits = [model(inputs) for model in models]
    for one, other in combinations(logits, 2):
        assert (one - other).abs().max() > 0.01 * other.abs().max()


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=option_id)
def test_an_option_has_the_meaning_of_timm(name, options):
    ours, theirs = (without_storage(create, name, **options) for create in (create_model, timm.create_model))
    state = random_state(theirs)
    theirs.load_state_dict(state, strict=True, assign=True)
    ours.load_state_dict(state, strict=True, assign=True)
    images = IMAGES[:, [channel % 3 for channel in range(ours.config.in_chans)], :64, :32]
    with torch.inference_mode():
        levels = ours.forward_intermediates(images, intermediates_only=True)
        for level, their_level in zip(levels, theirs.forward_intermediates(images)[1], strict=True):
            assert_equal(level, their_level)
        assert_equal(ours(images), theirs(images))
    assert ours.feature_info == theirs.feature_info
    assert ours.head_hidden_size == theirs.head_hidden_size


TRAINED = [
    "resnet18",
    "resnet50d",
    "resnetv2_18",
    "resnetv2_50x1_bit",
    "resnetv2_50d_gn",
    "resnetv2_50d_evos",
    "resnetv2_50d_frn",
]


@pytest.mark.parametrize("name", ["test_resnet", "resnet50"])
def test_dropping_has_the_places_and_the_rates_of_timm(name):
    def rates(model, path, block):
        stages = [getattr(model, f"layer{stage}") for stage in (1, 2, 3, 4)]
        return [(path(one), block(one)) for stage in stages for one in stage]

    options = {"drop_rate": 0.4, "drop_path_rate": 0.2, "drop_block_rate": 0.1}
    with torch.device("meta"):
        ours, theirs = create_model(name, **options), timm.create_model(name, **options)
    dropped = rates(
        ours,
        lambda one: getattr(one.drop_path, "rate", 0.0),
        lambda one: tuple(getattr(one.drop_block, key, None) for key in ("rate", "size", "scale")),
    )
    their_dropped = rates(
        theirs,
        lambda one: getattr(one.drop_path, "drop_prob", 0.0),
        lambda one: tuple(getattr(one.drop_block, key, None) for key in ("drop_prob", "block_size", "gamma_scale")),
    )
    assert [block for _, block in dropped] == [block for _, block in their_dropped]
    assert [path for path, _ in dropped] == pytest.approx([path for path, _ in their_dropped])
    assert ours.config.drop_rate == theirs.drop_rate


@pytest.mark.parametrize("name", TRAINED)
def test_a_training_step_has_the_loss_the_gradients_and_the_statistics_of_timm(name):
    labels, losses = torch.tensor([3, 7]), []
    ours, theirs = shallow(name, num_classes=10)
    for model in (ours, theirs):
        model.load_state_dict(random_state(model), strict=True, assign=True)  # of its own: training writes into it
        losses.append(F.cross_entropy(model.train()(IMAGES[..., :64, :64]), labels))
        losses[-1].backward()
    torch.testing.assert_close(*losses, rtol=1e-5, atol=0)
    theirs_by_name = dict(theirs.named_parameters())
    for parameter_name, parameter in ours.named_parameters():
        assert_equal(parameter.grad, theirs_by_name[parameter_name].grad)
    for buffer, their_buffer in zip(ours.buffers(), theirs.buffers(), strict=True):
        assert_equal(buffer, their_buffer)

"""What a network refuses before it works: sizes beyond any machine, and tensors that do not fit."""

import time

import pytest
import timm
import torch
from error_facts import code_and_fields

from resnet_hub import create_model
from resnet_hub.errors import ConfigError, ImageError
from resnet_hub.nn.limits import check_parameters, parameter_estimate, side_fits
from resnet_hub.registry.architectures import ARCHITECTURES, architecture
from resnet_hub.registry.counted import counted_cost
from resnet_hub.registry.published import published_architecture

LOW_PASS = ["resnetblur18", "resnetaa50", "resnetaa34d", "seresnextaa101d_32x8d"]
HUGE = [
    {"widths": [65536] * 4},
    {"base_width": 65536, "block": "bottleneck"},
    {"num_classes": 1_000_000, "widths": [64, 64, 64, 8192]},
    {"stem_width": 65536, "stem": "deep"},
    {"depths": [256] * 4, "widths": [1024] * 4},
]


def without_storage(name, **options):
    with torch.device("meta"):
        return create_model(name, **options).eval()


@pytest.mark.parametrize("name", sorted(set(ARCHITECTURES) - {"ecaresnet50d_pruned", "ecaresnet101d_pruned"}))
def test_the_estimate_is_near_the_number_of_parameters(name):
    known = published_architecture(name) or counted_cost(name)  # which are the network's, by the tests of these tables
    assert parameter_estimate(architecture(name)) == pytest.approx(known.parameters, rel=0.05)


@pytest.mark.parametrize("options", HUGE, ids=lambda options: ",".join(options))
def test_a_network_beyond_any_machine_is_refused_at_once(options):
    started = time.process_time()
    sentence = r"resnet18 with these options would have about [\d,.]+ billion parameters \([\d,]+ GB\); at most 4"
    with pytest.raises(ConfigError, match=sentence):
        create_model("resnet18", **options)
    assert time.process_time() - started < 1


def test_a_head_beyond_any_machine_is_refused_and_the_old_one_stays():
    blocks = ["basic", "basic", "basic", "bottleneck"]
    model = create_model("test_resnet", block=blocks, widths=[32, 48, 48, 1024], num_classes=2)
    with pytest.raises(ConfigError, match=r"would have about 4\.1 billion parameters"):
        model.reset_classifier(1_000_000)
    assert (model.num_classes, model.fc.out_features) == (2, 2)


def test_the_largest_published_networks_are_within_the_limit():
    check_parameters(architecture("resnext101_32x32d").with_options(base_width=48))


@pytest.mark.parametrize(
    ("shape", "code", "expected"),
    [
        (
            (3, 64, 64),
            "nn.images_of_another_shape",
            {"shape": (3, 64, 64), "architecture": "test_resnet", "channels": 3},
        ),
        (
            (2, 1, 64, 64),
            "nn.images_of_another_shape",
            {"shape": (2, 1, 64, 64), "architecture": "test_resnet", "channels": 3},
        ),
        (
            (2, 64, 64, 3),
            "nn.images_of_another_shape",
            {"shape": (2, 64, 64, 3), "architecture": "test_resnet", "channels": 3},
        ),
        (
            (2, 3, 64, 0),
            "nn.side_too_small",
            {"name": ("nn.width", {}), "side": 0, "architecture": "test_resnet", "below": None, "above": 1},
        ),
    ],
    ids=str,
)
def test_a_tensor_that_is_no_batch_of_images_is_refused(shape, code, expected):
    with pytest.raises(ImageError) as refused:
        create_model("test_resnet")(torch.zeros(shape))
    assert code_and_fields(refused.value) == (code, expected)


def test_bytes_are_refused():
    with pytest.raises(ImageError) as refused:
        create_model("test_resnet")(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    assert code_and_fields(refused.value) == ("nn.images_not_normalized", {"type": "torch.uint8"})


@pytest.mark.parametrize(
    ("name", "options", "height", "code", "expected"),
    [
        (
            "resnetblur18",
            {},
            8,
            "nn.side_too_small",
            {"name": ("nn.height", {}), "side": 8, "architecture": "resnetblur18", "below": None, "above": 17},
        ),
        (
            "resnetaa50",
            {},
            8,
            "nn.side_too_small",
            {"name": ("nn.height", {}), "side": 8, "architecture": "resnetaa50", "below": None, "above": 31},
        ),
        (
            "resnetaa50",
            {},
            40,
            "nn.side_does_not_fit",
            {"name": ("nn.height", {}), "side": 40, "architecture": "resnetaa50", "below": 34, "above": 63},
        ),
        (
            "resnetaa50",
            {"output_stride": 8},
            12,
            "nn.side_does_not_fit",
            {"name": ("nn.height", {}), "side": 12, "architecture": "resnetaa50", "below": 10, "above": 15},
        ),
    ],
    ids=str,
)
def test_a_side_that_does_not_fit_is_refused_with_the_nearest_that_does(name, options, height, code, expected):
    with pytest.raises(ImageError) as refused:
        without_storage(name, **options)(torch.zeros(1, 3, height, 64, device="meta"))
    assert code_and_fields(refused.value) == (code, expected)


@pytest.mark.parametrize("stride", [8, 16, 32])
@pytest.mark.parametrize("name", ["resnetblur18", "resnetaa34d", "resnet18"])
def test_sides_fit_exactly_where_timm_can_compute(name, stride):
    theirs = timm.create_model(name, output_stride=stride, layers=(1, 1, 1, 1), channels=(8, 8, 8, 8)).eval()

    def computes(side):
        try:
            with torch.inference_mode():
                theirs(torch.zeros(1, 3, side, 64))
        except RuntimeError:
            return False
        return True

    config, sides = architecture(name).with_options(output_stride=stride), [*range(1, 36), 40, 47, 48, 63, 66, 67]
    assert [side for side in sides if side_fits(config, side)] == [side for side in sides if computes(side)]


@pytest.mark.parametrize("name", ["resnetblur18", "resnetaa34d", "resnet18", "resnetrs50", "cifar_resnet20"])
def test_every_side_that_fits_is_computed(name):
    stages = len(architecture(name).depths)  # where only the first block changes the sides
    model = create_model(name, depths=(1,) * stages, widths=(16,) * stages).eval()
    for side in filter(lambda side: side_fits(model.config, side), range(1, 36)):
        with torch.inference_mode():
            assert model(torch.zeros(1, 3, side, 64)).shape == (1, model.num_classes)


@pytest.mark.parametrize("name", LOW_PASS)
def test_multiples_of_32_always_fit(name):
    assert all(side_fits(architecture(name), side) for side in range(32, 1024, 32))


def test_an_exporter_may_leave_the_sizes_open():
    model = create_model("resnetblur18", depths=(1, 1, 1, 1)).eval()
    size = {2: torch.export.Dim("height", min=64, max=256), 3: torch.export.Dim("width", min=64, max=256)}
    exported = torch.export.export(model, (torch.zeros(2, 3, 96, 96),), dynamic_shapes=(size,))
    assert exported.module()(torch.zeros(2, 3, 130, 64)).shape == (2, 1000)

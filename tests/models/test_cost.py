"""What one image costs, against what was published and against a count by hand."""

from functools import cache
from math import prod

import pytest
import torch
from kinds import smallest
from published_numbers import published_numbers
from random_weights import without_storage
from torch import nn

from resnet_hub.models.cost import Complexity, complexity, count_layers, meta_network
from resnet_hub.registry.architectures import architecture, list_architectures
from resnet_hub.registry.published import published_architecture

BUILT = [name for name in list_architectures() if published_architecture(name)]
# Every size at which the costs of a network we build were published; the table grows with the networks. What is counted
# in a larger image is counted in the smallest as well, but for roundings of sizes, and how deep each network is the
# layers and the parameters tell: the smallest of a kind tells what its blocks cost.
SIZES = {name: found for name in BUILT if (found := published_architecture(name).complexity)}
DAILY = {(name, min(SIZES[name])) for name in smallest(SIZES)}
ROWS = [
    pytest.param(name, size, marks=[] if (name, size) in DAILY else [pytest.mark.parity])
    for name, sizes in SIZES.items()
    for size in sizes
]


@cache
def network(name):
    return without_storage(lambda name: meta_network(architecture(name)), name)


@pytest.mark.parametrize(("name", "size"), ROWS, ids=lambda value: str(value))
def test_the_cost_is_the_published_one(name, size):
    gmacs, mega_activations = published_architecture(name).complexity[size]
    counted = complexity(network(name), (3, size, size))
    # One part in a hundred; what is published was rounded to two decimals.
    assert counted.macs / 1e9 == pytest.approx(gmacs, rel=0.01, abs=0.005)
    assert counted.activations / 1e6 == pytest.approx(mega_activations, rel=0.01, abs=0.005)


@pytest.mark.parametrize("name", BUILT)
def test_parameters_and_layers_are_the_catalog_s(name):
    entry = published_architecture(name)
    assert sum(parameter.numel() for parameter in network(name).parameters()) == entry.parameters
    assert count_layers(network(name)) == entry.layers


@pytest.mark.parametrize(
    ("name", "layers"),
    [("resnet18", 18), ("resnet34", 34), ("resnet50", 50), ("resnet152", 152), ("senet154", 154), ("resnet50d", 52)],
)
def test_the_depth_is_the_number_in_the_name_and_a_deep_stem_adds_two(name, layers):
    assert count_layers(network(name)) == layers


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_the_depth_of_a_cifar_network_is_the_number_in_its_name(depth):
    assert count_layers(network(f"cifar_resnet{depth}")) == depth


def test_the_count_of_a_small_network_by_hand():
    conv, linear = nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.Linear(6, 5)
    model = nn.Sequential(conv, nn.BatchNorm2d(6), nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)
    outputs = 6 * 8 * 10
    macs = outputs * (2 * 3 * 3) + 2 * outputs + 6 * 5
    parameters = prod((6, 2, 3, 3)) + 6 + 2 * 6 + 6 * 5 + 5
    assert complexity(model, (4, 8, 10)) == Complexity(parameters, macs, outputs + 5, layers=2)


def test_counting_leaves_a_network_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()).train()
    model[2].eval()
    complexity(model, (3, 8, 8))
    assert [module.training for module in model] == [True, True, False]
    assert torch.equal(model[1].running_mean, torch.zeros(4))


def test_the_described_network_takes_no_memory():
    assert {parameter.device.type for parameter in network("resnet18").parameters()} == {"meta"}


def test_every_row_of_the_published_table_is_in_the_catalog(data_folder):
    for row in published_numbers(data_folder):
        entry = published_architecture(row["model"].partition(".")[0])
        assert entry.complexity[int(row["img_size"])] == (float(row["gmacs"]), float(row["macts"])), row["model"]

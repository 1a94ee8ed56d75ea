"""The costs that are stored are those that counting gives, of every architecture that no table publishes."""

import json

import pytest

from resnet_hub.models.cost import complexity, meta_network
from resnet_hub.registry.architectures import architecture, list_architectures, named_network
from resnet_hub.registry.counted import COUNTED, CountedCost, counted_cost
from resnet_hub.registry.published import published_architecture

UNPUBLISHED = [
    name for name in list_architectures() if (entry := published_architecture(name)) is None or not entry.complexity
]


def test_every_network_without_a_published_cost_is_stored_and_no_other():
    assert sorted(json.loads(COUNTED.read_text("utf-8"))) == UNPUBLISHED


@pytest.mark.parametrize("name", UNPUBLISHED)
def test_a_stored_cost_is_what_counting_gives(name):
    found = complexity(meta_network(architecture(name)), named_network(name)[1].input_size)
    assert counted_cost(name) == CountedCost(found.parameters, found.layers, found.macs, found.activations)


def test_a_published_network_has_no_other_cost():
    assert counted_cost("resnet50") is None

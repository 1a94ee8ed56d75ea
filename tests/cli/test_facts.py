"""What is known of networks, as values: the stored costs are those that counting gives."""

import pytest

from resnet_hub.cli.facts import architecture_rows, network_facts, tag_rows
from resnet_hub.errors import ConfigError
from resnet_hub.models.cost import complexity, meta_network
from resnet_hub.registry.architectures import architecture, list_architectures
from resnet_hub.registry.published import published_tags


def test_every_network_has_a_row():
    assert [row["architecture"] for row in architecture_rows(())] == list_architectures()


@pytest.mark.parametrize("name", ["resnet18", "resnet10t", "ecaresnet200d", "resnext101_32x16d", "cifar_resnet20"])
def test_a_row_is_what_counting_gives_at_its_size(name):
    (row,) = architecture_rows([name])
    counted = complexity(meta_network(architecture(name)), (3, row["size"], row["size"]))
    assert (row["parameters"], row["layers"]) == (counted.parameters, counted.layers)
    assert row["gmacs"] == pytest.approx(counted.macs / 1e9, abs=0.0051)
    assert row["mega_activations"] == pytest.approx(counted.activations / 1e6, abs=0.0051)


def test_every_published_tag_of_a_network_we_build_has_a_row():
    assert len(tag_rows(())) == sum(len(published_tags(name)) for name in list_architectures())


def test_a_tag_s_facts_are_counted_with_its_own_head():
    facts = network_facts("resnet50.bamboo")
    assert facts["num_classes"] == 0
    assert facts["parameters"] == network_facts("resnet50")["parameters"] - 2049 * 1000


def test_a_network_without_weights_says_so():
    assert network_facts("resnet50t")["weights"] == {"weights": "none published"}


def test_a_network_whose_bare_name_stands_for_nothing_lists_its_tags():
    facts = network_facts("resnext101_32x32d")
    assert [tag["non_commercial"] for tag in facts["tags"]] == [True]
    assert facts["weights"]["weights"].startswith("all are CC-BY-NC-4.0: non-commercial")


def test_a_pattern_that_matches_nothing_gets_the_nearest():
    with pytest.raises(ConfigError, match="nothing matches 'resnte50'; the nearest are 'resnet50', "):
        architecture_rows(["resnte50"])

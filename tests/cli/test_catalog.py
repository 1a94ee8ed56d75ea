"""What is listed of networks, as values: the stored costs are those that counting gives."""

import pytest
from error_facts import Begins, code_and_fields

from resnet_hub.cli import catalog
from resnet_hub.cli.catalog import architecture_rows, tag_rows
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


def test_a_network_that_is_in_no_table_is_counted(monkeypatch):
    stored = architecture_rows(["cifar_resnet20"])
    monkeypatch.setattr(catalog, "counted_cost", lambda name: None)
    assert architecture_rows(["cifar_resnet20"]) == stored


def test_a_pattern_that_matches_nothing_gets_the_nearest():
    with pytest.raises(ConfigError) as refused:
        architecture_rows(["resnte50"])
    assert code_and_fields(refused.value) == (
        "cli.nothing_matches",
        {"patterns": "'resnte50'", "nearest": Begins("'resnet50', ")},
    )

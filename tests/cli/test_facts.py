"""What is known of a network, as values."""

from resnet_hub.cli.facts import network_facts


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

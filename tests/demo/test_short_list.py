"""The short list of networks: what it recommends, and what a row says."""

from itertools import pairwise

import pytest

from resnet_hub.demo.model_facts import ModelFacts
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.short_list import GROUPS, short_list
from resnet_hub.demo.text.formatting import describe_facts, describe_row, shortened
from resnet_hub.registry import find_tag

COLON_AND_COMMA = "\N{FULLWIDTH COLON}\N{FULLWIDTH COMMA}"


def test_each_row_costs_more_than_the_one_before_and_is_more_accurate():
    assert [row.group for row in short_list()] == [group for group, names in GROUPS.items() for _ in names]
    assert 6 <= len(short_list()) <= 12
    for cheaper, dearer in pairwise(short_list()):
        assert cheaper.gmacs < dearer.gmacs
        assert cheaper.top1 < dearer.top1


def test_everybody_may_use_what_is_recommended_in_any_way():
    assert {find_tag(row.name).license for row in short_list()} == {"apache-2.0"}


def test_one_is_recommended_and_it_is_the_one_that_a_page_has_by_itself():
    (recommended,) = (row for row in short_list() if row.recommended)
    assert recommended.name == PageSettings.model


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Balanced · resnet50.a1_in1k · 25.6 M · 80.4 % · 4.1 GMACs · recommended"),
        ("zh-CN", "均衡{0}resnet50.a1_in1k{1}2560 万参数{1}80.4%{1}4.1 GMACs{1}推荐".format(*COLON_AND_COMMA)),
    ],
)
def test_a_row_says_size_accuracy_and_work(language, words):
    (recommended,) = (row for row in short_list() if row.recommended)
    assert describe_row(recommended, language).replace("\N{NO-BREAK SPACE}", " ") == words


def test_what_is_loaded_has_nothing_to_load_and_an_unnamed_license_is_told_as_one():
    facts = ModelFacts("alice/net", 51_500_000, 12_000_000, "other", 10, 71.5)
    before = describe_facts(facts, "en")
    assert before == (
        "alice/net: 12.0 million parameters, 51.5 MB to load, 10 classes, "
        "names 71.5 % of ImageNet's pictures right, licence of its own."
    )
    assert describe_facts(facts, "en", loaded=True) == before.replace(" 51.5 MB to load,", "")


def test_a_stranger_s_text_is_cut_and_shows_what_it_hides():
    assert shortened("alice/net") == "alice/net"
    assert shortened("x" * 10_000) == "x" * 80 + "…"
    assert shortened("a\u202eb\n") == "a\ufffdb\ufffd"

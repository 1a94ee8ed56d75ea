"""Numbers and names as the readers of each language write them."""

import pytest

from resnet_hub import Prediction
from resnet_hub.demo.model_facts import ModelFacts
from resnet_hub.demo.text import counted, describe_facts, percent, rounded, say, tenths, times, verdict

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("count", "english", "chinese"),
    [
        (77_850, "0.1 million", "7.78 万"),
        (25_557_032, "25.6 million", "2560 万"),
        (99_999_999, "100.0 million", "1 亿"),
        (928_340_224, "928.3 million", "9.28 亿"),
        (1_400_000_000, "1.4 billion", "14 亿"),
    ],
)
def test_large_numbers_have_the_unit_in_which_a_language_counts(count, english, chinese):
    assert (rounded(count), rounded(count, "zh-CN")) == (english, chinese)


@pytest.mark.parametrize(
    ("count", "english", "chinese"), [(12, "12", "12"), (1000, "1,000", "1000"), (21_841, "21,841", "21,841")]
)
def test_a_chinese_number_of_four_digits_has_no_comma(count, english, chinese):
    assert (counted(count), counted(count, "zh-CN")) == (english, chinese)


@pytest.mark.parametrize(
    ("factor", "english", "chinese"),
    [(1.24, "1.2", "1.2"), (5113, "5,100", "5100"), (34_900_000, "35,000,000", "3500 万")],
)
def test_a_factor_has_two_digits(factor, english, chinese):
    assert (times(factor), times(factor, "zh-CN")) == (english, chinese)


@pytest.mark.parametrize(
    ("score", "whole", "tenth"), [(0, "不到 1%", "< 0.1%"), (0.426, "43%", "42.6%"), (1, "超过 99%", "> 99.9%")]
)
def test_a_chinese_percent_sign_follows_its_number_at_once(score, whole, tenth):
    assert (percent(score, "zh-CN"), tenths(score, "zh-CN")) == (whole, tenth)
    assert percent(score).endswith(f"{SPACE}%")
    assert tenths(score).endswith(f"{SPACE}%")


def test_a_space_stands_beside_latin_letters_only():
    said = [Prediction("埃及猫", 285, 0.7), Prediction("tabby", 281, 0.2)]
    assert verdict(said, "zh-CN") == "最可能是埃及猫\uff0c70%\uff1b也可能是 tabby\uff0c20%。"
    assert verdict(said) == f"Most likely 埃及猫, 70{SPACE}%; perhaps tabby, 20{SPACE}%."


def test_what_a_value_holds_is_left_as_it_is():
    assert say("compare.one_says", "zh-CN", names="a b", label="猫 {label} 狗") == "a b 认为是猫 {label} 狗"


def test_a_network_is_described_as_chinese_readers_write_it():
    facts = ModelFacts("a/b", 102_000_000, 25_557_032, "apache-2.0", 1000, 80.4)
    words = describe_facts(facts, "zh-CN")
    assert "2560 万参数" in words
    assert "1000 个类别" in words
    assert "80.4%" in words

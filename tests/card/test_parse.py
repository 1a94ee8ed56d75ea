"""card_text.py: a card taken apart and put together again, whatever people wrote into it."""

import importlib.util
import time

import pytest
import yaml
from error_facts import Begins, code_and_fields

from resnet_hub.card import parse
from resnet_hub.card.parse import CardText, marked
from resnet_hub.errors import CheckpointError


def parsed(card):
    return CardText.parse(card.encode(), "the card 'README.md'")


def with_results(body, content="new"):
    return parsed(body).with_sections_of(CardText({}, marked("results", content)))


@pytest.mark.parametrize(
    "card",
    [
        "",
        "# net\n",
        "---\nlicense: mit\n---\n# net\n",
        "---\r\nlicense: mit # ours\r\n---\r\n\r\n# net\r\n",
        "\ufeff---\nlicense: mit\n---\n",
        "\n\n---\nlicense: mit\n---\nlast line without an end",
        "---\n---\n# net",
        "# net\n\n---\nkey: value\n---\n",
    ],
    ids=[
        "empty",
        "no metadata",
        "plain",
        "windows",
        "byte order",
        "blank lines",
        "empty metadata",
        "rules in the text",
    ],
)
def test_a_card_that_is_read_and_written_stays_as_it_was(card):
    assert str(parsed(card)) == card


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("language: no", "no"),
        ("language: on", "on"),
        ("gated: false", False),
        ("released: 2024-01-31", "2024-01-31"),
        ("time: 12:30", "12:30"),
        ("build: 0123", "0123"),
        ("size: 7", 7),
        ("rate: 1e-4", "1e-4"),
        ("share: 0.5", 0.5),
        ("emoji: 🐜", "🐜"),
    ],
)
def test_metadata_mean_the_same_after_they_were_written_again(line, value):
    read = parsed(f"---\n{line}\n---\n").metadata
    written = str(CardText(read, ""))
    assert [str(item) if line.startswith("released") else item for item in read.values()] == [value]
    assert parsed(written).metadata == read
    assert line.partition(":")[2].strip() in written


@pytest.mark.parametrize(
    ("card", "code", "expected"),
    [
        (
            b"---\na: [1\nb: 2\n---\n",
            "card.invalid_yaml",
            {
                "where": "the card 'README.md'",
                "fault": ("card.fault_in_line", {"line": 3, "problem": "did not find expected ',' or ']'"}),
            },
        ),
        (
            b"\n\n---\na: b: c\n---\n",
            "card.invalid_yaml",
            {
                "where": "the card 'README.md'",
                "fault": (
                    "card.fault_in_line",
                    {"line": 4, "problem": "mapping values are not allowed in this context"},
                ),
            },
        ),
        (
            b"---\na: !!python/object/apply:os.system [ls]\n---\n",
            "card.invalid_yaml",
            {
                "where": "the card 'README.md'",
                "fault": (
                    "card.fault_in_line",
                    {
                        "line": 2,
                        "problem": Begins("could not determine a constructor"),
                    },
                ),
            },
        ),
        (b"---\n- a\n- b\n---\n", "card.no_mapping", {"where": "the card 'README.md'", "kind": "list"}),
        (b"---\nhello\n---\n", "card.no_mapping", {"where": "the card 'README.md'", "kind": "str"}),
        (
            b"---\nday: 2024-13-45\n---\n",
            "card.invalid_yaml",
            {"where": "the card 'README.md'", "fault": "month must be in 1..12"},
        ),
        (
            b"---\na: " + b"[" * 5000 + b"\n---\n",
            "card.invalid_yaml",
            {"where": "the card 'README.md'", "fault": "nested more than 30 deep"},
        ),
        (b"# caf\xe9", "card.no_utf8", {"where": "the card 'README.md'", "byte": 5}),
    ],
    ids=["bracket", "colons", "python", "list", "text", "date", "deep", "latin-1"],
)
def test_a_card_that_cannot_be_read_is_a_sentence(card, code, expected):
    with pytest.raises(CheckpointError) as caught:
        CardText.parse(card, "the card 'README.md'")
    assert code_and_fields(caught.value) == (code, expected)
    assert str(caught.value).startswith("the card 'README.md' ")
    assert "\n" not in str(caught.value)


def test_only_the_inside_of_a_section_changes():
    body = f"# Mine\n\nwords\n{marked('results', 'old')}\nmore words | `x`  \n"
    assert with_results(body) == body.replace("old", "new")


def test_a_section_that_was_taken_out_stays_out():
    assert with_results(f"words\n{marked('limits', 'kept')}\n") == f"words\n{marked('limits', 'kept')}\n"


def test_an_empty_section_is_filled_and_a_full_one_emptied():
    assert with_results(marked("results", "")) == marked("results", "new")
    assert with_results(marked("results", "old"), "") == marked("results", "")


def test_a_card_with_the_line_ends_of_windows_keeps_them():
    body = f"# Mine\n{marked('results', 'old')}\nwords\n".replace("\n", "\r\n")
    assert with_results(body, "a\n\nb") == body.replace("old", "a\r\n\r\nb")


@pytest.mark.parametrize(
    "body",
    [
        "<!-- resnet_hub:begin results -->\nmine\n",
        "mine\n<!-- resnet_hub:end results -->\n",
        "<!-- resnet_hub:begin results -->\nmine\n<!-- resnet_hub:begin limits -->\n<!-- resnet_hub:end results -->\n",
        "`<!-- resnet_hub:begin results -->` mine <!-- resnet_hub:end results -->\n",
        "<!-- resnet_hub:begin Results -->\nmine\n<!-- resnet_hub:end Results -->\n",
    ],
    ids=["no end", "no begin", "another begins", "in a line", "another name"],
)
def test_lost_marks_swallow_nobody_s_words(body):
    assert with_results(body) == body


def test_between_two_lost_marks_and_a_whole_section_nothing_is_lost():
    body = f"<!-- resnet_hub:begin results -->\nmine\n{marked('results', 'old')}\n"
    assert with_results(body) == body.replace("old", "new")


def test_a_blank_card_takes_the_whole_new_text():
    assert parsed("---\nlicense: mit\n---\n\n").with_sections_of(CardText({}, "# new\n")) == "# new\n"


def test_own_words_are_what_stands_outside_the_sections():
    assert parsed(f"{marked('results', 'ours')}\nmine\n{marked('limits', 'ours')}").own_words == "mine"
    assert parsed("mine").has_sections is False


@pytest.mark.parametrize(
    "block",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
        "a: &a [*a]",
        "[" * 20_000,
        "- " * 100 + "a",
        "a: !!bool maybe",
        "a: !!int " + "1:" * 200_000 + "1",
    ],
    ids=[
        "aliases of aliases",
        "a loop",
        "open brackets",
        "nested lists",
        "a value that does not fit its tag",
        "digits",
    ],
)
def test_metadata_that_would_grow_beyond_its_length_is_refused_at_once(block):
    started = time.process_time()
    with pytest.raises(CheckpointError) as refused:
        CardText.parse(f"---\n{block}\n---\n".encode(), "README.md")
    assert refused.value.code == "card.invalid_yaml"
    assert time.process_time() - started < 3


@pytest.mark.parametrize("head", ["a: |\n  ", "a: >\n  ", "a:\n  ", "# a comment\na: b\n# "])
def test_long_metadata_take_well_below_a_second(head):
    end = "# " if head.startswith("#") else "  "
    block = head + f"\n{end}".join(["a line of many"] * 230_000)
    started = time.process_time()
    parsed(f"---\n{block}\n---\n")
    assert time.process_time() - started < 1.5


def test_without_libyaml_a_card_means_the_same(monkeypatch):
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    spec = importlib.util.spec_from_file_location("parse_without_libyaml", parse.__file__)
    slow = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(importlib.sys.modules, spec.name, slow)
    spec.loader.exec_module(slow)
    assert slow.BoundedLoader.__mro__[2:3] != parse.BoundedLoader.__mro__[2:3]
    block = (
        "license: mit\ncountry: no\nat: 12:30\nall: &a [1, .5, 2020-01-01, ~]\nagain: *a\ntext: |\n  \U0001f600\n  b\n"
    )
    read = yaml.load(block, parse.BoundedLoader)
    assert (read["country"], read["at"], read["again"][:2]) == ("no", "12:30", [1, 0.5])
    assert yaml.load(block, slow.BoundedLoader) == read
    with pytest.raises(yaml.YAMLError, match="a part of"):
        yaml.load("a: &a [*a]", slow.BoundedLoader)

"""argument_parser.py: flags stand anywhere, none is abbreviated, and what is no flag is answered with the one meant."""

import pytest
from error_facts import code_and_fields

from resnet_hub.errors import ConfigError
from resnet_hub.terminal import ArgumentParser


def parser(**options):
    made = ArgumentParser("tool", **options)
    made.add_argument("--count", type=int, default=1)
    return made


def refusal(made, *arguments):
    with pytest.raises(ConfigError) as refused:
        made.parse_args(arguments)
    return refused.value


def nearest(names):
    return "arguments.nearest", {"nearest": names}


def test_flags_may_stand_between_words():
    made = parser()
    made.add_argument("words", nargs="*")
    assert vars(made.parse_args(["a", "--count", "2", "b"])) == {"words": ["a", "b"], "count": 2}


@pytest.mark.parametrize(
    ("given", "code", "facts"),
    [
        ("--cont", "arguments.unknown_flag", {"flag": "--cont", "answer": nearest("'--count'")}),
        ("--token=hf_secret", "arguments.unknown_flag", {"flag": "--token", "answer": nearest("'--count', '--help'")}),
        ("--count=x", "arguments.refused", {"reason": "argument --count: invalid int value: 'x'"}),
        ("count", "arguments.unknown_flag", {"flag": "count", "answer": nearest("'--count'")}),
    ],
)
def test_a_refusal_names_what_is_nearest_and_no_value(given, code, facts):
    assert code_and_fields(refusal(parser(), given)) == (code, {**facts, "program": "tool"})


def test_a_word_too_many_is_named_whole():
    made = parser()
    made.add_argument("word")
    assert str(refusal(made, "a", "my image.jpg")) == "tool takes no 'my image.jpg'; see tool --help"


def test_a_program_may_know_better_what_is_meant():
    made = parser(explain_unknown=lambda flag, flags, given: f"here it is {flags[-1]}" if flag == "--number" else None)
    assert str(refusal(made, "--number", "3")) == "there is no flag '--number'; here it is --count; see tool --help"
    assert "the nearest are '--count'" in str(refusal(made, "--counts"))


def test_a_refusal_is_said_in_chinese():
    assert refusal(parser(), "--cont").sentence("zh-CN").startswith("没有参数 '--cont'")

"""What all commands share: refusals in sentences, flags anywhere, output that controls no terminal."""

import json

import pytest
from error_facts import code_and_fields

from resnet_hub.cli.parser import Command, complain, print_json, run_command
from resnet_hub.errors import ConfigError


def echo(given):
    print_json(vars(given))
    return 0


def arguments(parser):
    parser.add_argument("words", nargs="+")
    parser.add_argument("--loud", action="store_true")
    parser.add_argument("--count", type=int, default=1)


ECHO = Command("Repeats.", arguments, echo)


def test_flags_may_stand_anywhere(capsys):
    assert run_command("echo", ECHO, ["a", "--loud", "b", "--count", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == {"words": ["a", "b"], "loud": True, "count": 2}


@pytest.mark.parametrize(
    ("given", "code", "facts"),
    [
        ([], "arguments.refused", {"reason": "the following arguments are required: words"}),
        (
            ["a", "--lou"],
            "arguments.unknown_flag",
            {"flag": "--lou", "answer": ("arguments.nearest", {"nearest": "'--loud', '--count', '--help'"})},
        ),
        (
            ["a", "--cuont=2"],
            "arguments.unknown_flag",
            {"flag": "--cuont", "answer": ("arguments.nearest", {"nearest": "'--count', '--loud'"})},
        ),
        (["a", "--count", "x"], "arguments.refused", {"reason": "argument --count: invalid int value: 'x'"}),
    ],
    ids=["missing", "abbreviated", "misspelt", "no number"],
)
def test_a_refusal_names_what_is_nearest(given, code, facts):
    with pytest.raises(ConfigError) as refused:
        run_command("echo", ECHO, given)
    assert code_and_fields(refused.value) == (code, {**facts, "program": "resnet-hub echo"})


def test_a_complaint_is_harmless_and_its_further_lines_are_set_in(capsys):
    complain(ValueError("a\x1b[2J\nb"))
    assert capsys.readouterr().err == "error: a\\x1b[2J\n  b\n"

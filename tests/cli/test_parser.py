"""What all commands share: refusals in sentences, flags anywhere, output that controls no terminal."""

import json

import pytest

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
    ("given", "says"),
    [
        ([], "the following arguments are required: words; see resnet-hub echo --help"),
        (["a", "--lou"], "there is no flag '--lou'; the nearest are '--loud', '--count', '--help'; see resnet-hub"),
        (
            ["a", "--cuont=2"],
            "there is no flag '--cuont'; the nearest are '--count', '--loud'; see resnet-hub echo --help",
        ),
        (["a", "--count", "x"], "argument --count: invalid int value: 'x'; see resnet-hub echo --help"),
    ],
    ids=["missing", "abbreviated", "misspelt", "no number"],
)
def test_a_refusal_names_what_is_nearest(given, says):
    with pytest.raises(ConfigError) as refused:
        run_command("echo", ECHO, given)
    assert str(refused.value).startswith(says)


def test_a_complaint_is_one_harmless_line(capsys):
    complain(ValueError("a\x1b[2J\nb"))
    assert capsys.readouterr().err == "error: a\\x1b[2J\\nb\n"

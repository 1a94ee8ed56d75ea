"""Lines of text: aligned, and harmless to a terminal whatever they are made of."""

import pytest

from resnet_hub.classifier import Prediction
from resnet_hub.cli.terminal import answer_lines, architecture_lines, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("café 東京 50 %", "café 東京 50 %"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202edcba", r"abc\u202edcba"),
        ("\udc80", r"\udc80"),
        ("\x7f", r"\x7f"),
    ],
    ids=["plain", "breaks", "escape", "one-byte escape", "turned", "no text", "delete"],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text, shown):
    assert printable(text) == shown


def test_an_answer_is_the_file_and_a_line_for_each_class():
    assert answer_lines("a\n.png", [Prediction("red\x1b", 0, 0.951), Prediction("blue", 1, 0.049)]) == [
        r"a\n.png",
        r"   95.10%  red\x1b",
        "    4.90%  blue",
    ]


def test_texts_stand_left_and_numbers_right():
    row = {
        **{"architecture": "a", "parameters": 1_500_000, "gmacs": 10.0, "mega_activations": 1.0, "size": 32},
        **{"layers": 5, "tags": 0, "default_tag": None, "terms": "none", "top1": None},
    }
    header, line = architecture_lines([row])
    assert line.startswith("a ")
    assert line.index("1.50") + 4 == header.index("params M") + len("params M")
    assert line.index("none") == header.index("license")

"""What strangers name reaches a terminal as characters that print: in lines, and in logs of every library."""

import logging

import pytest

from resnet_hub.terminal import log_printable_lines, printable, printable_lines, printable_message, shown_name


@pytest.fixture
def logs():
    """Gives the root logger its handlers back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def test_escapes_are_shown_and_line_ends_of_ours_stay():
    hostile = "\x1b[31mevil\u202e\r\x9b"
    assert printable(f"{hostile}\n") == "\\x1b[31mevil\\u202e\\r\\x9b\\n"
    assert printable_lines(f"ours\n{hostile}") == "ours\n\\x1b[31mevil\\u202e\\r\\x9b"


def test_a_long_name_is_shown_with_its_start_and_end():
    assert shown_name("layer1.0.conv1.weight") == "layer1.0.conv1.weight"
    shown = shown_name("a\x1b" * 100_000 + "z")
    assert shown.startswith("a\\x1ba")
    assert shown.endswith("\\x1bz")
    assert len(shown) < 500


def test_a_log_prints_names_and_errors_of_strangers_in_plain_characters(capsys, logs):
    log_printable_lines()
    try:
        raise ValueError("\x1b]0;title\x07")
    except ValueError:
        logging.getLogger("other").exception("a tensor named %s\nsecond line", "\x1b[31m\u202e")
    said = capsys.readouterr().err
    assert said.startswith("a tensor named \\x1b[31m\\u202e\nsecond line\nTraceback")
    assert said.replace("\n", "").isprintable()


def test_no_line_of_a_message_but_its_first_begins_at_the_edge():
    assert printable_message("no, seen:\n  ./\nerror: evil\x1b") == "no, seen:\n  ./\n  error: evil\\x1b"

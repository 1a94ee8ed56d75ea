"""markdown.py: a stranger's text becomes one harmless line."""

import pytest

from resnet_hub.card.markdown import MAX_TEXT, place, table, text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\nb\r\n\tc", "a b c"),
        ("a\u2028b\x00c\x1b[0m", "a b c &#91;0m"),
        ("right\u202eleft", "rightleft"),
        ("half \ud800", "half &#63;"),
        ("x" * 1000, "x" * (MAX_TEXT - 1) + "…"),
        ("www.example.com", "www&#46;example.com"),
        (3.5, "3.5"),
    ],
    ids=["line ends", "control", "direction", "surrogate", "long", "address", "number"],
)
def test_a_name_becomes_one_harmless_line(value, shown):
    assert text(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/home/alice/nets/best/", "best"),
        ("C:\\Users\\alice\\net", "net"),
        ("alice/net", "alice/net"),
        ("https://example.com/a/b", "https://example.com/a/b"),
    ],
)
def test_of_a_path_only_the_last_name_is_told(value, shown):
    assert place(value) == shown


def test_a_table_has_a_line_for_each_row_and_none_without_rows():
    assert table(("Class", "F1"), [("a|b", 1), ("c\nd", 0.5)]).splitlines() == [
        "| Class | F1 |",
        "|---|---|",
        "| a&#124;b | 1 |",
        "| c d | 0.5 |",
    ]
    assert table(("Class", "F1"), []) == ""

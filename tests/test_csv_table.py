"""Tables as CSV: what a reader gets back, and nothing that a spreadsheet computes."""

import csv
import io

import pytest

from resnet_hub.csv_table import csv_lines, csv_text


def test_a_formula_in_a_name_is_text_to_a_spreadsheet():
    assert csv_text(("file",), [("=1+2",), ("-a",), ("fine",)]) == "file\n'=1+2\n'-a\nfine\n"


@pytest.mark.parametrize(
    "name", ["a,b", 'a "b"', "a\nb", "a\rb", "a\r\nb", "ends\r\n", "", "'=1", "é 東京 \U0001f431", "\udcff"]
)
def test_any_name_comes_back(name):
    text = "".join(csv_lines([(name, 1, None), ("next", -2, 0.5)]))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [[name, "1", ""], ["next", "-2", "0.5"]]
    assert "\r" not in name or f'"{name}"' in text  # bare, it would begin a row


def test_a_row_is_a_line_as_soon_as_it_is_there():
    rows = iter([("a",), ("b",)])
    lines = csv_lines(rows)
    assert next(lines) == "a\n"
    assert next(rows) == ("b",)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+2", "'=1+2"),
        ("-a", "'-a"),
        ("\uff1d1", "'\uff1d1"),
        (" =1", " '=1"),
        ("\ufeff\xa0=1", "\ufeff\xa0'=1"),
        ("\tx", "'\tx"),
        ("x\r=cmd()|x", "x\r'=cmd()|x"),
        ("x\n +1", "x\n '+1"),
        ("x; =1", "x; '=1"),
        ("tench, -x", "tench, -x"),
        ("a-b=c", "a-b=c"),
        (-0.5, "-0.5"),
    ],
    ids=[
        "a formula",
        "a minus",
        "full width",
        "behind a space",
        "behind what is not shown",
        "a tab",
        "behind a carriage return",
        "behind a line end",
        "behind a semicolon",
        "a comma in a name",
        "signs within a name",
        "a number",
    ],
)
def test_a_cell_begins_no_formula_and_stays_one_cell(cell, written):
    rows = list(csv.reader(io.StringIO(csv_text([cell], [[cell, 1]]), newline="")))
    assert rows == [[written], [written, "1"]]

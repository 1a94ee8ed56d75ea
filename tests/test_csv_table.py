"""Tables as CSV: no cell begins a formula, whatever a stranger's name holds, and each is read back as one cell."""

import csv
import io

import pytest

from resnet_hub.csv_table import csv_lines, csv_text, unescaped


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
        ('x;"=1', "x;\"'=1"),
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
        "behind a quotation mark",
        "a comma in a name",
        "signs within a name",
        "a number",
    ],
)
def test_a_cell_begins_no_formula_and_stays_one_cell(cell, written):
    rows = list(csv.reader(io.StringIO(csv_text([cell], [[cell, 1]]), newline="")))
    assert rows == [[written], [written, "1"]]
    assert unescaped(written) == str(cell)


@pytest.mark.parametrize("name", ["a,b", 'a "b"', "a\nb", "a\rb", "ends\r\n", "", "'=1", "é 東京 \U0001f431", "\udcff"])
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

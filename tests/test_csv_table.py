"""Tables as CSV: what a reader gets back, and nothing that a spreadsheet computes."""

import csv
import io

import pytest

from resnet_hub.csv_table import csv_lines, csv_text


def test_a_formula_in_a_name_is_text_to_a_spreadsheet():
    assert csv_text(("file",), [("=1+2",), ("-a",), ("fine",)]) == "file\n'=1+2\n'-a\nfine\n"


@pytest.mark.parametrize(
    "name", ["a,b", 'a "b"', "a\nb", "a\r=1+2", "a\r\n=1+2", "ends\r\n", "", "'=1", "é 東京 \U0001f431", "\udcff"]
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

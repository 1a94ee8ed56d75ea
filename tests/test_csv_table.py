"""Tables as CSV: no cell begins a formula, whatever a stranger's name holds, and each is read back as one cell."""

import csv
import io

import pytest

from resnet_hub.csv_table import csv_line, csv_text


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


def test_lines_end_alike_and_can_be_written_one_by_one():
    assert csv_text(("a", "b"), [("x\ry", 1)]) == 'a,b\n"x\ry",1\n'
    assert csv_line(("a", "b")) == "a,b\n"

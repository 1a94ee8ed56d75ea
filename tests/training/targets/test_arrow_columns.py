"""Columns as arrow arrays: rows keep their order, texts fall apart, numbers with a gap become whole again."""

import pyarrow as pa
from datasets import Dataset

from training.targets.arrow_columns import all_whole, column_cells, single_lists, text_parts


def test_the_cells_are_in_the_order_of_the_rows():
    rows = Dataset.from_dict({"n": [0, 1, 2, 3]}).select([3, 1])
    assert column_cells(rows, "n").to_pylist() == [3, 1]


def test_lists_of_any_kind_come_out_alike():
    fixed = Dataset.from_dict({"n": [[1, 2], None]})
    assert column_cells(fixed, "n").type == pa.large_list(pa.int64())
    assert column_cells(fixed, "n").to_pylist() == [[1, 2], None]


def test_a_text_falls_into_its_parts():
    parts = text_parts(pa.array(["a; b", None, ";c", ""]), ";")
    assert parts.to_pylist() == [["a", "b"], None, [None, "c"], [None]]


def test_a_cell_becomes_a_list_of_one():
    assert single_lists(pa.array(["a", None, "b"])).to_pylist() == [["a"], None, ["b"]]


def test_numbers_with_nothing_behind_the_point_are_whole():
    assert all_whole(pa.array([1.0, None]))
    assert not all_whole(pa.array([1.5]))

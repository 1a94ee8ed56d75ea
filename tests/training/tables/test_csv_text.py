"""CSV as people write it: encodings, delimiters, quotes and blank lines; types that lose nothing of a text."""

import pyarrow as pa
import pytest
from error_facts import code_and_fields

from resnet_hub.errors import DataError
from training.layouts.ledger import Ledger
from training.tables import csv_text, table_on_disk
from training.tables.csv_text import read_csv


@pytest.fixture
def read(tmp_path):
    """Reads one file with these bytes; returns its columns and what was said."""

    def read(content, name="rows.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        ledger = Ledger()
        (table,) = read_csv([tmp_path / name], ledger)
        return table.to_pydict(), [decision.code for decision in ledger.decisions]

    read.file = tmp_path / "rows.csv"
    return read


CELLS = {
    "zeros in front": (["01", "02"], ["01", "02"]),
    "one zero in front among many": (["1", "02", "3"], ["1", "02", "3"]),
    "plus signs": (["+1", "2"], ["+1", "2"]),
    "whole numbers": (["1", "-2", "0"], [1, -2, 0]),
    "minus zero": (["-0", "1"], [0.0, 1.0]),
    "an empty cell among them": (["1", "", "3"], [1, None, 3]),
    "too long for a number": (["12345678901234567890", "1"], ["12345678901234567890", "1"]),
    "names that look like exponents": (["1E5", "2e7"], ["1E5", "2e7"]),
    "exponents as programs write them": (["1e-05", "2e+16"], [1e-05, 2e16]),
    "one number in two spellings": (["1.10", "1.1", "2"], ["1.10", "1.1", "2"]),
    "zeros behind the point": (["1.0", "1", "0.50", "10"], [1.0, 1.0, 0.5, 10.0]),
    "fractions": (["0.5", "-1.25e3", "2"], [0.5, -1250.0, 2.0]),
    "not a number": (["0.5", "nan", "NaN"], [0.5, None, None]),
    "versions": (["1.10.2", "1.2"], ["1.10.2", "1.2"]),
    "a class called NA": (["NA", "None", "null"], ["NA", "None", "null"]),
    "true and false": (["True", "FALSE", "false"], [True, False, False]),
    "dates": (["2020-01-01", "2020-01-02"], ["2020-01-01", "2020-01-02"]),
    "infinity": (["inf", "1"], ["inf", "1"]),
    "digits of another script": (["\u0661", "\u0662"], ["\u0661", "\u0662"]),
}


@pytest.mark.parametrize(("written", "expected"), CELLS.values(), ids=CELLS)
def test_a_column_has_a_type_that_loses_nothing(read, written, expected):
    columns, _ = read("image,label\n" + "".join(f"{number}.png,{cell}\n" for number, cell in enumerate(written)))
    found = columns["label"]
    assert found == expected
    assert [type(cell) for cell in found] == [type(cell) for cell in expected]


def test_the_type_is_one_in_all_files_of_a_dataset(tmp_path):
    for name, label in (("train.csv", "1"), ("test.csv", "01")):
        (tmp_path / name).write_text(f"image,label\na.png,{label}\n")
    tables = read_csv([tmp_path / "train.csv", tmp_path / "test.csv"], Ledger())
    assert [table["label"].to_pylist() for table in tables] == [["1"], ["01"]]


WRITTEN = {
    "UTF-8": "image,label\na.png,été\n",
    "a byte order mark": "image,label\na.png,été\n".encode("utf-8-sig"),
    "Windows newlines": "image,label\r\na.png,été\r\n",
    "old Mac newlines": "image,label\ra.png,été\r",
    "no newline at the end": "image,label\na.png,été",
    "blank lines": "image,label\n\na.png,été\n\n \n\n",
    "spaces around cells": "image , label\n a.png , été \n",
    "spaces before quotes": 'image, "label"\n"a.png", "été"\n',
    "empty cells behind": "image,label,,\na.png,été,,\n",
}


@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN)
def test_the_same_table_is_read_however_it_is_written(read, content):
    assert read(content) == ({"image": ["a.png"], "label": ["été"]}, [])


SAID = {
    "semicolons": ("image;label\na.png;x,y\n", "rows.csv", "tables.delimiter"),
    "tabs": ("image\tlabel\na.png\tx,y\n", "rows.csv", "tables.delimiter"),
    "bars": ("image|label\na.png|x,y\n", "rows.csv", "tables.delimiter"),
    "commas in a .tsv": ('image,label\na.png,"x,y"\n', "rows.tsv", "tables.delimiter"),
    "a line of a spreadsheet": ("sep=;\nimage;label\na.png;x,y\n", "rows.csv", "tables.delimiter"),
    "UTF-16": ('image,label\na.png,"x,y"\n'.encode("utf-16"), "rows.csv", "tables.utf_16"),
}


@pytest.mark.parametrize(("content", "name", "code"), SAID.values(), ids=SAID)
def test_another_delimiter_or_encoding_is_read_and_said(read, content, name, code):
    assert read(content, name) == ({"image": ["a.png"], "label": ["x,y"]}, [code])


def test_decimal_commas_of_a_table_with_semicolons_are_numbers(read):
    columns, said = read("image;y\na.png;0,5\nb.png;2\n")
    assert columns["y"] == [0.5, 2.0]
    assert said == ["tables.delimiter", "tables.decimal_commas"]


def test_quotes_hold_delimiters_newlines_and_quotes(read):
    columns, _ = read('image,label\n"a,1.png","two\nlines"\nb.png,"said ""no"""\n')
    assert columns == {"image": ["a,1.png", "b.png"], "label": ["two\nlines", 'said "no"']}


def test_a_column_without_a_name_is_called_as_pandas_calls_it(read):
    assert list(read(",image,label\n0,a.png,x\n")[0]) == ["Unnamed: 0", "image", "label"]


REFUSED = {
    "Latin-1": ("image,label\na.png,b\nb.png,été\n".encode("latin-1"), "tables.encoding", {"line": 3}),
    "a cell too many": ("image,label\na.png,x\nb,1.png,y\n", "tables.ragged", {"line": 3, "cells": 3, "columns": 2}),
    "a cell too few": ("image,label\na.png\n", "tables.ragged", {"line": 2, "cells": 1, "columns": 2}),
    "a column twice": ("image,label,image\na.png,x,b.png\n", "tables.doubled_column", {"column": "image"}),
    "nothing": ("", "tables.empty", {}),
    "blank lines alone": ("\n\n", "tables.empty", {}),
    "a cell without an end": ("image,label\n" + "a" * 2**21, "tables.no_csv", {}),
}


@pytest.mark.parametrize(("content", "code", "facts"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_its_line(read, content, code, facts):
    with pytest.raises(DataError) as refused:
        read(content)
    found, fields = code_and_fields(refused.value)
    assert found == code
    assert facts.items() <= fields.items()


def test_a_table_of_a_header_alone_has_no_rows(read):
    assert read("image,label\n") == ({"image": [], "label": []}, [])


def test_a_long_table_takes_no_memory_and_is_the_same(read, monkeypatch):
    """Its rows lie in a file of this process: a million of them took hundreds of megabytes."""
    content = "file,breed,age\n" + "".join(f"{number:040d}.png,cat,{number % 9}\n" for number in range(3000))
    held, _ = read(content)
    monkeypatch.setattr(csv_text, "CHUNK", 500)
    monkeypatch.setattr(table_on_disk, "MOST_HELD", 1000)
    before = pa.total_allocated_bytes()
    found, _ = read(content)
    assert found == held
    (table,) = read_csv([read.file], Ledger())
    assert len(table) == 3000
    assert pa.total_allocated_bytes() - before < 40_000  # the ages, 8 bytes each; the texts alone are 135,000

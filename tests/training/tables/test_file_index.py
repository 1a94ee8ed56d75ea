"""Names of files in one array: each is found, by itself and by any key, whatever it is called."""

import os
import posixpath

import numpy as np
import pyarrow as pa
import pytest

from training.tables import file_index
from training.tables.file_index import FileIndex

NAMES = ["b/2.png", "a/1.png", "a/2.png", os.fsdecode(b"caf\xe9.png"), "é.png", "a/1.PNG"]


@pytest.fixture(params=[False, True], ids=["by their hashes", "all of one hash"])
def index(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(file_index, "_hash", lambda _text: 7)
    return FileIndex(iter(NAMES))


def test_every_name_has_a_number_and_no_other_has(index):
    assert sorted(index) == sorted(NAMES)
    assert [index.name(index.number(name)) for name in NAMES] == NAMES
    assert all(name in index for name in NAMES)
    assert not any(name in index for name in ("a", "a/3.png", "", "A/1.png", 7))


def test_names_are_found_by_a_key_in_their_order(index):
    assert index.having(posixpath.basename, "2.png") == ["a/2.png", "b/2.png"]
    assert index.having(posixpath.basename, "2.png", 1) == ["a/2.png"]
    assert index.having(str.lower, "a/1.png") == ["a/1.PNG", "a/1.png"]
    assert index.having(posixpath.basename, "nowhere.png") == []


def test_the_numbers_of_many_names_are_those_of_each(index):
    found = index.numbers(pa.array(["é.png", "lost.png", "b/2.png"]))
    assert found.dtype == np.int64
    assert found.tolist() == [index.number("é.png"), -1, index.number("b/2.png")]


def test_of_no_files_there_is_none():
    index = FileIndex([])
    assert (len(index), list(index), index.number("a"), index.having(str.lower, "a")) == (0, [], None, [])
    assert index.numbers(pa.array(["a"])).tolist() == [-1]

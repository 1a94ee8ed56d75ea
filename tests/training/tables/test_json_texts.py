"""Dates in tables of JSON stay the texts that somebody wrote, in lines and in a list of records."""

import json

import pytest
from datasets import Image

from training.layouts import Ledger
from training.tables import read_tables
from training.targets import find_target

RECORDS = [
    {"file": "0.png", "label": "2021-05-04", "taken": "2021-05-04T10:00:00Z", "number": 1},
    {"file": "1.png", "label": "2021-06-01", "taken": None, "number": 2},
    {"file": "2.png", "label": "2021-05-04", "taken": "2021-05-04T10:00:00Z", "number": 3},
]
WRITTEN = {
    "rows.jsonl": "\n".join(map(json.dumps, RECORDS)) + "\n\n",
    "rows.json": json.dumps(RECORDS),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_dates_are_classes_by_the_texts_that_were_written(tmp_path, name):
    (tmp_path / name).write_text(WRITTEN[name])
    for record in RECORDS:
        (tmp_path / record["file"]).write_bytes(b"\x89PNG")

    tables, _ = read_tables(tmp_path, {"train": [tmp_path / name]}, Ledger())

    rows = tables["train"]
    assert find_target(rows, ("label",)).names == ("2021-05-04", "2021-06-01")
    assert rows["taken"][:] == ["2021-05-04T10:00:00Z", None, "2021-05-04T10:00:00Z"]
    assert rows["number"][:] == [1, 2, 3]
    assert isinstance(rows.features["file"], Image)

"""The history of `make bench`: a row that has become a tenth slower than it was here is named."""

import json

import pytest

from benchmarks.bench_history import History


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "runs" / "bench.jsonl")


def test_a_row_is_compared_with_its_own_share_of_the_peer_s_time(history):
    for mine, peer in ((10, 20), (20, 40), (11, 20)):  # the machine was half as fast once
        assert history.add("load", mine, peer) is None
    assert history.add("other", 30, 20) is None  # the first of its row
    said = history.add("load", 11.4, 20)
    assert said.startswith("slower: load takes 0.57 of timm's time, 14% more than the 0.50 of 3 measured since 20")
    assert len(history.file.read_text().splitlines()) == 5


def test_what_another_machine_measured_says_nothing_here(history):
    history.add("load", 10, 20)
    row = json.loads(history.file.read_text())
    history.file.write_text(json.dumps({**row, "cores": -1}) + "\n")
    assert history.add("load", 20, 20) is None

"""The benchmark of loading runs on any dataset: it is what its table was made with."""

import re
import sys

from images import class_folders

from benchmarks import loading


def test_each_way_and_epoch_of_loading_has_its_line(tmp_path, monkeypatch, capsys):
    class_folders(tmp_path / "data", {"red": 20, "green": 20})
    monkeypatch.setattr(sys, "argv", ["loading", "--dataset", str(tmp_path / "data"), "--image-size", "16"])
    loading.main()
    first, *lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\d+ images, \d+ MB cached", first)
    ways = [re.fullmatch(r"(decoding|cached) +epoch (\d): +([\d,]+)/s", line).groups() for line in lines]
    assert [(way, int(epoch)) for way, epoch, _ in ways] == [
        *(("decoding", epoch) for epoch in (1, 2)),
        *(("cached", epoch) for epoch in (1, 2, 3, 4)),
    ]
    assert all(int(rate.replace(",", "")) > 0 for *_, rate in ways)

"""The benchmark of loading runs on any folder of classes: it is what its table was made with."""

import re
import sys

import pytest
from images import class_folders

from benchmarks import loading


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # timm leaves the files of images open
def test_each_way_of_loading_has_its_line_and_folders_of_classes_have_those_of_the_peers(tmp_path, monkeypatch, capsys):
    class_folders(tmp_path / "data", {"red": 20, "green": 20})
    monkeypatch.setattr(sys, "argv", ["loading", "--dataset", str(tmp_path / "data"), "--image-size", "16"])
    monkeypatch.setattr(loading, "ROUNDS", 1)
    loading.main()
    first, _, *table = capsys.readouterr().out.splitlines()
    assert first == "32 images, 0 MB cached; batches of 32, 1 alternating rounds"
    found = dict(re.fullmatch(r"\| (.+) \| ([\d,]+) \| [\d,]+ to [\d,]+ \|", line).groups() for line in table[2:])
    assert len(found) == 8
    assert {name.partition(",")[0] for name in found} == {"ours", "timm", "torchvision v2 on tensors"}
    assert all(int(rate.replace(",", "")) > 0 for rate in found.values())

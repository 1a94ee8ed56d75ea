"""What tells whether images are those of an earlier run, or of another machine, without reading them."""

import shutil

import datasets
import numpy as np
import pytest
from datasets import Dataset
from images import class_folders

from resnet_hub.errors import TrainingError
from training import hardware
from training.inspection import inspect
from training.splits import Split
from training.splits.identity import identify


def of_files(folder):
    files = sorted(str(file) for file in folder.rglob("*.png"))
    return Dataset.from_dict({"image": files}).cast_column("image", datasets.Image(decode=False))


def of_bytes(contents):
    cells = [{"bytes": content, "path": None} for content in contents]
    return Dataset.from_dict({"image": cells}, features=datasets.Features({"image": datasets.Image(decode=False)}))


@pytest.fixture
def colors(tmp_path):
    return class_folders(tmp_path / "one" / "colors", {"red": 4, "green": 4})


def test_a_copy_elsewhere_has_the_same_outline_and_other_keys(colors, tmp_path):
    copy = shutil.copytree(colors, tmp_path / "another" / "place")
    one, other = identify(of_files(colors)), identify(of_files(copy))
    assert one.outline == other.outline
    assert not set(one.keys.tolist()) & set(other.keys.tolist())


@pytest.mark.parametrize("change", ["gone", "renamed", "another size", "another class"])
def test_a_copy_in_which_a_file_differs_has_another_outline(colors, tmp_path, change):
    copy = shutil.copytree(colors, tmp_path / "copy")
    file = sorted(copy.rglob("*.png"))[0]
    if change == "gone":
        file.unlink()
    elif change == "another size":
        file.write_bytes(file.read_bytes() + b"0")
    else:
        file.rename(copy / ("red" if change == "another class" else file.parent.name) / f"9-{file.name}")
    assert identify(of_files(colors)).outline != identify(of_files(copy)).outline


def test_rows_that_hold_their_images_are_known_by_their_sizes_in_order():
    rows = of_bytes([b"1", b"22", b"333"])
    assert identify(rows).outline == identify(of_bytes([b"4", b"55", b"666"])).outline
    assert identify(rows).outline != identify(rows.select([0, 2, 1])).outline
    assert identify(rows.select([2, 0])).outline == identify(of_bytes([b"333", b"1"])).outline


def test_images_that_are_others_on_another_process_are_refused_before_anything_is_kept(colors, monkeypatch):
    rows = of_files(colors)
    monkeypatch.setattr(hardware, "gather_object", lambda mine: [*mine, dict.fromkeys(mine[0], "other")])
    with pytest.raises(TrainingError, match=r"do not agree on the number of images of train .* 0: 8; 1: other"):
        inspect(Split("train", rows, np.zeros(len(rows), np.int64)))

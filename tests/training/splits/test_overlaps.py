"""Every image is opened once: what cannot be decoded, what is the same in two splits, how large each is."""

import datasets
import numpy as np
import pytest
from datasets import Dataset
from images import class_folders, image
from PIL import Image

from training.data.load import load_data
from training.inspection import inspect
from training.settings.recipe import FinetuneRecipe
from training.splits.split import Split


def recipe(folder, **settings):
    return FinetuneRecipe(dataset=str(folder), **settings)


def split_of(*files):
    cells = [{"path": str(file), "bytes": None} for file in files]
    rows = Dataset.from_dict({"image": cells}).cast_column("image", datasets.Image(decode=False))
    return Split("train", rows, np.zeros(len(files), np.int64))


def test_equal_pixels_have_equal_digests_however_they_were_saved(tmp_path):
    same, other = image("red", 0), image("red", 1)
    same.save(tmp_path / "a.png")
    same.save(tmp_path / "b.bmp")
    other.save(tmp_path / "c.png")
    same.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "d.png")
    found = inspect(split_of(*(tmp_path / name for name in ("a.png", "b.bmp", "c.png", "d.png"))))
    assert len(np.unique(found.findings.digests)) == 3
    assert found.findings.digests[0] == found.findings.digests[1]
    assert found.findings.sizes.tolist() == [[40, 32]] * 4


def test_a_image_that_cannot_be_decoded_is_named_by_its_index(tmp_path):
    image("red", 0).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"nothing")
    found = inspect(split_of(tmp_path / "a.png", tmp_path / "b.png"))
    assert list(found.faults) == [1]
    assert "b.png" in found.faults[1]


@pytest.fixture
def doubled(tmp_path):
    """Red 0 and 1 are in train and in val, red 1 also in test."""
    class_folders(tmp_path / "train", {"red": 4, "green": 4})
    class_folders(tmp_path / "val", {"red": 2, "green": 2}, start=10)
    class_folders(tmp_path / "test", {"red": 2, "green": 2}, start=20)
    for number in range(2):
        Image.open(tmp_path / "train" / "red" / f"{number}.png").save(tmp_path / "val" / "red" / f"again {number}.bmp")
    Image.open(tmp_path / "train" / "red" / "1.png").save(tmp_path / "test" / "red" / "again.png")
    return tmp_path


def test_the_same_image_in_two_splits_is_reported_with_names(doubled, caplog):
    data = load_data(recipe(doubled))
    assert len(data.train) == 8
    assert {(shared.split, shared.other): len(shared.images) for shared in data.overlaps} == {
        ("train", "validation"): 2,
        ("train", "test"): 1,
        ("validation", "test"): 1,
    }
    assert "2 images of train are in validation too (" in caplog.text
    assert "again 0.bmp" in caplog.text
    assert "--drop-duplicates leaves them out of train" in caplog.text


def test_duplicates_are_taken_out_of_train_where_that_is_asked_for(doubled):
    data = load_data(recipe(doubled, drop_duplicates=True))
    assert (len(data.train), len(data.validation), len(data.test)) == (6, 6, 5)
    assert not np.isin(data.train.digests, np.concatenate([data.validation.digests, data.test.digests])).any()


def test_nothing_is_said_where_no_image_is_doubled(tmp_path, caplog):
    class_folders(tmp_path, {"red": 6, "green": 6})
    assert load_data(recipe(tmp_path)).overlaps == ()
    assert "too" not in caplog.text

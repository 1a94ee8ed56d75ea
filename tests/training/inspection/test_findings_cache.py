"""Findings are kept between runs: what is as it was is not opened again, and what has changed is."""

import logging
import os
from pathlib import Path

import datasets
import numpy as np
import pytest
from datasets import Dataset
from images import class_folders, image

import training.inspection.inspection as inspection
from training.data.load import load_data
from training.inspection import findings_cache, inspect
from training.settings.recipe import FinetuneRecipe
from training.splits.split import Split, stratified_split


@pytest.fixture
def split(tmp_path, monkeypatch):
    monkeypatch.setattr(findings_cache, "findings_folder", lambda: tmp_path)
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for number, file in enumerate(files):
        image("red", number).save(file)
    rows = Dataset.from_dict({"image": [{"path": str(file), "bytes": None} for file in files]})
    return Split("train", rows.cast_column("image", datasets.Image(decode=False)), np.zeros(5, np.int64))


@pytest.fixture
def opened(monkeypatch):
    """The names of the images that are opened."""
    names, open_to_look_at = [], inspection.open_to_look_at

    def noted(content, name):
        names.append(name)
        return open_to_look_at(content, name=name)

    monkeypatch.setattr(inspection, "open_to_look_at", noted)
    return names


def same(first, second):
    return all(
        np.array_equal(getattr(first.findings, name), getattr(second.findings, name))
        for name in ("digests", "sizes", "measures", "known", "descriptors")
    )


def test_what_is_known_is_not_opened_again_and_said(split, opened, caplog):
    caplog.set_level(logging.INFO)
    first = inspect(split)
    opened.clear()
    assert same(inspect(split), first)
    assert opened == []
    assert "5 of 5 images of train are as they were when last opened" in caplog.text
    assert same(inspect(split, again=True), first)
    assert len(opened) == 5


def test_a_file_that_changed_is_opened_again_alone(split, opened):
    before, (file, _) = inspect(split), split.image(2)
    image("green", 7).save(file)
    os.utime(file, ns=(1, 1))
    opened.clear()
    after = inspect(split)
    assert opened == [file]
    assert (before.findings.digests != after.findings.digests).tolist() == [False, False, True, False, False]


def test_an_image_that_cannot_be_decoded_is_looked_at_each_time(split, opened):
    file, _ = split.image(1)
    Path(file).write_bytes(b"nothing")
    assert list(inspect(split).faults) == [1]
    opened.clear()
    assert list(inspect(split).faults) == [1]
    assert opened == [file]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", None])
def test_damaged_findings_are_said_and_made_anew(split, opened, caplog, tmp_path, content):
    first = inspect(split)
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(file.read_bytes()[:-60] if content is None else content)
    opened.clear()
    assert same(inspect(split), first)
    assert len(opened) == 5
    assert "are damaged" in caplog.text


def test_another_decoder_opens_all_again(split, opened, monkeypatch):
    inspect(split)
    opened.clear()
    monkeypatch.setattr(findings_cache, "decoder", lambda: "another")
    inspect(split)
    assert len(opened) == 5


def test_groups_stay_on_one_side_and_without_them_the_cut_is_as_ever():
    labels = np.arange(60) % 3
    assert all(
        map(np.array_equal, stratified_split(labels, 0.2, 0), stratified_split(labels, 0.2, 0, np.arange(60) + 7))
    )
    groups = np.arange(60) // 6 * 6 + labels  # pairs of a class
    kept, held_out = stratified_split(labels, 0.2, 0, groups)
    assert len(kept) + len(held_out) == 60
    assert not np.intersect1d(groups[kept], groups[held_out]).size
    assert set(labels[held_out]) == {0, 1, 2}


def test_near_duplicates_across_splits_are_named_and_dropped_where_asked(tmp_path, data_folder, caplog):
    from PIL import Image

    files = sorted((data_folder / "hymenoptera" / "val" / "ants").glob("*.jpg"))[:6]
    for name, part in (("train", files[:4]), ("val", files[4:])):
        for label, chosen in (("a", part[::2]), ("b", part[1::2])):
            (tmp_path / name / label).mkdir(parents=True)
            for file in chosen:
                Image.open(file).save(tmp_path / name / label / file.name)
    Image.open(files[0]).resize((200, 160)).save(tmp_path / "val" / "a" / "small.jpg", quality=80)
    data = load_data(FinetuneRecipe(dataset=str(tmp_path)))
    (found,) = data.overlaps
    assert (found.near, len(found.images)) == (True, 1)
    assert "1 image of train is in validation too, as near-duplicates" in caplog.text
    assert len(load_data(FinetuneRecipe(dataset=str(tmp_path), drop_duplicates=True)).train) == 3


def test_lazily_images_of_train_are_not_opened_before_training(tmp_path, opened):
    class_folders(tmp_path, {"red": 10, "green": 10})
    data = load_data(FinetuneRecipe(dataset=str(tmp_path), check="lazy"))
    assert data.train.digests is None
    assert len(opened) == len(data.validation) == 4

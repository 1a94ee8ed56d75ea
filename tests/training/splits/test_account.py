"""The ledger of a whole run's dataset: whatever a step leaves out, the sum is right and it is said."""

import datasets
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features
from error_facts import code_and_fields
from folder_trees import make_tree
from images import image

from resnet_hub.errors import DataError
from training.data.load import load_data
from training.settings.recipe import FinetuneRecipe

FOLDERS = {
    "all used": ({"a": 4, "b": 4}, {}),
    "an unlabeled test split": ({"train/a": 4, "train/b": 4, "test": 3}, {"ledger.no_target": 3}),
    "a damaged image": ({"a": 4, "b": 4, "a/bad.png": "text"}, {"ledger.undecodable": 1}),
    "the same images again": (
        {"train/a": 4, "train/b": 4, "test/a/0.png": "-> ../../train/a/0.png", "test/b": 1},
        {"ledger.duplicate": 1},
    ),
    "a stray image and notes": ({"a": 4, "b": 4, "c.png": "image", "d.txt": "text"}, {}),
}


@pytest.mark.parametrize(("tree", "rows_left_out"), FOLDERS.values(), ids=FOLDERS)
def test_every_file_and_row_of_a_folder_is_accounted_for(tmp_path, caplog, tree, rows_left_out):
    caplog.set_level("INFO")
    recipe = FinetuneRecipe(dataset=str(make_tree(tmp_path, tree)), max_bad_images=1, drop_duplicates=True)
    ledger = load_data(recipe).ledger
    assert ledger.unaccounted() == {"files": 0, "rows": 0}
    assert {one.reason.code: one.count for one in ledger.left_out if one.unit == "rows"} == rows_left_out
    assert all(str(line) in caplog.text for line in ledger.lines())
    assert str(tmp_path) not in str(ledger.record())


def test_a_split_that_is_not_used_is_accounted_for(tmp_path):
    features = Features({"image": datasets.Image(), "label": ClassLabel(names=["a", "b"])})
    rows = {"image": [image("red", seed) for seed in range(6)], "label": [0, 1] * 3}
    splits = {"train": Dataset.from_dict(rows, features=features), "extra": Dataset.from_dict(rows, features=features)}
    for name, split in DatasetDict(splits).items():
        (tmp_path / "data").mkdir(exist_ok=True)
        split.to_parquet(tmp_path / "data" / f"{name}-00000-of-00001.parquet")
    ledger = load_data(FinetuneRecipe(dataset=str(tmp_path))).ledger
    assert ledger.unaccounted()["rows"] == 0
    assert {one.reason.code: one.count for one in ledger.left_out if one.unit == "rows"} == {"ledger.unused_split": 6}


def test_a_class_that_cannot_be_held_out_is_named(tmp_path):
    ledger = load_data(FinetuneRecipe(dataset=str(make_tree(tmp_path, {"a": 4, "b": 4, "c": 1})))).ledger
    (line,) = (line for line in ledger.decisions if line.code == "data.not_measured")
    assert line.fields == {"count": "1", "names": "'c'"}


def test_classes_that_a_split_of_the_dataset_lacks_are_named(tmp_path):
    tree = {"train/a": 4, "train/b": 4, "train/c": 2, "val/a": 2, "test/a": 1, "test/b": 1, "test/c": 1}
    ledger = load_data(FinetuneRecipe(dataset=str(make_tree(tmp_path, tree)))).ledger
    (line,) = (line for line in ledger.decisions if line.code == "data.absent_classes")
    assert line.fields == {"split": "validation", "count": "2", "names": "'b', 'c'"}


@pytest.mark.parametrize("source", ["digits", "owner/name"])
def test_a_layout_for_what_is_no_folder_is_refused(source):
    with pytest.raises(DataError) as refused:
        load_data(FinetuneRecipe(dataset=source, layout="class-folders"))
    assert code_and_fields(refused.value) == ("layouts.no_folder", {"layout": "class-folders", "source": source})


def test_a_streamed_folder_is_read_by_the_same_layouts(tmp_path):
    tree = {"a/train": 6, "b/train": 6, "a/val": 2, "b/val": 2, "notes.txt": "text"}
    recipe = FinetuneRecipe(
        dataset=str(make_tree(tmp_path, tree)), streaming=True, max_steps=2, batch_size=4, shuffle_buffer=20
    )
    data = load_data(recipe)
    assert data.label_names == ("a", "b")
    assert len(data.validation) == 4
    assert sorted(row[1] for _, row in zip(range(12), (row for _, row in data.train.passes()), strict=False)) == sorted(
        str(path) for path in tmp_path.glob("*/train/*.png")
    )
    assert data.ledger.unaccounted()["files"] == 0

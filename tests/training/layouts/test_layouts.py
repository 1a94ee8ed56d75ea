"""Which folders no layout fits, or two do, and which are left to their tables."""

import pytest
from error_facts import code_and_fields
from folder_trees import make_tree

from resnet_hub.errors import DataError
from training.layouts import Ledger, read_folder, scan_folder
from training.layouts.layouts import LAYOUTS as TABLE
from training.settings import LAYOUTS

SPLITS = {"train/cats": 2, "train/dogs": 2, "val/cats": 1, "val/dogs": 1}


def read(folder, layout="auto"):
    ledger = Ledger(str(folder))
    return read_folder(scan_folder(folder), layout, ledger), ledger


REFUSED = {
    "nothing": ({}, "auto", "data.empty_folder"),
    "text alone": ({"cats/1.txt": "text", "dogs/1.txt": "text"}, "auto", "data.no_images"),
    "a zip": ({"pets.zip": "zip", "README.md": "# Pets"}, "auto", "layouts.archives"),
    "two levels": ({"a/cats": 1, "a/lions": 1, "b/dogs": 1, "b/wolves": 1}, "auto", "layouts.two_levels"),
    "two levels in splits": (
        {"train/a/cats": 1, "train/a/lions": 1, "train/b/dogs": 1, "val/a/cats": 1},
        "auto",
        "layouts.two_levels",
    ),
    "a class or a test split": ({"cats": 2, "dogs": 2, "test": 2}, "auto", "layouts.class_or_split"),
    "a split beside class folders": ({"cats": 2, "dogs": 2, "test/cats": 1}, "auto", "layouts.class_or_split"),
    "a split of other classes than what is called so": (
        {"car/cats": 2, "car/dogs": 2, "car-test/a": 2, "car-test/b": 2},
        "auto",
        "layouts.two_levels",
    ),
    "a class without splits": ({"cats/train": 2, "cats/val": 1, "dogs": 2}, "auto", "layouts.class_without_splits"),
    "a table that names images beside class folders": (
        {"train/cats": 2, "train/dogs": 2, "val/v1.png": "image", "val/v2.png": "image"}
        | {"val.csv": "file,class\nv1.png,cats\nv2.png,dogs\n"},
        "auto",
        "layouts.table_of_others",
    ),
    "a table that names images of class folders": (
        {"cats": 2, "dogs": 2, "labels.csv": "file,breed\ncats/0.png,siamese\n"},
        "auto",
        "layouts.table_or_folders",
    ),
    "two datasets": (
        {"one/train/a": 1, "one/train/b": 1, "one/test/a": 1, "two/a": 1, "two/b": 1},
        "auto",
        "layouts.several_datasets",
    ),
    "two datasets, leaves asked": (
        {"one/train/a": 1, "one/train/b": 1, "one/test/a": 1, "two/a": 1},
        "leaf-folders",
        "layouts.several_datasets",
    ),
    "classes and splits in one name": (
        {"cats_train": 1, "cats_val": 1, "dogs_train": 1, "dogs_val": 1},
        "auto",
        "layouts.splits_in_names",
    ),
    "a zip and a table": ({"train.zip": "zip", "rows.csv": "a,b\n"}, "auto", "layouts.archives"),
    "another case": ({"train/Cats": 2, "train/Dogs": 2, "val/cats": 1}, "auto", "layouts.other_case"),
    "no splits, though asked": ({"cats": 2, "dogs": 2}, "split-folders", "layouts.contradiction"),
    "no tables, though asked": ({"cats": 2, "dogs": 2}, "tables", "layouts.contradiction"),
    "no classes, though asked": ({"": 2}, "class-folders", "layouts.contradiction"),
    "splits, though classes were asked": (SPLITS, "class-folders", "layouts.contradiction"),
    "no splits in classes, though asked": ({"cats": 2, "dogs": 2}, "splits-in-classes", "layouts.contradiction"),
    "no leaves, though asked": ({"": 2}, "leaf-folders", "layouts.contradiction"),
}


@pytest.mark.parametrize(("tree", "layout", "code"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_reading_or_two_is_refused_with_what_was_seen(tmp_path, tree, layout, code):
    make_tree(tmp_path / "data", tree)
    with pytest.raises(DataError) as refused:
        read(tmp_path / "data", layout)
    found, fields = code_and_fields(refused.value)
    assert found == code
    if "seen" in fields:
        assert all(path.split("/")[-1] in fields["seen"] for path, kind in tree.items() if isinstance(kind, int))


TABLES = {
    "metadata": {"0.png": "image", "metadata.csv": "file_name,label\n0.png,cat\n"},
    "metadata in splits": {"train": 2, "train/metadata.jsonl": '{"file_name": "0.png", "label": "cat"}\n'},
    "a table and one folder": {"img": 3, "train.csv": "file,label\nimg/0.png,cat\n"},
    "Windows paths": {"img": 3, "rows.csv": "file,label\nimg\\0.png,cat\n"},
    "names without suffix": {"train": 3, "test": 2, "trainLabels.csv": "id,label\n0,cat\n"},
    "tables alone": {"train.csv": "a,b\n"},
}


@pytest.mark.parametrize("tree", TABLES.values(), ids=TABLES)
def test_a_folder_whose_tables_say_what_the_images_are_is_left_to_them(tmp_path, tree):
    assert read(make_tree(tmp_path, tree))[0] is None


def test_a_table_in_utf_16_says_what_the_images_are(tmp_path):
    root = make_tree(tmp_path / "data", {"img": 4})
    text = "file,label\n" + "".join(f"{number}.png,{'ab'[number % 2]}\n" for number in range(4))
    (root / "rows.csv").write_bytes(text.encode("utf-16"))
    assert read(root)[0] is None


def test_the_flag_takes_the_names_of_the_table():
    assert ("auto", *(row.name for row in TABLE), "tables", "lists") == LAYOUTS


@pytest.mark.parametrize("copy", ["cats (1)", "cats(2)", "cats - Copy", "cats copy"])
def test_a_class_that_is_called_like_a_copy_of_another_is_told(tmp_path, copy):
    """A browser's second download of a folder, say: its images would be a class that cannot be told from the first."""
    _, ledger = read(make_tree(tmp_path / "data", {"cats": 2, copy: 2, "dogs": 2, "dogs (small)": 2}))
    told = [code_and_fields(phrase) for phrase in ledger.decisions if phrase.code == "layouts.copied_class"]
    assert told == [("layouts.copied_class", {"name": copy, "first": "cats"})]

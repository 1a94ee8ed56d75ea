"""Texts that list images, as public datasets have them: followed where clear, refused where folders say otherwise."""

from collections import Counter

import pytest
from folder_trees import make_tree

from resnet_hub.errors import DataError
from training.data.load_dataset import load_splits
from training.layouts import Ledger
from training.tables.lists.image_lists import read_class_names

CUB = {
    "images/001.Auk": 4,
    "images/002.Jay": 4,
    "images.txt": "".join(f"{n} {('001.Auk', '002.Jay')[n > 4]}/{(n - 1) % 4}.png\n" for n in range(1, 9)),
    "image_class_labels.txt": "".join(f"{n} {1 + (n > 4)}\n" for n in range(1, 9)),
    "train_test_split.txt": "".join(f"{n} {int(n not in (4, 8))}\n" for n in range(1, 9)),
    "classes.txt": "1 001.Auk\n2 002.Jay\n",
}


def lines(names, *labels, mark=" "):
    """A line for each image, with the labels in turn."""
    return "".join(f"{name}{mark + labels[at % len(labels)] if labels else ''}\n" for at, name in enumerate(names))


def images(count, start=0):
    return [f"imgs/{number}.png" for number in range(start, start + count)]


# What lies there; split -> class -> images.
READ = {
    "numbers with names": (
        {
            "imgs": 6,
            "train.txt": lines(images(4), "0", "1"),
            "val.txt": lines(images(2, 4), "0", "1"),
            "classes.txt": "cat\ndog\n",
        },
        {"train": {"cat": 2, "dog": 2}, "validation": {"cat": 1, "dog": 1}},
    ),
    "numbers from 1": (
        {"imgs": 4, "labels.txt": lines(images(4), "1", "2"), "classes.txt": "cat\ndog\n"},
        {"train": {"cat": 2, "dog": 2}},
    ),
    "another machine's paths": (
        {"imgs": 4, "train.txt": lines(images(4), "a", "b").replace("imgs/", "/home/ann/imgs/")},
        {"train": {"a": 2, "b": 2}},
    ),
    "numbers alone": ({"imgs": 4, "train.txt": lines(images(4), "3", "7")}, {"train": {3: 2, 7: 2}}),
    "names with blanks": (
        {"imgs": 4, "train.txt": lines(images(4), "a cat", "a dog")},
        {"train": {"a cat": 2, "a dog": 2}},
    ),
    "commas, and images without class to test on": (
        {"imgs": 6, "train.txt": lines(images(4), "cat", "dog", mark=","), "test.txt": lines(images(2, 4))},
        {"train": {"cat": 2, "dog": 2}, "test": {None: 2}},
    ),
    "paths without folder and suffix, that divide class folders": (
        {
            "images/pie": 3,
            "images/cake": 3,
            "meta/train.txt": "pie/0\npie/1\ncake/0\ncake/1\n",
            "meta/test.txt": "pie/2\ncake/2\n",
            "meta/classes.txt": "cake\npie\n",
        },
        {"train": {"pie": 2, "cake": 2}, "test": {"pie": 1, "cake": 1}},
    ),
    "numbers that agree with folders": (
        {
            "train/n1": 2,
            "train/n2": 2,
            "val": 2,
            "train.txt": "n1/0.png 0\nn1/1.png 0\nn2/0.png 1\nn2/1.png 1\n",
            "val.txt": "0.png 0\n1.png 1\n",
        },
        {"train": {"n1": 2, "n2": 2}, "validation": {"n1": 1, "n2": 1}},
    ),
    "a list whose name says the split among other words, beside train in class folders": (
        {
            "train/n1": 2,
            "train/n2": 2,
            "val": 2,
            "places365_val.txt": "0.png n1\n1.png n2\n",
        },
        {"train": {"n1": 2, "n2": 2}, "validation": {"n1": 1, "n2": 1}},
    ),
    "classes with boxes, beside train in class folders": (
        {
            "train/n1/images": 2,
            "train/n2/images": 2,
            "train/n1/n1_boxes.txt": "0.png\t0\t1\t2\t3\n1.png\t0\t1\t2\t3\n",
            "val/images": 2,
            "val/val_annotations.txt": "0.png\tn1\t0\t1\t2\t3\n1.png\tn2\t0\t1\t2\t3\n",
            "wnids.txt": "n2\nn1\n",
        },
        {"train": {"n1": 2, "n2": 2}, "validation": {"n1": 1, "n2": 1}},
    ),
    "by ids": (CUB, {"train": {"001.Auk": 3, "002.Jay": 3}, "test": {"001.Auk": 1, "002.Jay": 1}}),
    "number, class and path": (
        {"imgs": 4, "train.lst": "".join(f"{n}\t{n % 2}.000000\timgs/{n}.png\n" for n in range(4))},
        {"train": {0: 2, 1: 2}},
    ),
    "train and validation in a third list": (
        {
            "a": 3,
            "b": 3,
            "train.txt": "a/0.png\nb/0.png\n",
            "val.txt": "a/1.png\nb/1.png\n",
            "trainval.txt": "a/0.png\nb/0.png\na/1.png\nb/1.png\n",
        },
        {"train": {"a": 1, "b": 1}, "validation": {"a": 1, "b": 1}},
    ),
    "no lists": (
        {"a": 2, "b": 2, "notes.txt": "0.png is dark\n1.png looks like a cat\n", "labels.txt": "a\nb\n"},
        {"train": {"a": 2, "b": 2}},
    ),
    "a list that says neither split nor class": (
        {"a": 2, "b": 2, "corrupt.txt": "a/1.png\nb/1.png\n"},
        {"train": {"a": 2, "b": 2}},
    ),
}
# What lies there, and the error.
REFUSED = {
    "other classes": (
        {"a": 2, "b": 2, "train.txt": "a/0.png x\na/1.png y\nb/0.png x\nb/1.png y\n"},
        "lists.other_classes",
    ),
    "other splits": (
        {
            "train/a": 2,
            "train/b": 2,
            "val/a": 2,
            "val/b": 2,
            "train.txt": "train/a/0.png\ntrain/b/0.png\nval/a/0.png\n",
        },
        "lists.other_split",
    ),
    "only test": ({"a": 2, "b": 2, "test.txt": "a/1.png\nb/1.png\n"}, "lists.no_train"),
    "numbers beside train in class folders": (
        {"train/n1": 2, "train/n2": 2, "val": 2, "val.txt": "0.png 0\n1.png 1\n"},
        "lists.no_train",
    ),
    "several for one split": (
        {"a": 2, "b": 2, "labels/train1.txt": "a/1.png\nb/1.png\n", "labels/train2.txt": "a/0.png\nb/0.png\n"},
        "lists.several",
    ),
    "a class and a split by number": (
        {"imgs": 4, "identity.txt": lines(images(4), "7", "8"), "list_eval_partition.txt": lines(images(4), "0", "1")},
        "lists.several",
    ),
    "no classes anywhere": ({"imgs": 4, "train.txt": lines(images(4))}, "lists.no_classes"),
    "several numbers": ({"imgs": 4, "trainval.txt": lines(images(4), "1 1 1", "2 1 2")}, "lists.columns"),
    "a table too": (
        {
            "imgs": 4,
            "train.txt": lines(images(4), "0", "1"),
            "train.csv": "image,label\n" + lines(images(4), "a", "b", mark=","),
        },
        "lists.and_tables",
    ),
    "paths that are nowhere here": (
        {"imgs": 4, "train.txt": lines(images(4), "0", "1").replace("imgs/", "others/")},
        "lists.not_there",
    ),
    "a line that is none": (
        {"imgs": 40, "train.txt": lines(images(40), "0", "1") + "imgs/39.png\n"},
        "lists.line",
    ),
    "a class without its path": (
        {"imgs": 4, "train.txt": "".join(f"{n % 2} imgs/{n % 4}.png\n" for n in range(40)) + "1\n"},
        "lists.line",
    ),
    "more numbers than names": (
        {"imgs": 4, "train.txt": lines(images(4), "0", "5"), "classes.txt": "cat\ndog\n"},
        "lists.unknown_number",
    ),
    "names that may count from 0 or from 1": (
        {"imgs": 4, "train.txt": lines(images(4), "1", "2"), "classes.txt": "cat\ndog\npig\nhen\n"},
        "lists.counting",
    ),
    "numbers of splits": ({"imgs": 6, "list_eval_partition.txt": lines(images(6), "0", "1", "2")}, "lists.say_splits"),
    "words of splits": ({"imgs": 4, "images.txt": lines(images(4), "train", "test", mark=",")}, "lists.say_splits"),
    "an id that the classes lack": (CUB | {"image_class_labels.txt": "1 1\n"}, "lists.ids"),
}


def counts(tables):
    """Split -> class -> images."""
    found = {}
    for split, rows in tables.items():
        names = getattr(rows.features["label"], "names", None)
        found[split] = dict(Counter(names[one] if names and one is not None else one for one in rows["label"]))
    return found


@pytest.mark.parametrize(("tree", "expected"), READ.values(), ids=READ)
def test_lists_say_splits_and_classes_and_every_file_is_accounted_for(tmp_path, tree, expected):
    folder, ledger = make_tree(tmp_path / "data", tree), Ledger()
    tables = load_splits(str(folder), ledger=ledger)
    assert counts(tables) == expected
    assert all(row["image"].size == (8, 8) for rows in tables.values() for row in rows)
    assert ledger.unaccounted()["files"] == 0


@pytest.mark.parametrize(("tree", "code"), REFUSED.values(), ids=REFUSED)
def test_lists_that_can_be_read_in_two_ways_or_in_none_are_refused(tmp_path, tree, code):
    with pytest.raises(DataError) as caught:
        load_splits(str(make_tree(tmp_path / "data", tree)))
    assert caught.value.code == code


def test_a_flag_chooses_between_lists_and_folders(tmp_path):
    folder = str(make_tree(tmp_path / "data", REFUSED["other classes"][0]))
    assert counts(load_splits(folder, "lists")) == {"train": {"x": 2, "y": 2}}
    assert counts(load_splits(folder, "class-folders")) == {"train": {"a": 2, "b": 2}}


def test_lists_that_are_asked_for_and_not_there_are_missed(tmp_path):
    with pytest.raises(DataError) as caught:
        load_splits(str(make_tree(tmp_path / "data", {"a": 2, "b": 2})), "lists")
    assert caught.value.code == "layouts.contradiction"


def test_a_list_that_is_not_followed_is_named(tmp_path):
    ledger = Ledger()
    load_splits(str(make_tree(tmp_path / "data", {"a": 2, "b": 2, "corrupt.txt": "a/1.png\nb/1.png\n"})), ledger=ledger)
    (said,) = (line for line in ledger.decisions if line.code == "lists.says_nothing")
    assert said.fields["files"] == "'corrupt.txt'"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cat\ndog\n", {0: "cat", 1: "dog"}),
        ("# classes\n1 cat\n2 red dog\n", {1: "cat", 2: "red dog"}),
        ("0, a cat\n1, a dog\n", {0: "a cat", 1: "a dog"}),
        ("a cat 0\na dog 1\n", {0: "a cat", 1: "a dog"}),
        ("7 up\ncola\n", {0: "7 up", 1: "cola"}),
    ],
)
def test_names_of_classes_are_read_with_or_without_their_numbers(tmp_path, text, names):
    (tmp_path / "classes.txt").write_text(text)
    assert read_class_names(tmp_path / "classes.txt") == names

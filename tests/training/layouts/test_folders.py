"""Folders as people have them: which images are read as which class of which split, and what is left out and why."""

import os
from collections import Counter

import pytest
from folder_trees import make_tree

from training.layouts import Ledger, read_folder, scan_folder

PETS = {"train": {"cats": 3, "dogs": 2}}
SPLIT_PETS = {"train": {"cats": 2, "dogs": 2}, "validation": {"cats": 1, "dogs": 1}}
IN_TRAIN, IN_VAL = {"{0}/cats": 2, "{0}/dogs": 2}, {"{1}/cats": 1, "{1}/dogs": 1}


def split_tree(train, val):
    return {path.format(train, val): count for path, count in (IN_TRAIN | IN_VAL).items()}


# What lies there; the layout that is found, or after a colon asked for; split -> class -> images; reason -> left out.
READ = {
    "class folders": ({"cats": 3, "dogs": 2}, "class-folders", PETS, {}),
    "below two folders": ({"data/archive/cats": 3, "data/archive/dogs": 2}, "class-folders", PETS, {}),
    "splits": (split_tree("train", "val"), "split-folders", SPLIT_PETS, {}),
    "splits below a folder": (split_tree("a/train", "a/val"), "split-folders", SPLIT_PETS, {}),
    "splits in Spanish": (split_tree("entrenamiento", "validación"), "split-folders", SPLIT_PETS, {}),
    "train beside the others without a word": (
        split_tree("pets", "pets-validation") | {"pets-test-set": 2},
        "split-folders",
        SPLIT_PETS | {"test": {None: 2}},
        {},
    ),
    "splits in their own": (split_tree("seg_train/seg_train", "seg_val/seg_val"), "split-folders", SPLIT_PETS, {}),
    "splits beside another": (
        split_tree("train", "val") | {"extra/cats": 2},
        "split-folders",
        SPLIT_PETS,
        {"ledger.beside_splits": 2},
    ),
    "train alone": (
        {"train/cats": 3, "train/dogs": 2, "labels.csv": "a,b\n"},
        "split-folders",
        PETS,
        {"ledger.stray_table": 1},
    ),
    "an unlabeled test folder": (
        {"train/cats": 3, "train/dogs": 2, "test": 2},
        "split-folders",
        PETS | {"test": {None: 2}},
        {},
    ),
    "an unlabeled test folder, and what a competition asks for": (
        {"train/cats": 3, "train/dogs": 2, "test": 2, "sample_submission.csv": "image,label\n0.png,cats\n1.png,cats\n"},
        "split-folders",
        PETS | {"test": {None: 2}},
        {"ledger.stray_table": 1},
    ),
    "an unlabeled test folder in its own": (
        {"train/cats": 3, "train/dogs": 2, "test/all": 2},
        "split-folders",
        PETS | {"test": {None: 2}},
        {},
    ),
    "splits in classes": (
        {"cats/train": 2, "cats/val": 1, "dogs/train": 2, "dogs/val": 1},
        "splits-in-classes",
        SPLIT_PETS,
        {},
    ),
    "a class called train": (
        {"bus": 2, "car": 1, "train": 3},
        "class-folders",
        {"train": {"bus": 2, "car": 1, "train": 3}},
        {},
    ),
    "a class called test, asked": (
        {"rest": 2, "test": 3},
        ":class-folders",
        {"train": {"rest": 2, "test": 3}},
        {},
    ),
    "a split called test, asked": (
        {"cats": 3, "dogs": 2, "test": 3},
        ":split-folders",
        PETS | {"test": {None: 3}},
        {},
    ),
    "folders in a class": ({"cats": 1, "cats/more": 2, "dogs": 2}, "class-folders", PETS, {}),
    "one folder too deep": ({"cats/cats": 3, "dogs": 2}, "class-folders", PETS, {}),
    "two levels, the upper asked": (
        {"a/cats": 3, "a/lions": 1, "b/dogs": 2},
        ":class-folders",
        {"train": {"a": 4, "b": 2}},
        {},
    ),
    "two levels, the lower asked": (
        {"color/cats": 1, "gray/cats": 2, "color/dogs": 2},
        ":leaf-folders",
        PETS,
        {},
    ),
    "two levels in splits, the lower asked": (
        {"train/a/cats": 3, "train/b/dogs": 2, "val/a/cats": 1},
        ":leaf-folders",
        PETS | {"validation": {"cats": 1}},
        {},
    ),
    "flat": ({"": 3, ".cache": 2}, "flat", {"train": {None: 3}}, {"ledger.hidden_folder": 2}),
    "flat splits": ({"train": 3, "test": 2}, "flat", {"train": {None: 3}, "test": {None: 2}}, {}),
    "flat, asked": ({"cats": 3, "dogs": 2, "x.png": "image"}, ":flat", {"train": {None: 6}}, {}),
    "flat below splits, in their own": (
        {"train/train": 3, "test1/test1": 2},
        "flat",
        {"train": {None: 3}, "test": {None: 2}},
        {},
    ),
    "a folder without images": (
        {"cats": 3, "dogs": 2, "birds/x.txt": "text", "submission.csv": "id,label\n0,1\n"},
        "class-folders",
        PETS,
        {"ledger.no_image": 1, "ledger.stray_table": 1},
    ),
    "a copy of all in its own folder": (
        split_tree("train", "val") | split_tree("pets/train", "pets/val"),
        "split-folders",
        SPLIT_PETS,
        {"ledger.beside_splits": 6},
    ),
    "an image beside class folders": (
        {"cats": 3, "dogs": 2, "overview.png": "image"},
        "class-folders",
        PETS,
        {"ledger.no_class_folder": 1},
    ),
    "notes beside images": (
        {"cats": 3, "dogs": 2, "cats/notes.csv": "a,b\n1,2\n", "notes.txt": "text", "README.md": "# Pets"},
        "class-folders",
        PETS,
        {"ledger.stray_table": 1, "ledger.no_image": 1},
    ),
    "what systems leave": (
        {
            "cats": 3,
            "dogs": 2,
            "cats/._0.png": "apple double",
            "dogs/Thumbs.db": "binary",
            "__MACOSX/cats/._0.png": "apple double",
            ".ipynb_checkpoints": 2,
            "cats/.DS_Store": "binary",
        },
        "class-folders",
        PETS,
        {"ledger.no_image": 4, "ledger.hidden_folder": 2},
    ),
    "images of any name": (
        {
            "cats/a": "image",
            "cats/.b.jpg": "image",
            "cats/_c.txt": "image",
            "dogs": 2,
            "dogs/d.pdf": "%PDF-1.4",
            "dogs/e.heic": "text",
        },
        "class-folders",
        PETS,
        {"ledger.no_image": 2},
    ),
    "a table of numbers beside images called so": (
        {"cats": 5, "dogs": 2, "sizes.csv": "number,size\n" + "".join(f"{number},9\n" for number in range(5))},
        "class-folders",
        {"train": {"cats": 5, "dogs": 2}},
        {"ledger.stray_table": 1},
    ),
    "archives and a spreadsheet beside class folders": (
        {"cats": 3, "dogs": 2, "cats.zip": "zip", "labels.xlsx": "zip"},
        "class-folders",
        PETS,
        {"ledger.archive": 1, "ledger.no_image": 1},
    ),
    "a linked class folder": (
        {"cats": 3, "dogs": "-> ../elsewhere/dogs", "../elsewhere/dogs": 2},
        "class-folders",
        PETS,
        {},
    ),
    "links in a circle": (
        {"cats": 3, "dogs": 2, "cats/again": "-> ../cats", "all": "-> ..", "dogs/gone.png": "-> nowhere.png"},
        "class-folders",
        PETS,
        {"ledger.read_already": 1, "ledger.link_upwards": 1, "ledger.dead_link": 1},
    ),
    "brackets, stars, white space": (
        {"cats/[1]*?.png": "image", "cats/ 2 .png": "image", "cats/3\n.png": "image", "dogs": 2},
        "class-folders",
        PETS,
        {},
    ),
    "one class in two Unicode forms": (
        {"train/caf\u00e9": 3, "train/the": 1, "val/cafe\u0301": 2},
        "split-folders",
        {"train": {"caf\u00e9": 3, "the": 1}, "validation": {"caf\u00e9": 2}},
        {},
    ),
    "one class with white space": (
        {"cats": 1, "cats ": 2, "dogs": 2},
        "class-folders",
        PETS,
        {},
    ),
    "letters": ({"A": 1, "a": 2}, "class-folders", {"train": {"A": 1, "a": 2}}, {}),
    "names that are no UTF-8": (
        {os.fsdecode(b"caf\xe9/x.png"): "image", os.fsdecode(b"cats/caf\xe9.png"): "image"},
        "class-folders",
        {"train": {"caf\\xe9": 1, "cats": 1}},
        {},
    ),
}
SPELLINGS = [
    ("Train", "Val"),
    ("TRAIN", "VALID"),
    ("training", "validation"),
    ("train_set", "dev-set"),
    ("trainset", "valset"),
    ("TrainImages", "ValImages"),
    ("train2017", "val2017"),
    ("pets_train", "pets_val"),
    ("训练集", "验证集"),
]
READ |= {f"splits as {train}": (split_tree(train, val), "split-folders", SPLIT_PETS, {}) for train, val in SPELLINGS}


def read(folder, layout="auto"):
    ledger = Ledger(str(folder))
    return read_folder(scan_folder(folder), layout, ledger), ledger


def counts(tables):
    """Split -> class -> images."""
    found = {}
    for split, rows in tables.items():
        label = rows.features.get("label")
        classes = rows["label"] if label else [None] * len(rows)
        found[split] = dict(Counter(None if one is None else label.names[one] for one in classes))
    return found


def codes(ledger):
    """Reason -> files that were left out."""
    gone = Counter()
    for entry in ledger.left_out:
        gone[entry.reason.code] += entry.count
    return dict(gone)


@pytest.mark.parametrize(("tree", "layout", "expected", "left_out"), READ.values(), ids=READ)
def test_a_folder_is_read_right_and_every_file_of_it_is_accounted_for(tmp_path, tree, layout, expected, left_out):
    asked = layout.removeprefix(":") if layout.startswith(":") else "auto"
    tables, ledger = read(make_tree(tmp_path / "data", tree), asked)
    assert counts(tables) == expected
    assert codes(ledger) == left_out
    assert ledger.decisions[0].fields["layout"] == layout.removeprefix(":")
    assert ledger.unaccounted()["files"] == 0
    there = sum(len(names) for _, _, names in os.walk(tmp_path / "data", followlinks="-> .." not in tree.values()))
    not_followed = sum(codes(ledger).get(code, 0) for code in ("ledger.read_already", "ledger.link_upwards"))
    assert ledger.seen["files"] == there + not_followed


def test_images_come_in_the_order_of_their_paths_and_classes_in_that_of_their_names(tmp_path):
    tables, _ = read(make_tree(tmp_path, {"b": 11, "a-2": 1, "a": 1}))
    paths = [
        os.path.relpath(cell["path"], tmp_path) for cell in tables["train"].with_format("arrow")["image"].to_pylist()
    ]
    assert paths == sorted(paths)
    assert tables["train"].features["label"].names == ["a", "a-2", "b"]


def test_a_name_that_is_no_text_is_read_and_can_be_shown(tmp_path):
    name = os.fsdecode(b"cats/caf\xe9.png")
    tables, _ = read(make_tree(tmp_path, {name: "image", "dogs": 1}))
    cells = tables["train"].with_format("arrow")["image"].to_pylist()
    assert cells[0]["path"].endswith("cats/caf\\udce9.png")
    assert cells[0]["bytes"] == (tmp_path / name).read_bytes()
    assert tables["train"][0]["image"].size == (8, 8)


def test_further_pages_and_frames_are_noted(tmp_path):
    tree = {"a/1.tif": "tiff of 2 pages", "a/2.gif": "gif of 2 frames", "a/3.webp": "webp that moves", "b": 2}
    _, ledger = read(make_tree(tmp_path, tree))
    (noted,) = (line for line in ledger.decisions if line.code == "layouts.several_pages")
    assert noted.fields == {"count": "3", "names": "'a/1.tif', 'a/2.gif', 'a/3.webp'"}


def test_names_of_strangers_do_nothing_to_a_terminal(tmp_path):
    _, ledger = read(make_tree(tmp_path, {"a": 1, "b": 1, "b/\x1b[2J.txt": "text", "\u202egnp": 1}))
    assert "b/\\x1b[2J.txt" in str(ledger.lines()[-1])
    assert all(line.isprintable() for line in ledger.account_lines())

"""Segmentation masks are none of the images that a class is learned from, wherever they lie."""

from collections import Counter

import pytest
from folder_trees import make_tree

from training.layouts import Ledger, read_folder, scan_folder

PETS = {"train": {"cats": 3, "dogs": 2}}
# What lies there; the layout that is found; split -> class -> images; reason -> left out.
READ = {
    "images and what is true of them": (
        {"Images": 3, "labels_png": 2},
        "flat",
        {"train": {None: 3}},
        {"ledger.mask": 2},
    ),
    "images and their masks": ({"images": 3, "masks": 2}, "flat", {"train": {None: 3}}, {"ledger.mask": 2}),
    "images and others that are called masks": (
        {"images": 3, "masks/x.png": "image"},
        "flat",
        {"train": {None: 4}},
        {},
    ),
    "masks of each class": (
        {"cats/images": 3, "cats/masks": 3, "dogs/images": 2, "dogs/masks/deep": 1, "dogs/masks": 2},
        "class-folders",
        PETS,
        {"ledger.mask": 6},
    ),
    "faces with and without masks": (
        {"mask": 3, "no mask": 2},
        "class-folders",
        {"train": {"mask": 3, "no mask": 2}},
        {},
    ),
    "masks beside images": (
        {"cats": 3, "dogs": 2, "cats/0_mask.png": "image", "dogs/1-seg-2.png": "image"},
        "class-folders",
        PETS,
        {"ledger.mask": 2},
    ),
}


@pytest.mark.parametrize(("tree", "layout", "expected", "left_out"), READ.values(), ids=READ)
def test_masks_are_left_out_and_listed(tmp_path, tree, layout, expected, left_out):
    ledger = Ledger(str(tmp_path))
    tables = read_folder(scan_folder(make_tree(tmp_path, tree)), "auto", ledger)
    found = {}
    for split, rows in tables.items():
        label = rows.features.get("label")
        classes = rows["label"] if label else [None] * len(rows)
        found[split] = dict(Counter(None if one is None else label.names[one] for one in classes))
    assert found == expected
    assert {entry.reason.code: entry.count for entry in ledger.left_out} == left_out
    assert ledger.decisions[0].fields["layout"] == layout
    assert ledger.unaccounted()["files"] == 0

"""A text read as the list of images that a stranger's folder may have."""

from __future__ import annotations

from pathlib import Path

from training.layouts import Scan
from training.layouts.scanning.scan import Folder
from training.tables.lists.image_lists import find_lists, read_class_names, read_list, read_pairs
from training.tables.names import Files

LISTED = ("0.png", "a/1.png", "a b/2.jpg")
LINES = [
    "0.png 1\n",
    "0.png\n",
    "a/1.png 0\n",
    "a b/2.jpg\tcat\n",
    "1 0.png\n",
    " ",
    "\t",
    ",",
    "\n",
    "#",
    "7",
    "a/",
    "\\",
    "\0",
]
"""What such texts are made of."""


def read_as_list(file: Path) -> None:
    """Reads a text as a list of images, as names of classes and as pairs."""
    tree = Folder("", others={"text": [file.name]})
    scan, files = Scan(file.parent, tree, len(LISTED) + 1, [], [], []), Files(file.parent, LISTED)
    for found in find_lists(scan, files, set()):
        read_list(file.parent, found)
    read_class_names(file)
    read_pairs(file)

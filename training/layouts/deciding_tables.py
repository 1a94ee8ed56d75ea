"""Which tables of a folder say what its images are, and which merely lie beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet

from .scan import Folder, Scan
from .split_names import splits_among

LOOKED_AT = 64 * 1024
"""Bytes of a table of text that are searched for names of images."""
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
"""Tables that by the Hub's convention name the images beside them."""


def metadata_files(scan: Scan) -> list[str]:
    """Paths of the tables that name images by convention, where there are images below them."""
    return [
        folder.inside(name)
        for folder in scan.tree.used()
        if folder.below
        for name in folder.tables
        if name.lower() in METADATA
    ]


def deciding_tables(scan: Scan, class_folders: set[str]) -> list[str]:
    """Paths of the tables that hold images or name those of the folder.

    Args:
        scan: The folder.
        class_folders: Paths of the folders that would be classes: tables in them are notes, and names are compared
            in full. Where there are none, the names of images without their suffix count as well, and so does a
            table that is called like a split.
    """
    names = {name for folder in scan.tree.used() for name in folder.images}
    if not class_folders:
        names |= {Path(name).stem for name in names}
    return [
        folder.inside(name)
        for folder in scan.tree.used()
        if folder.path not in class_folders
        for name in folder.tables
        if _decides(scan.root, folder, name, names) or (not class_folders and splits_among([Path(name).stem]))
    ]


def _decides(root: Path, folder: Folder, name: str, images: set[str]) -> bool:
    if "submission" in name.lower():  # what a competition asks for, with made-up answers
        return False
    path = root / folder.inside(name)
    try:
        if name.lower().endswith(".parquet"):
            return any(_may_hold_images(field.type) for field in pyarrow.parquet.read_schema(path))
        if name.lower().endswith(".arrow"):
            return True
        with path.open("rb") as file:
            text = file.read(LOOKED_AT).decode("utf-8", "replace")
    except (OSError, pyarrow.ArrowException):
        return False
    # Whatever divides the cells of a table; of a path only the last part is compared.
    return not images.isdisjoint(part.strip() for part in re.split(r"[,;\t\n\r\"'/\\|]", text))


def _may_hold_images(kind: pyarrow.DataType) -> bool:
    return bool(pyarrow.types.is_struct(kind) or pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))

"""Which tables of a folder say what its images are, and which merely lie beside them."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import pyarrow.parquet

from .scanning import RECORDS, Folder, Scan
from .split_names import splits_among

LOOKED_AT = 64 * 1024
"""Bytes of a table of text that are searched for names of images."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FIRST_ROWS = 100
SHORTEST, FEWEST, ENOUGH = 4, 4, 0.9
"""Characters of a name without a suffix that is no mere number, rows, and the share of rows with such a name."""
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


def deciding_tables(scan: Scan, class_folders: set[str], *, within: bool = False) -> list[str]:
    """Paths of the tables that hold images or name those of the folder.

    Args:
        scan: The folder.
        class_folders: Paths of the folders that would be classes: tables in them are notes, and names are compared
            in full. Where there are none, the names of images without their suffix count as well, and so does a
            table that is called like a split. Capitals make no difference.
        within: Only those that name an image of a class folder.
    """
    folders = (folder for folder in scan.tree.used() if not within or folder.path in class_folders)
    names = {name.casefold() for folder in folders for name in folder.images}
    if not class_folders:
        names |= {Path(name).stem for name in names}
    return [
        folder.inside(name)
        for folder in scan.tree.used()
        if folder.path not in class_folders
        for name in (*folder.tables, *folder.others.get(RECORDS, ()))
        if _decides(scan.root, folder, name, names) or (not class_folders and splits_among([Path(name).stem]))
    ]


def _decides(root: Path, folder: Folder, name: str, images: set[str]) -> bool:
    if "submission" in name.lower():  # what a competition asks for, with made-up answers
        return False
    path = root / folder.inside(name)
    try:
        if name.lower().endswith(".parquet"):
            return _parquet_decides(path, images)
        if name.lower().endswith(".arrow"):
            return True
        with path.open("rb") as file:
            head = file.read(LOOKED_AT)
    except (OSError, pyarrow.ArrowException):
        return False
    text = head.decode("utf-16" if head.startswith(UTF_16) else "utf-8", "replace").casefold()
    if not images.isdisjoint(_parts(text)):
        return True
    # Without their suffix, names may be numbers: nearly every row must have one, each another.
    stems = {Path(name).stem for name in images}
    rows = text.split("}")[:-1] if name.lower().endswith(".json") else text.split("\n")[1:-1]
    named = [part for row in rows for part in _first_parts(row) if part in stems and len(part) >= SHORTEST]
    return len(rows) >= FEWEST and len(set(named)) >= ENOUGH * len(rows)


def _parts(text: str) -> list[str]:
    """The cells, whatever divides them; of a path, its parts."""
    return [part.strip() for part in re.split(r"[,;\t\n\r\"'/\\|]", text)]


def _first_parts(row: str) -> list[str]:
    """The first two cells of a row of CSV, or the first two texts and numbers of a record of JSON with their names."""
    parts = [part.strip("{[: ") for part in _parts(row)] if "{" in row else _parts(row)[:2]
    return [part for part in parts if part][:4]


def _parquet_decides(path: Path, images: set[str]) -> bool:
    """Whether a column may hold images, or one of the first cells names one."""
    with pyarrow.parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        if any(_may_hold_images(field.type) for field in schema):
            return True
        texts = [field.name for field in schema if pyarrow.types.is_string(field.type)]
        first = next(file.iter_batches(FIRST_ROWS, columns=texts), None) if texts else None
    cells = (cell for column in (first.columns if first is not None else ()) for cell in column.to_pylist() if cell)
    return not images.isdisjoint(re.split(r"[/\\]", cell)[-1].strip().casefold() for cell in cells)


def _may_hold_images(kind: pyarrow.DataType) -> bool:
    return bool(pyarrow.types.is_struct(kind) or pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))

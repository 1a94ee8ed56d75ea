"""Columns that hold images without saying so, as bytes or as names of files -> columns of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import datasets
from datasets import Dataset, DatasetDict, IterableDataset, Value

from resnet_hub.errors import DataError
from resnet_hub.images import SUFFIXES, image_format

Rows = TypeVar("Rows", Dataset, IterableDataset)
LOOKED_AT = 10
"""Rows among which there is one with an image, if the column has any."""


def with_images(rows: Rows) -> Rows:
    """The rows, with columns of bytes that are images known as such: what pandas writes, plain or beside a path."""
    for name, feature in (rows.features or {}).items():
        if _holds_bytes(feature) and _are_images(rows, name):
            rows = rows.cast_column(name, datasets.Image())
    return rows


def _holds_bytes(feature: Any) -> bool:
    """Whether the cells are bytes, or {"bytes": ..., "path": ...}."""
    if isinstance(feature, dict):
        return "bytes" in feature and set(feature) <= {"bytes", "path"} and _holds_bytes(feature["bytes"])
    return isinstance(feature, Value) and feature.dtype in ("binary", "large_binary")


def _are_images(rows: Dataset | IterableDataset, name: str) -> bool:
    """Whether one of the first cells starts as an image does; another may be damaged."""
    cells = (row[name] for row in rows.select_columns([name]).take(LOOKED_AT))
    return any(_is_image(cell.get("bytes") if isinstance(cell, dict) else cell) for cell in cells)


def _is_image(content: bytes | None) -> bool:
    return image_format(content or b"") is not None


def paths_column(tables: DatasetDict) -> str | None:
    """The column of text that names image files, where no column holds images themselves."""
    rows = next(iter(tables.values()))
    if any(isinstance(feature, datasets.Image) for feature in rows.features.values()):
        return None
    for name, feature in rows.features.items():
        if isinstance(feature, Value) and "string" in feature.dtype and len(rows):
            first = rows[0][name]
            if first and first.lower().endswith(SUFFIXES):
                return name
    return None


def open_paths(tables: DatasetDict, folder: Callable[[set[str]], Path]) -> DatasetDict:
    """The tables with images in place of their file names; as they are where they have images in them, or neither.

    A file that is not there counts as an image that cannot be decoded.

    Args:
        tables: Splits of one dataset.
        folder: Suffixes of the names -> the folder that the names start from.

    Raises:
        DataError: A name leads out of the folder.
    """
    tables = DatasetDict({split: with_images(rows) for split, rows in tables.items()})
    column = paths_column(tables)
    if column is None:
        return tables
    names = {name for rows in tables.values() for name in rows[column] if name}
    outside = next((name for name in sorted(names) if _leads_out(name)), None)
    if outside is not None:
        raise DataError("data.outside_folder", column=column, name=outside)
    root = folder({PurePosixPath(name).suffix for name in names})

    def located(rows: dict[str, list[str | None]]) -> dict[str, list[str | None]]:
        return {column: [None if name is None else str(root / name) for name in rows[column]]}

    return DatasetDict(
        {
            split: rows.map(located, batched=True, features=rows.features).cast_column(column, datasets.Image())
            for split, rows in tables.items()
        }
    )


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in path.parts[0]

"""A CSV whose column names image files -> a column of images, read from beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import datasets
from datasets import DatasetDict, Value

from resnet_hub.errors import DataError

from .encoded import with_images

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


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
        folder: Gives the folder that the names start from; told the suffixes of the names.

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

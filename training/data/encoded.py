"""Columns of encoded pictures that do not say that they are: a table made without datasets -> columns of pictures."""

from __future__ import annotations

from io import BytesIO
from typing import Any, TypeVar

import datasets
from datasets import Dataset, IterableDataset, Value
from PIL import Image

Rows = TypeVar("Rows", Dataset, IterableDataset)
LOOKED_AT = 10
"""Rows among which there is one with a picture, if the column has any."""


def with_pictures(rows: Rows) -> Rows:
    """The rows, with columns of bytes that are pictures known as such: what pandas writes, plain or beside a path."""
    for name, feature in (rows.features or {}).items():
        if _holds_bytes(feature) and _are_pictures(rows, name):
            rows = rows.cast_column(name, datasets.Image())
    return rows


def _holds_bytes(feature: Any) -> bool:
    """Whether the cells are bytes, or {"bytes": ..., "path": ...}."""
    if isinstance(feature, dict):
        return "bytes" in feature and set(feature) <= {"bytes", "path"} and _holds_bytes(feature["bytes"])
    return isinstance(feature, Value) and feature.dtype in ("binary", "large_binary")


def _are_pictures(rows: Dataset | IterableDataset, name: str) -> bool:
    """Whether one of the first cells starts as a picture does; another may be damaged."""
    cells = (row[name] for row in rows.select_columns([name]).take(LOOKED_AT))
    return any(_is_picture(cell.get("bytes") if isinstance(cell, dict) else cell) for cell in cells)


def _is_picture(content: bytes | None) -> bool:
    try:
        Image.open(BytesIO(content or b"")).close()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True

"""Columns of encoded images that do not say that they are: a table made without datasets -> columns of images."""

from __future__ import annotations

from io import BytesIO
from typing import Any, TypeVar

import datasets
from datasets import Dataset, IterableDataset, Value
from PIL import Image

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
    try:
        Image.open(BytesIO(content or b"")).close()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True

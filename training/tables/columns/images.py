"""Columns that hold images, as bytes or as names of files -> columns of images that are read from the dataset alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import datasets
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Features, IterableDataset, Value
from datasets.fingerprint import get_temporary_cache_files_directory
from PIL import Image

from resnet_hub.errors import ImageError

from ..names import Files
from ..table_on_disk import MOST_HELD

Rows = TypeVar("Rows", Dataset, IterableDataset)
LOOKED_AT = 10
"""Rows among which there is one with an image, if the column has any."""
SHOWN = 200
"""Characters of a name that a message has."""
REFUSED = b"not a file of this dataset"
"""In place of an image whose cell names none of the dataset's files: such a file is never opened."""
CELL = pa.struct({"bytes": pa.binary(), "path": pa.string()})
Locate = Callable[[str], str | None]
"""What a cell names -> the place that may be opened; None where it is not the dataset's."""


@dataclass
class EncodedImage(datasets.Image):  # type: ignore[misc]  # datasets has no types
    """Images that stay encoded, and stay what their cell says.

    Of a cell with bytes and a path, the feature of `datasets` drops the bytes where there is such a file on this
    machine, which then is opened in their place.
    """

    decode: bool = False

    def encode_example(self, value: Any) -> dict[str, Any]:
        """The cell as bytes and path, whatever lies at the path."""
        if isinstance(value, str):
            return {"bytes": None, "path": value}
        if isinstance(value, bytes):
            return {"bytes": value, "path": None}
        return {"bytes": value.get("bytes"), "path": value.get("path")}


def refuse_stranger(content: object, name: str) -> None:
    """Raises: ImageError in place of opening an image whose cell named a file outside of its dataset."""
    if content == REFUSED:
        shown = name if len(name) <= SHOWN else f"{name[:SHOWN]}..."
        address = name[:8].lower().startswith(("http://", "https://"))
        raise ImageError("tables.refused_address" if address else "tables.refused_name", name=shown)


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


def image_columns(features: Features) -> list[str]:
    """The columns that are known to hold images."""
    return [name for name, feature in features.items() if isinstance(feature, datasets.Image)]


def confine(rows: Dataset, locate: Callable[[], Locate]) -> Dataset:
    """The rows, with each image that is not in its cell located; one that is not the dataset's is `REFUSED`.

    Args:
        rows: Of a stranger: whatever the cells name, nothing is opened or asked for.
        locate: Gives the way to locate; called where a cell needs it.
    """
    for column in image_columns(rows.features):
        if _names_files(rows, column):
            rows = in_place(rows, column, locate())
    return rows


def confine_stream(rows: IterableDataset, locate: Locate) -> IterableDataset:
    """The same of rows that come as they are asked for."""
    rows, columns = encoded_stream(rows), image_columns(rows.features)

    def confined(row: dict[str, Any]) -> dict[str, Any]:
        return {column: _confined_cell(row[column], locate) for column in columns}

    return rows.map(confined, features=rows.features) if columns else rows


def encoded_stream(rows: IterableDataset) -> IterableDataset:
    """The rows with their images as bytes and path."""
    for column in image_columns(rows.features):
        rows = rows.cast_column(column, EncodedImage())
    return rows


def _confined_cell(cell: dict[str, Any] | None, locate: Locate) -> dict[str, Any] | None:
    if not cell or cell.get("bytes") is not None or cell.get("path") is None:
        return cell
    place = locate(cell["path"])
    return {"bytes": REFUSED, "path": cell["path"]} if place is None else {"bytes": None, "path": place}


def _names_files(rows: Dataset, column: str) -> bool:
    """Whether a cell has a path and no bytes."""
    for batch in rows.with_format("arrow").select_columns([column]).iter(10_000):
        for cells in _chunks(batch[column]):
            if pc.any(pc.and_(pc.is_null(cells.field("bytes")), pc.is_valid(cells.field("path")))).as_py():
                return True
    return False


def in_place(rows: Dataset, column: str, locate: Locate, name: str | None = None) -> Dataset:
    """The rows with the files that a column names as its images.

    Args:
        rows: With images or texts in the column.
        column: Its name.
        locate: What a cell names -> a path.
        name: What it is called then; as before where absent.
    """

    def located(table: pa.Table) -> pa.Table:
        cells = pa.chunked_array([_located(chunk, locate) for chunk in _chunks(table[column])], CELL)
        return table.set_column(table.column_names.index(column), name or column, cells)

    features = Features(
        {name or key if key == column else key: datasets.Image() if key == column else kind
         for key, kind in rows.features.items()}
    )  # fmt: skip
    if not len(rows):
        return Dataset.from_dict({key: [] for key in features}, features=features)
    # A fingerprint of its own each time: which files are there changes between runs.
    fingerprint = datasets.fingerprint.generate_random_fingerprint()
    # On disk, for as long as this process lasts, where there are many: paths are most of what a table of names holds.
    file = str(Path(get_temporary_cache_files_directory(), f"{fingerprint}.arrow")) if len(rows) > MOST_HELD else None
    arrow = rows.with_format("arrow")
    mapped = arrow.map(located, batched=True, features=features, new_fingerprint=fingerprint, cache_file_name=file)
    return mapped.with_format(None)


def _located(cells: pa.Array, locate: Locate) -> pa.Array:
    """Texts or images as images: struct of bytes and path (N,)."""
    if pa.types.is_struct(cells.type):
        contents, names = cells.field("bytes"), cells.field("path")
        contents = contents.cast(pa.binary())
    else:
        contents, names = pa.nulls(len(cells), pa.binary()), cells.cast(pa.string())
    wanted = pc.and_(pc.is_null(contents), pc.is_valid(names)).to_numpy(zero_copy_only=False)
    places = [locate(name) if ask else None for name, ask in zip(names.to_pylist(), wanted, strict=True)]
    found = pa.array([place is not None for place in places], pa.bool_())
    refused = pa.array(wanted & ~found.to_numpy(zero_copy_only=False))
    paths = pc.if_else(found, pa.array(places, pa.string()), names.cast(pa.string()))
    contents = pc.if_else(refused, pa.scalar(REFUSED, pa.binary()), contents)
    return pa.StructArray.from_arrays([contents, paths], names=["bytes", "path"], mask=cells.is_null())


def _chunks(column: pa.ChunkedArray) -> list[pa.Array]:
    """The parts of a column, images as plain structs."""
    return [chunk.storage if isinstance(chunk.type, pa.ExtensionType) else chunk for chunk in column.chunks]


def inside(files: Files) -> Locate:
    """Names of cells, from the dataset's folder -> paths inside it, whether there is such a file or not."""

    def locate(name: str) -> str | None:
        named = files.locate(name)
        return None if named.file is None else files.path(named.file)

    return locate

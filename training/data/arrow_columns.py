"""A column of a dataset as one arrow array, and what turns one kind of cells into another, all rows at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset


def column_cells(rows: Dataset, column: str) -> pa.Array:
    """The cells of a column in the order of the rows; lists of any kind as lists of any length."""
    cells = rows.select_columns([column]).with_format("arrow")[:].column(0).combine_chunks()
    if isinstance(cells, pa.ChunkedArray):  # combining leaves chunks where one would be too long
        cells = pa.concat_arrays(cells.chunks) if cells.num_chunks else pa.array([], cells.type)
    if isinstance(cells.type, pa.ExtensionType):
        cells = cells.storage
    if pa.types.is_string(cells.type):
        return cells.cast(pa.large_string())
    if pa.types.is_fixed_size_list(cells.type) or pa.types.is_list(cells.type):
        return cells.cast(pa.large_list(cells.type.value_type))
    return cells


def single_lists(cells: pa.Array) -> pa.Array:
    """Each cell as a list of one; an empty cell stays empty."""
    lengths = cells.is_valid().to_numpy(zero_copy_only=False)
    return _lists(pc.drop_null(cells), lengths, cells)


def text_parts(cells: pa.Array, delimiter: str) -> pa.Array:
    """The parts of each text, without the spaces around them; parts of spaces alone are empty."""
    lists = pc.split_pattern(cells.cast(pa.large_string()), delimiter)
    parts = pc.utf8_trim_whitespace(lists.flatten())
    parts = pc.if_else(pc.equal(parts, ""), pa.scalar(None, parts.type), parts)
    return _lists(parts, pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False), cells)


def whole_numbers(cells: pa.Array) -> pa.Array:
    """Numbers with nothing behind the point as integers: a gap in a CSV turns whole numbers into such."""
    return cells.cast(pa.int64()) if pa.types.is_floating(cells.type) else cells


def all_whole(cells: pa.Array) -> bool:
    """Whether no number has anything behind its point."""
    values = pc.drop_null(cells)
    return bool(pc.all(pc.equal(values, pc.floor(values)), min_count=0).as_py())


def _lists(values: pa.Array, lengths: np.ndarray, cells: pa.Array) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return pa.LargeListArray.from_arrays(pa.array(offsets), values, mask=cells.is_null())

"""A column of a dataset as one arrow array, and what turns one kind of cells into another, all rows at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset

MAX_WHOLE = 2**53
"""From here on floating-point numbers have gaps between whole ones."""


def column_cells(rows: Dataset, column: str) -> pa.Array:
    """The cells of a column in the order of the rows.

    Lists of any kind are lists of any length, numbers with a point are float64, and NaN is an empty cell.
    """
    if rows._indices is None:  # else choosing a column copies what is known of all others, which may be thousands
        chunks = rows.data.column(column)
    else:
        chunks = rows.select_columns([column]).with_format("arrow")[:].column(0)
    cells = chunks.combine_chunks()
    if isinstance(cells, pa.ChunkedArray):  # combining leaves chunks where one would be too long
        cells = pa.concat_arrays(cells.chunks) if cells.num_chunks else pa.array([], cells.type)
    if isinstance(cells.type, pa.ExtensionType):
        cells = cells.storage
    if pa.types.is_string(cells.type):
        return cells.cast(pa.large_string())
    if pa.types.is_fixed_size_list(cells.type) or pa.types.is_list(cells.type):
        cells = cells.cast(pa.large_list(cells.type.value_type))
    if not pa.types.is_large_list(cells.type):
        return _known_numbers(cells)
    values = _known_numbers(cells.flatten())
    return _lists(values, list_lengths(cells), cells)


def is_number_type(kind: pa.DataType) -> bool:
    """Whether values of this type are numbers or booleans."""
    return pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)


def is_text_type(kind: pa.DataType) -> bool:
    """Whether values of this type are texts."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def list_lengths(cells: pa.Array) -> np.ndarray:
    """How many values each list has, int64 (N,); 0 for an empty cell."""
    return pc.fill_null(pc.list_value_length(cells), 0).to_numpy(zero_copy_only=False)


def replaced_values(cells: pa.Array, values: pa.Array) -> pa.Array:
    """The same lists of other values, of which there are as many."""
    return _lists(values, list_lengths(cells), cells)


def single_lists(cells: pa.Array) -> pa.Array:
    """Each cell as a list of one; an empty cell stays empty."""
    lengths = cells.is_valid().to_numpy(zero_copy_only=False)
    return _lists(pc.drop_null(cells), lengths, cells)


def text_parts(cells: pa.Array, delimiter: str) -> pa.Array:
    """The parts of each text, without the spaces around them; parts of spaces alone are empty."""
    lists = pc.split_pattern(cells.cast(pa.large_string()), delimiter)
    parts = pc.utf8_trim_whitespace(lists.flatten())
    parts = pc.if_else(pc.equal(parts, ""), pa.scalar(None, parts.type), parts)
    return _lists(parts, list_lengths(lists), cells)


def trimmed_texts(cells: pa.Array) -> pa.Array:
    """The texts without the spaces around them; blank ones are empty cells."""
    texts = pc.utf8_trim_whitespace(cells.cast(pa.large_string()))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)


def all_whole(cells: pa.Array) -> bool:
    """Whether no number has anything behind its point; infinite ones and those that no integer can be have."""
    return first_fraction(cells) is None


def first_fraction(cells: pa.Array) -> float | None:
    """The first number that is not whole, in the sense of `all_whole`."""
    values = pc.drop_null(cells)
    whole = pc.and_(pc.equal(values, pc.floor(values)), pc.less(pc.abs(values), MAX_WHOLE))
    return next(iter(values.filter(pc.invert(whole)).slice(0, 1).to_pylist()), None)


def _known_numbers(cells: pa.Array) -> pa.Array:
    if not (pa.types.is_floating(cells.type) or pa.types.is_decimal(cells.type)):
        return cells
    numbers = cells.cast(pa.float64())
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


def _lists(values: pa.Array, lengths: np.ndarray, cells: pa.Array) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return pa.LargeListArray.from_arrays(pa.array(offsets), values, mask=cells.is_null())

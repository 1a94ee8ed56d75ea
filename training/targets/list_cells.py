"""Lists as targets: a 0 or 1 for each output, or classes, or numbers; also where a table writes them as text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resnet_hub.errors import DataError

from .arrow_columns import list_lengths, replaced_values, trimmed_texts

SHOWN = 80
"""Characters of a stranger's text that an error repeats."""
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_QUOTED = r"""(?:"[^"]*"|'[^']*')"""
_BRACKETED = r"(?s)^(?:\[.*\]|\(.*\))$"
# Python, JSON and numpy write lists so, the last without commas.
_NUMBERS = rf"^(?:{_NUMBER}(?:(?:\s*,\s*|\s+){_NUMBER})*\s*,?)?$"
_TEXTS = rf"^(?:{_QUOTED}(?:(?:\s*,\s*|\s+){_QUOTED})*\s*,?)?$"
_BARE = rf"^{_NUMBER}(?:\s+{_NUMBER})*$"
_BARE_FLAGS = r"^[01](?:\s+[01])+$|^[01](?:,[01]){2,}$|^[01](?:\s*[;|]\s*[01])+$"


def one_length(cells: pa.Array) -> int | None:
    """The length that all lists have, None where they differ; empty lists count only where no list has two values."""
    lengths = set(pc.unique(pc.drop_null(pc.list_value_length(cells))).to_pylist())
    if max(lengths, default=0) > 1:
        lengths -= {0}
    return lengths.pop() if len(lengths) == 1 and lengths != {0} else None


def are_flags(cells: pa.Array) -> bool:
    """Whether the lists have one length and hold only 0 and 1, so that each place is an output."""
    values = cells.flatten()
    numeric = pa.types.is_boolean(values.type) or pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    return numeric and one_length(cells) is not None and only_flags(values)


def only_flags(values: pa.Array) -> bool:
    """Whether there are no other numbers than 0 and 1."""
    return _numbers_in(values) <= {0.0, 1.0}


def signs(*columns: pa.Array) -> bool:
    """Whether the numbers of all columns are -1 and 1, for no and yes; True also where 0 is among them."""
    found = set().union(*map(_numbers_in, columns))
    return -1.0 in found and found <= {-1.0, 0.0, 1.0}


def refuse_three(columns: str, *values: pa.Array) -> None:
    """Raises: DataError where there is 0 beside -1 and 1, so that nobody knows which of them is no."""
    if any(0.0 in _numbers_in(one) for one in values):
        raise DataError("targets.three_signs", columns=columns)


def as_flags(values: pa.Array) -> pa.Array:
    """-1 and 1 as 0 and 1."""
    return pc.if_else(pc.equal(values, -1), pa.scalar(0, values.type), values)


def _numbers_in(values: pa.Array) -> set[float]:
    return set(pc.unique(pc.drop_null(values.cast(pa.float64()))).to_pylist())


def are_one_hot(cells: pa.Array) -> bool:
    """Whether exactly one of the 0 and 1 in each list is a 1."""
    values = cells.flatten().cast(pa.float64())
    lists = pc.drop_null(replaced_values(cells, values))
    lists = lists.filter(pc.greater(pc.list_value_length(lists), 0))
    ones = pc.fill_null(lists.flatten(), 0).to_numpy(zero_copy_only=False)
    return len(lists) > 0 and bool((ones.reshape(len(lists), -1).sum(1) == 1).all())


def are_single(cells: pa.Array) -> bool:
    """Whether no list has more than one value."""
    return bool((list_lengths(cells) <= 1).all())


def first_values(cells: pa.Array) -> pa.Array:
    """The first value of each list; an empty cell for an empty one."""
    filled = pc.if_else(pc.greater(pc.list_value_length(cells), 0), cells, pa.scalar(None, cells.type))
    return pc.list_element(replaced_values(filled, cells.flatten()), 0)


def lists_in_texts(cells: pa.Array, column: str, task: str) -> pa.Array | None:
    """The lists that the texts of a column are; None where they are none, or the task wants one class of each text.

    Raises:
        DataError: As `written_lists` does.
    """
    if not holds_written_lists(cells, task):
        return None
    if task != "single_label":
        return written_lists(cells, column)
    try:
        lists = written_lists(cells, column)
    except DataError:
        return None
    return lists if are_single(lists) or (are_flags(lists) and are_one_hot(lists)) else None


def holds_written_lists(cells: pa.Array, task: str) -> bool:
    """Whether the texts of a column are lists: all in brackets, or 0 and 1 with blanks, commas or the like between.

    Other numbers with blanks between them are lists where the task asks for several values.
    """
    texts = pc.drop_null(trimmed_texts(cells))
    if not len(texts):
        return False
    if _all_match(texts, _BRACKETED):
        return True
    if _all_match(texts, _BARE_FLAGS):
        return one_length(_split(texts, r"[\s,;|]+")) is not None
    several = pc.any(pc.match_substring_regex(texts, r"\s")).as_py()
    return task in ("multi_label", "regression") and several and _all_match(texts, _BARE)


def written_lists(cells: pa.Array, column: str) -> pa.Array:
    """The lists that texts write: of numbers, of booleans, or of texts.

    Raises:
        DataError: A text is no such list, as one of lists is not.
    """
    texts = trimmed_texts(cells)
    known = pc.drop_null(texts)
    bracketed = pc.match_substring_regex(known, _BRACKETED)
    inner = pc.utf8_trim_whitespace(pc.if_else(bracketed, pc.utf8_slice_codeunits(known, 1, -1), known))
    inner = pc.utf8_rtrim(inner, ", ")
    if _all_match(inner, _BARE_FLAGS):
        inner = pc.replace_substring_regex(inner, r"\s*[;|]\s*", ",")
    if _all_match(inner, _NUMBERS):
        lists = _split(inner, r"\s*,\s*|\s+")
        whole = _all_match(lists.flatten(), r"^[-+]?\d{1,18}$")
        lists = replaced_values(lists, lists.flatten().cast(pa.int64() if whole else pa.float64()))
    elif _all_match(inner, _TEXTS):
        lists = _split(pc.utf8_slice_codeunits(inner, 1, -1), r"""['"](?:\s*,\s*|\s+)['"]""")
    else:
        odd = pc.or_(pc.invert(bracketed), pc.match_substring_regex(inner, r"""[\[\](){}"']"""))
        if pc.any(odd).as_py():
            raise DataError("targets.unreadable_list", column=column, text=known.filter(odd)[0].as_py()[:SHOWN])
        lists = _words(inner)
    rows = pc.subtract(pc.cumulative_sum(texts.is_valid().cast(pa.int64())), 1)
    return lists.take(pc.if_else(texts.is_valid(), rows, pa.scalar(None, pa.int64())))


def stacked_lists(cells: pa.Array, column: str, length: int) -> np.ndarray:
    """Lists of one length as float32 (N, length); NaN for a row without one. Raises: DataError."""
    lengths = list_lengths(cells)
    if not np.isin(lengths, (0, length)).all():
        raise DataError("targets.other_length", column=column, length=length)
    targets = np.full((len(cells), length), np.nan, np.float32)
    with np.errstate(over="ignore"):  # a number beyond float32 is infinite
        targets[lengths > 0] = cells.flatten().to_numpy(zero_copy_only=False).reshape(-1, length)
    return targets


def refuse_uneven(column: str, cells: pa.Array, length: int | None) -> None:
    """Raises: DataError where `one_length` found no length."""
    if length is None:
        lengths = pc.drop_null(pc.list_value_length(cells)).to_pylist()
        shortest, longest = min(lengths, default=0), max(lengths, default=0)
        raise DataError("targets.uneven_lists", column=column, shortest=shortest, longest=longest)


def _words(inner: pa.Array) -> pa.Array:
    """Lists of words that stand without quotation marks; of booleans where all are true or false."""
    lists = _split(inner, r"\s*,\s*")
    lower = pc.utf8_lower(lists.flatten())
    if set(pc.unique(lower).to_pylist()) <= {"true", "false"}:
        return replaced_values(lists, pc.equal(lower, "true"))
    return lists


def _split(texts: pa.Array, pattern: str) -> pa.Array:
    """The parts of each text; an empty text has none."""
    lists = pc.split_pattern_regex(texts.cast(pa.large_string()), pattern)
    lists = lists.cast(pa.large_list(pa.large_string()))
    none = pa.scalar([], lists.type)
    return pc.if_else(pc.equal(texts, ""), none, lists)


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py())

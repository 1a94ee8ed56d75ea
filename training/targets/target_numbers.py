"""Cells -> numbers: those that are such, texts that write them, and classes whose names are numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel

from resnet_hub.errors import DataError

from .arrow_columns import is_number_type, is_text_type, trimmed_texts
from .class_names import NO_CLASS
from .columns import kind_of
from .list_cells import SHOWN

_NUMBER = r"^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$"


def are_number_texts(texts: Sequence[str]) -> bool:
    """Whether every text writes a number."""
    return bool(texts) and pc.all(pc.match_substring_regex(pa.array(texts, pa.large_string()), _NUMBER)).as_py()


def as_numbers(feature: Any, cells: pa.Array, column: str) -> pa.Array:
    """The cells as float64. Raises: DataError where they are no numbers, with the first that is none."""
    if isinstance(feature, ClassLabel):
        names = pa.array(feature.names, pa.large_string())
        cells = names.take(pc.if_else(pc.equal(cells, NO_CLASS), pa.scalar(None, cells.type), cells))
    if is_text_type(cells.type):
        texts = trimmed_texts(cells)
        odd = pc.drop_null(texts.filter(pc.invert(pc.match_substring_regex(texts, _NUMBER))))
        if len(odd):
            raise DataError("targets.no_number", column=column, text=odd[0].as_py()[:SHOWN])
        return texts.cast(pa.float64())
    if not is_number_type(cells.type):
        raise DataError("targets.no_numbers", column=column, kind=kind_of(feature))
    return cells.cast(pa.float64())

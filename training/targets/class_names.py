"""Cells -> names of classes and their numbers, and what looks as if it were no set of classes."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel

from resnet_hub.errors import DataError, Phrase

from .arrow_columns import all_whole, first_fraction, is_number_type, is_text_type, trimmed_texts

SHOWN = 5
MAX_CLASSES = 100_000
MANY = 20
"""Different values from which a column is questioned where they are more than half of its cells."""
NO_CLASS = -1
EMPTY_WORDS = frozenset(
    ["-1", "na", "n/a", "#n/a", "nan", "none", "null", "nil", "?", "-", "unlabeled", "unlabelled", "not labeled"]
)
"""What spreadsheets, pandas and published tables write where there is no class; some are classes all the same."""


def class_names(feature: Any, values: pa.Array, column: str) -> tuple[str, ...]:
    """The names that are declared, else the different values as text.

    Numbers are in numeric order, texts in that of their characters; a text is never read as a number.
    """
    if isinstance(feature, ClassLabel):
        return tuple(feature.names)
    found = pc.drop_null(pc.unique(_without_blanks(values)))
    if len(found) > MAX_CLASSES:
        raise DataError("targets.too_many_classes", column=column, count=len(found))
    return tuple(_texts_of(pc.take(found, pc.sort_indices(found))))


def _texts_of(values: pa.Array) -> list[Any]:
    """The name of each value where it is a class, None for none: 1.0 is "1" where all are whole, and 1.5 is "1.5"."""
    if pa.types.is_floating(values.type):
        return values.cast(pa.int64() if all_whole(values) else pa.string()).cast(pa.string()).to_pylist()
    return [None if value is None else str(value) for value in values.to_pylist()]


def refuse_ids(feature: Any, values: pa.Array, column: str) -> None:
    """Raises: DataError where most values are there once, as ids and amounts are: with the readings to choose from."""
    known = pc.drop_null(values)
    if isinstance(feature, ClassLabel):  # -1 is no class
        known = known.filter(pc.not_equal(known, NO_CLASS))
    count = len(pc.unique(known))
    if count > MANY and 2 * count > len(known):
        numbers = not isinstance(feature, ClassLabel) and is_number_type(known.type)
        rows = len(known)
        raise DataError("targets.ids_or_amounts" if numbers else "targets.ids", column=column, count=count, rows=rows)


def look_alikes(names: tuple[str, ...]) -> Phrase | None:
    """Which names differ only in capitals, spaces or the form of their letters in Unicode; None where none do."""
    alike = defaultdict(list)
    for name in names:
        alike[" ".join(unicodedata.normalize("NFKC", name).casefold().split())].append(name)
    groups = [group for group in alike.values() if len(group) > 1]
    if not groups:
        return None
    shown = "; ".join(map(_side_by_side, groups[:SHOWN])) + ("; ..." if groups[SHOWN:] else "")
    return Phrase("targets.look_alikes", names=shown)


def like_empty_cells(names: tuple[str, ...]) -> Phrase | None:
    """Which names are what other programs write for no class; None where none are."""
    found = [name for name in names if name.strip().casefold() in EMPTY_WORDS]
    shown = ", ".join(map(repr, found[:SHOWN])) + (", ..." if found[SHOWN:] else "")
    return Phrase("targets.like_empty_cells", names=shown) if found else None


def _between_commas(name: str) -> list[str]:
    """The parts of a name without the blanks around them; an expression with those takes quadratic time for blanks."""
    return [part.strip() for part in name.split(",")]


def made_of_others(names: tuple[str, ...]) -> Phrase | None:
    """Which names are several others, with blanks or commas between them; None where none are.

    One of the parts is a class of its own, and so are the others, or they are parts of further names: "chair car" is
    made of others beside "car" and "person chair".
    """
    known, parted = set(names), [(name, parts) for name in names for parts in (name.split(), _between_commas(name))]
    counts = Counter(part for _, parts in parted if len(parts) > 1 for part in set(parts))
    found = dict.fromkeys(
        name
        for name, parts in parted
        if len(parts) > 1 and not known.isdisjoint(parts) and all(part in known or counts[part] > 1 for part in parts)
    )
    if not found:
        return None
    shown = ", ".join(map(repr, list(found)[:SHOWN])) + (", ..." if len(found) > SHOWN else "")
    return Phrase("targets.made_of_others", names=shown)


def _side_by_side(names: list[str]) -> str:
    """Names as text for a message, in escapes where their letters look the same."""
    same = len({unicodedata.normalize("NFKC", name) for name in names}) < len(names)
    return ", ".join(map(ascii if same else repr, names))


def class_numbers(feature: Any, values: pa.Array, split: str, names: tuple[str, ...]) -> np.ndarray:
    """Class indices as in `names`, int64 (N,), -1 for none; classes are matched by name, each distinct one once.

    Raises:
        DataError: A class is not among the names, or a number has no name or is none of a class.
    """
    encoded = pc.dictionary_encode(_without_blanks(values))
    if isinstance(feature, ClassLabel):  # some published test splits write -1 for no class
        numbers = encoded.dictionary.to_pylist()
        found = [None if value == NO_CLASS else _declared(feature, value, split) for value in numbers]
    else:
        found = _texts_of(encoded.dictionary)
    index = {name: number for number, name in enumerate(names)}
    fraction = first_fraction(encoded.dictionary) if pa.types.is_floating(values.type) else None
    if fraction is not None and index.keys().isdisjoint(_texts_of(pa.array([fraction]))):
        raise DataError("targets.fraction_among_classes", split=split, number=fraction)
    unknown = sorted({value for value in found if value is not None and value not in index})
    if unknown:
        raise DataError(
            "targets.unknown_classes",
            split=split,
            count=len(names),
            unknown=", ".join(map(repr, unknown[:SHOWN])),
            known=", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else ""),
        )
    table = np.array([NO_CLASS if value is None else index[value] for value in found] + [NO_CLASS], np.int64)
    return table[encoded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)]


def _declared(feature: ClassLabel, number: int | None, split: str) -> str | None:
    if number is not None and not 0 <= number < len(feature.names):
        raise DataError("targets.undeclared_number", split=split, number=number, count=len(feature.names))
    return None if number is None else feature.names[number]


def _without_blanks(values: pa.Array) -> pa.Array:
    """Texts as they are, but for blank ones, which are no class."""
    if not is_text_type(values.type):
        return values
    return pc.if_else(trimmed_texts(values).is_valid(), values, pa.scalar(None, values.type))

"""Which columns of a dataset hold the images and the targets: by type, then by name, then by zeros and ones."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath

import pyarrow as pa
from datasets import ClassLabel, Dataset, Image, LargeList, List, Value

from resnet_hub.errors import DataError, Phrase

from .arrow_columns import column_cells, is_number_type
from .list_cells import only_flags

LOOKED_AT, ENOUGH, SHOWN = 10_000, 0.9, 5
"""Names of files that are looked at, the share that must begin with a word, and words that a sentence shows."""
NUMBERED = re.compile(r"([^\W\d].{0,100}?)\d{1,12}\)?")
# Tried in this order where no column is of the right type, or several are.
IMAGE_COLUMNS = ("image", "img", "picture", "photo")
CELLS = (ClassLabel, Value)
LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "category", "target")


def find_columns(rows: Dataset, image_column: str | None, label_column: str | None) -> tuple[str, tuple[str, ...]]:
    """The names of the columns with the images and with the targets: as asked for, else by type, else by name.

    Where none of these tells, and a table has nothing but images and columns of 0 and 1, these are the targets.

    Args:
        rows: A split, or a stream, of which only the features are looked at.
        image_column: The column that was asked for.
        label_column: The column that was asked for, or several with commas between them.

    Raises:
        DataError: There is no such column, or none or several could be meant; the candidates are listed.
    """
    features = rows.features
    asked = split_names(rows, label_column)
    for name in asked:
        _refuse_absent(rows, "--label-column", name)
    image_column = find_image_column(rows, image_column)
    candidates = _target_candidates(rows)
    if not asked and not candidates:
        asked = _flag_columns(rows, image_column)
    if not asked and len(candidates) != 1:
        if not candidates and list(features) == [image_column]:
            if words := _words_in_names(rows, image_column):
                raise DataError("columns.classes_in_names", names=", ".join(map(repr, words[:SHOWN])), first=words[0])
            raise DataError("columns.no_class_folders")
        if not candidates:
            raise DataError("columns.no_classes", columns=listed(rows, list(features)))
        raise DataError("columns.several_classes", columns=listed(rows, list(features)))
    return image_column, asked or (candidates[0],)


def other_label_columns(rows: Dataset, columns: tuple[str, ...]) -> Phrase | None:
    """Which columns could be meant as well as the one that was found; None where none could."""
    features = rows.features
    named = _called(list(features), LABEL_COLUMNS)
    classes = [name for name, feature in features.items() if isinstance(item_of(feature), ClassLabel)]
    likely = [name for name in dict.fromkeys([*named, *classes]) if isinstance(item_of(features[name]), CELLS)]
    others = [name for name in likely if name not in columns]
    if not others:
        return None
    return Phrase("columns.others", column=", ".join(map(repr, columns)), others=listed(rows, others))


def other_image_columns(rows: Dataset, column: str) -> Phrase | None:
    """Which columns hold images as well as the one that was found; None where none does."""
    others = [name for name, feature in rows.features.items() if isinstance(feature, Image) and name != column]
    return Phrase("columns.several_of_images", column=column, others=", ".join(map(repr, others))) if others else None


def _words_in_names(rows: Dataset, image_column: str) -> list[str]:
    """What the names of nearly all files begin with, in front of a number, where it may be their class: cat.0.jpg."""
    cells = column_cells(rows, image_column) if isinstance(rows, Dataset) else None
    if cells is None or not pa.types.is_struct(cells.type):
        return []
    names = [PurePosixPath(path).stem for path in cells.field("path").slice(0, LOOKED_AT).to_pylist() if path]
    words = Counter(found[1].rstrip(" ._-(") for name in names if (found := NUMBERED.fullmatch(name)))
    several = sorted(word for word, count in words.items() if word and count > 1)
    covered = sum(words[word] for word in several)
    return several if len(several) > 1 and covered >= ENOUGH * len(names) else []


def split_names(rows: Dataset, label_column: str | None) -> tuple[str, ...]:
    """The columns that --label-column names: one, or several with commas between them."""
    if label_column is None:
        return ()
    if label_column in rows.features:
        return (label_column,)
    return tuple(dict.fromkeys(name.strip() for name in label_column.split(",")))


def find_image_column(rows: Dataset, image_column: str | None) -> str:
    """The name of the column with the images. Raises: DataError as `find_columns` does."""
    features = rows.features
    _refuse_absent(rows, "--image-column", image_column)
    images = [name for name, feature in features.items() if isinstance(feature, Image)]
    if image_column is not None and image_column not in images:
        if not images:
            raise DataError("columns.other_than_images", column=image_column)
        raise DataError("columns.other_images", column=image_column, columns=listed(rows, images))
    images = _usual(images, IMAGE_COLUMNS)
    if image_column is None and len(images) != 1:
        if not images:
            raise DataError("columns.no_images", columns=listed(rows, list(features)))
        raise DataError("columns.several_images", columns=listed(rows, list(features)))
    return image_column or images[0]


def known_classes(rows: Dataset, label_column: str | None) -> list[str | None]:
    """The class of each row by name; None where the row has none, and where no one column is known to hold classes.

    Raises:
        DataError: There is no such column.
    """
    asked = split_names(rows, label_column)
    for name in asked:
        _refuse_absent(rows, "--label-column", name)
    candidates = asked or tuple(_label_candidates(rows))
    if len(candidates) != 1:
        return [None] * len(rows)
    feature = rows.features[candidates[0]]
    return [_format_value(feature, value) for value in rows[candidates[0]]]


def _label_candidates(rows: Dataset) -> list[str]:
    """Columns that hold one class for each image."""
    features = rows.features
    classes = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    named = [name for name in _called(list(features), LABEL_COLUMNS) if is_class_value(features[name])]
    return _usual(classes, LABEL_COLUMNS) or named[:1]


def _target_candidates(rows: Dataset) -> list[str]:
    """Columns that can be targets: those known to hold classes, else the first with a usual name."""
    features = rows.features
    classes = [name for name, feature in features.items() if isinstance(item_of(feature), ClassLabel)]
    named = [name for name in _called(list(features), LABEL_COLUMNS) if isinstance(item_of(features[name]), Value)]
    return _usual(classes, LABEL_COLUMNS) or named[:1]


def _flag_columns(rows: Dataset, image_column: str) -> tuple[str, ...]:
    """All columns but that of the images, if there are several and each holds 0 and 1 and nothing else.

    A column without a name is the index that pandas writes.
    """
    others = [name for name in rows.features if name != image_column and not name.startswith("Unnamed: ")]
    if len(others) < 2 or not isinstance(rows, Dataset):
        return ()
    for name in others:
        cells = column_cells(rows, name) if isinstance(rows.features[name], Value) else None
        if cells is None or not is_number_type(cells.type) or cells.null_count == len(cells) or not only_flags(cells):
            return ()
    return tuple(others)


def _usual(found: list[str], names: tuple[str, ...]) -> list[str]:
    """The first of the columns that were found to have a usual name; all of them where none has."""
    return _called(found, names)[:1] or found


def _called(found: list[str], names: tuple[str, ...]) -> list[str]:
    """The columns with these names, in their order; of several that differ in capitals alone, this one first."""
    return [name for usual in names for name in sorted(found, key=lambda one: one != usual) if name.lower() == usual]


def _refuse_absent(rows: Dataset, flag: str, name: str | None) -> None:
    if name is not None and name not in rows.features:
        raise DataError("columns.absent", flag=flag, column=name, columns=listed(rows, list(rows.features)))


def _format_value(feature: object, value: object) -> str | None:
    """One cell as text; None for no class, which some published test splits write as -1."""
    if value is None or (isinstance(feature, ClassLabel) and value == -1):
        return None
    if isinstance(value, list):
        return "; ".join(str(_format_value(item_of(feature), item)) for item in value)
    if isinstance(feature, ClassLabel):
        return feature.names[value]
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def is_class_value(feature: object) -> bool:
    """Whether a cell can be one class: declared as such, or a text or a whole number."""
    return isinstance(feature, ClassLabel) or (
        isinstance(feature, Value) and (feature.dtype.startswith(("int", "uint", "bool")) or "string" in feature.dtype)
    )


def is_list(feature: object) -> bool:
    """Whether a cell holds several values."""
    return isinstance(feature, List | LargeList)


def item_of(feature: object) -> object:
    """What a list holds; the feature itself where it is none."""
    return feature.feature if isinstance(feature, List | LargeList) else feature


def listed(rows: Dataset, columns: list[str]) -> str:
    """The columns with their types, as text for a message."""
    return ", ".join(f"{name!r} ({kind_of(rows.features[name])})" for name in columns) or "none"


def kind_of(feature: object) -> str:
    """The type of a column, as text for a message."""
    if is_list(feature):
        return f"lists of {kind_of(item_of(feature))}"
    if isinstance(feature, ClassLabel):
        return f"{feature.num_classes} classes"
    return "images" if isinstance(feature, Image) else str(getattr(feature, "dtype", type(feature).__name__))

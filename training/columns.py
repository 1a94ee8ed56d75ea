"""Which columns of a dataset hold the pictures and the classes, and how classes become numbers."""

from __future__ import annotations

import numpy as np
from datasets import ClassLabel, Dataset, Image, Value

from resnet_hub.errors import DataError

# Tried in this order where no column is a ClassLabel.
LABEL_COLUMNS = ("label", "labels", "class", "category", "target")
SHOWN = 5
MAX_CLASSES = 100_000


def find_columns(rows: Dataset, image_column: str | None, label_column: str | None) -> tuple[str, str]:
    """The names of the columns with the pictures and with the classes: as asked for, else by type, else by name.

    Raises:
        DataError: There is no such column, or none or several could be meant; the candidates are listed.
    """
    features = rows.features
    _refuse_absent(rows, "--label-column", label_column)
    image_column = find_image_column(rows, image_column)
    candidates = _label_candidates(rows)
    if label_column is None and len(candidates) != 1:
        if not candidates and list(features) == [image_column]:
            raise DataError("the pictures have no classes; put each class into a folder of its own: folder/cats/1.jpg")
        found = "no column is known to hold classes" if not candidates else "several columns hold classes"
        raise DataError(f"{found}; the dataset has {_listed(rows, list(features))}; choose one with --label-column")
    return image_column, label_column or candidates[0]


def find_image_column(rows: Dataset, image_column: str | None) -> str:
    """The name of the column with the pictures. Raises: DataError as `find_columns` does."""
    features = rows.features
    _refuse_absent(rows, "--image-column", image_column)
    pictures = [name for name, feature in features.items() if isinstance(feature, Image)]
    if image_column is not None and image_column not in pictures:
        raise DataError(f"--image-column {image_column!r} holds no pictures; those that do: {_listed(rows, pictures)}")
    if image_column is None and len(pictures) != 1:
        found = "no column holds pictures" if not pictures else "several columns hold pictures"
        raise DataError(f"{found}; the dataset has {_listed(rows, list(features))}; choose one with --image-column")
    return image_column or pictures[0]


def known_classes(rows: Dataset, label_column: str | None) -> list[str | None]:
    """The class of each row by name; None where the row has none, and where no one column is known to hold classes.

    Raises:
        DataError: There is no such column, or it holds something else than classes.
    """
    _refuse_absent(rows, "--label-column", label_column)
    candidates = [label_column] if label_column is not None else _label_candidates(rows)
    if len(candidates) != 1:
        return [None] * len(rows)
    column = candidates[0]
    class_names(rows, column)  # refuses what is no class
    feature = rows.features[column]
    return [_name(feature, value) for value in rows[column]]


def _label_candidates(rows: Dataset) -> list[str]:
    features = rows.features
    classes = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    named = [name for name in LABEL_COLUMNS if name in features and _is_class_value(features[name])]
    return classes or named[:1]


def _refuse_absent(rows: Dataset, flag: str, name: str | None) -> None:
    if name is not None and name not in rows.features:
        raise DataError(f"{flag} {name!r} is no column; the dataset has {_listed(rows, list(rows.features))}")


def class_names(rows: Dataset, column: str) -> tuple[str, ...]:
    """The names of the classes in index order: those the dataset declares, else the distinct values, sorted.

    Raises:
        DataError: The column holds something else than classes.
    """
    feature = rows.features[column]
    if isinstance(feature, ClassLabel):
        return tuple(feature.names)
    if not _is_class_value(feature):
        raise DataError(f"--label-column {column!r} holds {feature}; expected class names or whole numbers")
    values = {value for value in rows[column] if value is not None}
    if len(values) > MAX_CLASSES:
        raise DataError(f"--label-column {column!r} has {len(values):,} distinct values; that is no set of classes")
    return tuple(str(value) for value in sorted(values))


def class_numbers(rows: Dataset, split: str, column: str, names: tuple[str, ...]) -> np.ndarray:
    """The class of each row as int64 (N,), numbered as in `names`; -1 where the row has none.

    Raises:
        DataError: The split has classes that `names` lacks.
    """
    feature = rows.features.get(column)
    if feature is None:
        raise DataError(f"split {split!r} has no column {column!r}; it has {', '.join(rows.features)}")
    index = {name: number for number, name in enumerate(names)}
    values = [_name(feature, value) for value in rows[column]]
    unknown = sorted({value for value in values if value is not None and value not in index})
    if unknown:
        raise DataError(
            f"classes in {split} that are not among the {len(names)} known ones: "
            f"{', '.join(map(repr, unknown[:SHOWN]))}; expected {', '.join(map(repr, names[:SHOWN]))}"
            f"{', ...' if len(names) > SHOWN else ''}"
        )
    return np.array([-1 if value is None else index[value] for value in values], np.int64)


def _name(feature: object, value: object) -> str | None:
    """The class name of one cell; None for none, which some published test splits write as -1."""
    if value is None or value == -1:
        return None
    return feature.names[value] if isinstance(feature, ClassLabel) else str(value)


def _is_class_value(feature: object) -> bool:
    return isinstance(feature, ClassLabel) or (
        isinstance(feature, Value) and (feature.dtype.startswith(("int", "uint", "bool")) or "string" in feature.dtype)
    )


def _listed(rows: Dataset, columns: list[str]) -> str:
    """The columns with their types, as text for a message."""
    return ", ".join(f"{name!r} ({_kind(rows.features[name])})" for name in columns) or "none"


def _kind(feature: object) -> str:
    if isinstance(feature, ClassLabel):
        return f"{feature.num_classes} classes"
    return "pictures" if isinstance(feature, Image) else str(getattr(feature, "dtype", type(feature).__name__))

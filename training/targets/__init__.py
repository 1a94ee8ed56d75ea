"""Columns -> targets: which columns hold images and targets, the task, the classes, an array of numbers."""

from .columns import find_columns, find_image_column, known_classes, other_image_columns, other_label_columns
from .target import Target
from .targets import find_target, has_target, names_are_declared, read_targets

__all__ = [
    "Target",
    "find_columns",
    "find_image_column",
    "find_target",
    "has_target",
    "known_classes",
    "names_are_declared",
    "other_image_columns",
    "other_label_columns",
    "read_targets",
]

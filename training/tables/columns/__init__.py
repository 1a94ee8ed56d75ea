"""What the columns of a table say: which hold images or name them, and which says the split."""

from .images import (
    REFUSED,
    EncodedImage,
    confine,
    confine_stream,
    encoded_stream,
    image_columns,
    in_place,
    inside,
    refuse_stranger,
    with_images,
)
from .names import SUFFIXES, image_names_column, read_names
from .split import FOUND, AskedColumns, divide, refuse_in_stream

__all__ = [
    "FOUND",
    "REFUSED",
    "SUFFIXES",
    "AskedColumns",
    "EncodedImage",
    "confine",
    "confine_stream",
    "divide",
    "encoded_stream",
    "image_columns",
    "image_names_column",
    "in_place",
    "inside",
    "read_names",
    "refuse_in_stream",
    "refuse_stranger",
    "with_images",
]

"""Image files: which formats there are, told by the first bytes, and what comes out of them."""

from .formats import FORMATS, HEAD_BYTES, READABLE, SUFFIXES, ImageFormat, foreign_format, image_format

__all__ = [
    "FORMATS",
    "HEAD_BYTES",
    "READABLE",
    "SUFFIXES",
    "ImageFormat",
    "foreign_format",
    "image_format",
]

"""Image files: which formats there are, told by the first bytes, and what comes out of them, in 8 bits."""

from .bands import Bands, Opened, blank_image, image_of, visible
from .decoding import MAX_PIXELS, frames
from .formats import FORMATS, HEAD_BYTES, READABLE, SUFFIXES, ImageFormat, foreign_format, image_format
from .opening import channels_of, in_eight_bits, open_image, open_to_look_at, values_of
from .sources import MAX_BYTES, ImageSource, ImageStream
from .values import Raster, ValueRange, own_range

__all__ = [
    "FORMATS",
    "HEAD_BYTES",
    "MAX_BYTES",
    "MAX_PIXELS",
    "READABLE",
    "SUFFIXES",
    "Bands",
    "ImageFormat",
    "ImageSource",
    "ImageStream",
    "Opened",
    "Raster",
    "ValueRange",
    "blank_image",
    "channels_of",
    "foreign_format",
    "frames",
    "image_format",
    "image_of",
    "in_eight_bits",
    "open_image",
    "open_to_look_at",
    "own_range",
    "values_of",
    "visible",
]

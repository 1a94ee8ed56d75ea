"""TIFF files that Pillow cannot read or cuts down."""

from resnet_hub.images.tiff.reading import (
    ALPHA,
    BITS_PER_SAMPLE,
    EXTRA_SAMPLES,
    GRAY,
    PHOTOMETRIC,
    SAMPLES_PER_PIXEL,
    declared_range,
    read_tiff,
    tiff_pages,
)
from resnet_hub.images.tiff.segments import COMPRESSION, WEBP

__all__ = [
    "ALPHA",
    "BITS_PER_SAMPLE",
    "COMPRESSION",
    "EXTRA_SAMPLES",
    "GRAY",
    "PHOTOMETRIC",
    "SAMPLES_PER_PIXEL",
    "WEBP",
    "declared_range",
    "read_tiff",
    "tiff_pages",
]

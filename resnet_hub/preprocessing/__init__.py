"""What images are given as -> pixels as a network sees them, one image or many."""

from resnet_hub.preprocessing.image_list import (
    BATCHES_AHEAD,
    Compute,
    Row,
    are_images,
    batch_rows,
    batch_that_fits,
    decoded_ahead,
    image_rows,
)
from resnet_hub.preprocessing.pixels import ImageSource, normalize, open_image, pixel_array, to_channels, to_pixels

__all__ = [
    "BATCHES_AHEAD",
    "Compute",
    "ImageSource",
    "Row",
    "are_images",
    "batch_rows",
    "batch_that_fits",
    "decoded_ahead",
    "image_rows",
    "normalize",
    "open_image",
    "pixel_array",
    "to_channels",
    "to_pixels",
]

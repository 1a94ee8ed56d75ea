"""The dataset argument -> images with targets, in splits that never leak."""

from .errors import dataset_errors
from .load import SHOWN, Data, load_data, load_images, load_split
from .split import Split
from .streams import Row, Stream
from .value_range import with_values

__all__ = [
    "SHOWN",
    "Data",
    "Row",
    "Split",
    "Stream",
    "dataset_errors",
    "load_data",
    "load_images",
    "load_split",
    "with_values",
]

"""The dataset argument -> images with targets, in splits that never leak."""

from .errors import dataset_errors
from .file_names import shown_files
from .load import Data, load_data
from .one_split import load_images, load_split
from .read_splits import SHOWN, refuse_bad
from .streams import Row, Stream

__all__ = [
    "SHOWN",
    "Data",
    "Row",
    "Stream",
    "dataset_errors",
    "load_data",
    "load_images",
    "load_split",
    "refuse_bad",
    "shown_files",
]

"""The dataset argument -> images with targets, in splits that never leak."""

from .errors import dataset_errors
from .file_names import shown_files
from .load import Data, load_data
from .one_split import load_images, load_split
from .read_splits import SHOWN
from .recorded_split import NEW, ROLES, RecordedPart, RecordedSplit
from .split import Split
from .streams import Row, Stream
from .value_range import with_values

__all__ = [
    "NEW",
    "ROLES",
    "SHOWN",
    "Data",
    "RecordedPart",
    "RecordedSplit",
    "Row",
    "Split",
    "Stream",
    "dataset_errors",
    "load_data",
    "load_images",
    "load_split",
    "shown_files",
    "with_values",
]

"""The dataset argument -> images with targets, in splits that never leak."""

from .corrections import DROP, format_target
from .errors import dataset_errors
from .file_names import shown_files
from .label_rows import LabelRow, label_text
from .load import Data, load_data
from .one_split import load_images, load_split
from .read_splits import SHOWN, refuse_bad
from .recorded_split import NEW, ROLES, RecordedPart, RecordedSplit
from .split import Split, strata
from .streams import Row, Stream
from .value_range import with_values

__all__ = [
    "DROP",
    "NEW",
    "ROLES",
    "SHOWN",
    "Data",
    "LabelRow",
    "RecordedPart",
    "RecordedSplit",
    "Row",
    "Split",
    "Stream",
    "dataset_errors",
    "format_target",
    "label_text",
    "load_data",
    "load_images",
    "load_split",
    "refuse_bad",
    "shown_files",
    "strata",
    "with_values",
]

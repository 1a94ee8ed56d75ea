"""The dataset argument -> images with targets, in splits that never leak."""

from training.data.errors import dataset_errors
from training.data.load import SHOWN, Data, load_data, load_pictures, load_split
from training.data.split import Split
from training.data.streams import Row, Stream

__all__ = ["SHOWN", "Data", "Row", "Split", "Stream", "dataset_errors", "load_data", "load_pictures", "load_split"]

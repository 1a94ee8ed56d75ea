"""One reader for each kind of weights file, told by its first bytes: tensors and notes come out, no code runs."""

from resnet_hub.checkpoint.readers.distributed import DISTRIBUTED_METADATA, metadata_in, read_distributed
from resnet_hub.checkpoint.readers.file_forms import HDF5, KERAS, SAFETENSORS, ZIP, form_of
from resnet_hub.checkpoint.readers.keras_files import HDF5_SIGNATURE, read_keras_h5, read_keras_zip
from resnet_hub.checkpoint.readers.packed import unpacked
from resnet_hub.checkpoint.readers.pickle_operations import check_operations
from resnet_hub.checkpoint.readers.pickles import read_pickle
from resnet_hub.checkpoint.readers.shards import INDEX_ENDING, INDICES, index_in, read_shards, shard_names
from resnet_hub.checkpoint.readers.weights_header import check_header

__all__ = [
    "DISTRIBUTED_METADATA",
    "HDF5",
    "HDF5_SIGNATURE",
    "INDEX_ENDING",
    "INDICES",
    "KERAS",
    "SAFETENSORS",
    "ZIP",
    "check_header",
    "check_operations",
    "form_of",
    "index_in",
    "metadata_in",
    "read_distributed",
    "read_keras_h5",
    "read_keras_zip",
    "read_pickle",
    "read_shards",
    "shard_names",
    "unpacked",
]

"""Folders and files <-> weights and config.json; the only room that opens weight files."""

from typing import TYPE_CHECKING

from resnet_hub.checkpoint.bundled import BUNDLED
from resnet_hub.checkpoint.config import (
    CARD_FILE,
    CONFIG_FILE,
    MAX_CONFIG_BYTES,
    MAX_SPLIT_BYTES,
    MAX_WEIGHTS_BYTES,
    MODEL_TYPE,
    OLDER_WEIGHTS_FILE,
    PROBLEM_TYPES,
    PROCESSOR_FILE,
    SECTION,
    SPLIT_FILE,
    TRAINING_OPTIONS,
    WEIGHTS_FILE,
    CheckpointConfig,
    read_json,
)
from resnet_hub.checkpoint.forms import FORMS, PROOF_SUFFIX, Form, file_digest, forms_in
from resnet_hub.checkpoint.places import Source, local_path, write_atomically
from resnet_hub.imports import lazy_door

if TYPE_CHECKING:
    from resnet_hub.checkpoint.folder import load_weights, weights_digest, write_checkpoint, write_weights
    from resnet_hub.checkpoint.origins import transformers_name
    from resnet_hub.checkpoint.readers import INDICES, shard_names
    from resnet_hub.checkpoint.recognition import read_config

__all__ = [
    "BUNDLED",
    "CARD_FILE",
    "CONFIG_FILE",
    "FORMS",
    "INDICES",
    "MAX_CONFIG_BYTES",
    "MAX_SPLIT_BYTES",
    "MAX_WEIGHTS_BYTES",
    "MODEL_TYPE",
    "OLDER_WEIGHTS_FILE",
    "PROBLEM_TYPES",
    "PROCESSOR_FILE",
    "PROOF_SUFFIX",
    "SECTION",
    "SPLIT_FILE",
    "TRAINING_OPTIONS",
    "WEIGHTS_FILE",
    "CheckpointConfig",
    "Form",
    "Source",
    "file_digest",
    "forms_in",
    "load_weights",
    "local_path",
    "read_config",
    "read_json",
    "shard_names",
    "transformers_name",
    "weights_digest",
    "write_atomically",
    "write_checkpoint",
    "write_weights",
]

_NEED_TORCH = {
    "folder": ("load_weights", "weights_digest", "write_checkpoint", "write_weights"),
    "origins": ("transformers_name",),
    "readers": ("INDICES", "shard_names"),
    "recognition": ("read_config",),
}
__getattr__, __dir__ = lazy_door(__name__, _NEED_TORCH)

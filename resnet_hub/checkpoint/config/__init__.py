"""config.json: read strictly from whoever wrote it, and written in timm's vocabulary."""

from resnet_hub.checkpoint.config.foreign import says_classes
from resnet_hub.checkpoint.config.format import (
    CARD_FILE,
    CONFIG_FILE,
    MAX_CONFIG_BYTES,
    MAX_SPLIT_BYTES,
    MAX_WEIGHTS_BYTES,
    OLDER_WEIGHTS_FILE,
    PROBLEM_TYPES,
    SECTION,
    SPLIT_FILE,
    TRAINING_OPTIONS,
    WEIGHTS_FILE,
    CheckpointConfig,
)
from resnet_hub.checkpoint.config.json_file import read_json
from resnet_hub.checkpoint.config.transformers_config import MODEL_TYPE, PROCESSOR, PROCESSOR_FILE, timm_form

__all__ = [
    "CARD_FILE",
    "CONFIG_FILE",
    "MAX_CONFIG_BYTES",
    "MAX_SPLIT_BYTES",
    "MAX_WEIGHTS_BYTES",
    "MODEL_TYPE",
    "OLDER_WEIGHTS_FILE",
    "PROBLEM_TYPES",
    "PROCESSOR",
    "PROCESSOR_FILE",
    "SECTION",
    "SPLIT_FILE",
    "TRAINING_OPTIONS",
    "WEIGHTS_FILE",
    "CheckpointConfig",
    "read_json",
    "says_classes",
    "timm_form",
]

"""Every setting of a run: defaults < recipe < flags, checked once."""

from .base import Settings, flag_of, setting
from .command_line import parser_of, refuse_early
from .data_check import DataCheckSettings
from .flags import RENAMED, as_command, key_answered, key_here, launch_command, plain_type, settings_parser
from .groups import (
    AGAIN,
    AUTO,
    LAYOUTS,
    LAZY,
    LOSSES,
    SMALLEST_BATCH,
    USUAL_BATCH,
    USUAL_MOMENTUM,
    EvaluationSettings,
    HubSettings,
    PredictionSettings,
    RunSettings,
)
from .recipe import FinetuneRecipe, parse_flags

__all__ = [
    "AGAIN",
    "AUTO",
    "LAYOUTS",
    "LAZY",
    "LOSSES",
    "RENAMED",
    "SMALLEST_BATCH",
    "USUAL_BATCH",
    "USUAL_MOMENTUM",
    "DataCheckSettings",
    "EvaluationSettings",
    "FinetuneRecipe",
    "HubSettings",
    "PredictionSettings",
    "RunSettings",
    "Settings",
    "as_command",
    "flag_of",
    "key_answered",
    "key_here",
    "launch_command",
    "parse_flags",
    "parser_of",
    "plain_type",
    "refuse_early",
    "setting",
    "settings_parser",
]

"""Every setting of a run: defaults < recipe < flags, checked once."""

from .base import Settings, flag_of, setting
from .command_line import parser_of, refuse_early
from .data_check import DataCheckSettings
from .evaluation import EvaluationSettings
from .flags import RENAMED, key_here, plain_type, settings_parser
from .images import AGAIN, LAZY
from .optimization import LOSSES, USUAL_MOMENTUM
from .prediction import PredictionSettings
from .program import as_command, launch_command
from .pushing import HubSettings
from .recipe import FinetuneRecipe, parse_flags
from .run import AUTO, LAYOUTS, SMALLEST_BATCH, USUAL_BATCH, RunSettings

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
    "key_here",
    "launch_command",
    "parse_flags",
    "parser_of",
    "plain_type",
    "refuse_early",
    "setting",
    "settings_parser",
]

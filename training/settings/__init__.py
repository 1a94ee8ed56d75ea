"""Every setting of a run: defaults < recipe < flags, checked once."""

from .base import Settings, setting
from .evaluation import EvaluationSettings
from .flags import settings_parser
from .losses import LOSSES
from .optimization import USUAL_MOMENTUM
from .program import as_command, launch_command
from .pushing import HubSettings
from .recipe import FinetuneRecipe, parse_flags
from .run import AUTO, SMALLEST_BATCH, USUAL_BATCH, RunSettings

__all__ = [
    "AUTO",
    "LOSSES",
    "SMALLEST_BATCH",
    "USUAL_BATCH",
    "USUAL_MOMENTUM",
    "EvaluationSettings",
    "FinetuneRecipe",
    "HubSettings",
    "RunSettings",
    "Settings",
    "as_command",
    "launch_command",
    "parse_flags",
    "setting",
    "settings_parser",
]

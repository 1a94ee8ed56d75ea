"""Every setting of a run: defaults < recipe < flags, checked once."""

from training.settings.base import Settings, setting
from training.settings.evaluation import EvaluationSettings
from training.settings.flags import settings_parser
from training.settings.losses import LOSSES
from training.settings.optimization import USUAL_MOMENTUM
from training.settings.pushing import HubSettings
from training.settings.recipe import FinetuneRecipe, parse_flags
from training.settings.run import AUTO, SMALLEST_BATCH, USUAL_BATCH, RunSettings

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
    "parse_flags",
    "setting",
    "settings_parser",
]

"""The groups of settings that an entry is made of, one for each part of a run."""

from .evaluation import CalibrationSettings, EvaluationSettings
from .images import AGAIN, LAZY, AugmentSettings, CacheSettings, CheckSettings, SplitSettings, StreamSettings
from .optimization import LOSSES, USUAL_MOMENTUM, FreezeSettings, LossSettings, OptimizationSettings
from .prediction import PredictionSettings
from .pushing import HubSettings, PublishSettings, SavingSettings
from .run import AUTO, LAYOUTS, SMALLEST_BATCH, USUAL_BATCH, RunSettings
from .schedule import ScheduleSettings
from .start import SearchSettings, StartSettings

__all__ = [
    "AGAIN",
    "AUTO",
    "LAYOUTS",
    "LAZY",
    "LOSSES",
    "SMALLEST_BATCH",
    "USUAL_BATCH",
    "USUAL_MOMENTUM",
    "AugmentSettings",
    "CacheSettings",
    "CalibrationSettings",
    "CheckSettings",
    "EvaluationSettings",
    "FreezeSettings",
    "HubSettings",
    "LossSettings",
    "OptimizationSettings",
    "PredictionSettings",
    "PublishSettings",
    "RunSettings",
    "SavingSettings",
    "ScheduleSettings",
    "SearchSettings",
    "SplitSettings",
    "StartSettings",
    "StreamSettings",
]

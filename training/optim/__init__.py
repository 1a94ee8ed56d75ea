"""What an update is made of: losses, optimizers, schedules, frozen parts, EMA."""

from .ema import EMAWeights
from .freezing import Freezing
from .losses import Criterion, as_shares, head_of
from .optimizers import clip, learning_rate, make_optimizer, penalty, state_copies
from .schedules import Schedule, make_schedule

__all__ = [
    "Criterion",
    "EMAWeights",
    "Freezing",
    "Schedule",
    "as_shares",
    "clip",
    "head_of",
    "learning_rate",
    "make_optimizer",
    "make_schedule",
    "penalty",
    "state_copies",
]

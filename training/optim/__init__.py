"""What an update is made of: losses, optimizers, schedules, frozen parts, EMA."""

from .ema import AveragedWeights
from .freezing import Freezing
from .losses import Objective, as_shares
from .optimizers import clip, learning_rate, make_optimizer, penalty, state_copies
from .schedules import make_schedule

__all__ = [
    "AveragedWeights",
    "Freezing",
    "Objective",
    "as_shares",
    "clip",
    "learning_rate",
    "make_optimizer",
    "make_schedule",
    "penalty",
    "state_copies",
]

"""What an update is made of: losses, optimizers, schedules, frozen parts, EMA."""

from training.optim.ema import AveragedWeights
from training.optim.freezing import Freezing
from training.optim.losses import Objective, as_shares
from training.optim.optimizers import clip, learning_rate, make_optimizer, penalty
from training.optim.schedules import make_schedule

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
]

"""Checkpoints and predictions on their way to the Hub."""

from .predictions import Answers, predictions_table, push_predictions, shown_file, write_predictions
from .publish import Publisher, PushTarget, check_target, publishing
from .retry import persist

__all__ = [
    "Answers",
    "Publisher",
    "PushTarget",
    "check_target",
    "persist",
    "predictions_table",
    "publishing",
    "push_predictions",
    "shown_file",
    "write_predictions",
]

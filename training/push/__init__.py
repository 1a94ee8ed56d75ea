"""Checkpoints and predictions on their way to the Hub."""

from .predictions import Answers, Asked, predictions_table, push_predictions, write_predictions
from .publish import Publisher, PushTarget, check_target, publishing
from .retry import call_with_retries

__all__ = [
    "Answers",
    "Asked",
    "Publisher",
    "PushTarget",
    "call_with_retries",
    "check_target",
    "predictions_table",
    "publishing",
    "push_predictions",
    "write_predictions",
]

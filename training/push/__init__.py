"""Checkpoints and predictions on their way to the Hub.

What is offered here is imported when it is first asked for: the process that uploads needs neither accelerate nor
datasets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .prediction_parts import SUFFIX, PredictionParts
    from .predictions import Answers, Asked, predictions_table, push_predictions, write_predictions
    from .publish import Publisher, PushTarget, check_target, publishing
    from .resuming import from_hub
    from .retry import call_with_retries

__all__ = [
    "SUFFIX",
    "Answers",
    "Asked",
    "PredictionParts",
    "Publisher",
    "PushTarget",
    "call_with_retries",
    "check_target",
    "from_hub",
    "predictions_table",
    "publishing",
    "push_predictions",
    "write_predictions",
]

_MODULES = {
    "SUFFIX": "prediction_parts",
    "Answers": "predictions",
    "Asked": "predictions",
    "PredictionParts": "prediction_parts",
    "Publisher": "publish",
    "PushTarget": "publish",
    "call_with_retries": "retry",
    "check_target": "publish",
    "from_hub": "resuming",
    "predictions_table": "predictions",
    "publishing": "publish",
    "push_predictions": "predictions",
    "write_predictions": "predictions",
}
"""The module that each name is imported from (PEP 562)."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value

"""Logits -> scores by the task of a network, after temperature scaling where the checkpoint is calibrated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from resnet_hub.errors import CheckpointError

TEMPERATURE = "temperature"
"""Where a checkpoint says it: under this key of our section in config.json."""
# What makes scores of logits (N, num_classes), for each task of a network.
SCORES: dict[str, Callable[[Tensor], Tensor]] = {
    "single_label": lambda logits: logits.softmax(dim=1),
    "multi_label": lambda logits: logits.sigmoid(),
    "regression": lambda logits: logits,
}


def temperature_of(details: Mapping[str, Any]) -> float | None:
    """The temperature that divides the logits of a network (calibration); None where its checkpoint has none.

    Raises:
        CheckpointError: It is no number above 0.
    """
    found = details.get(TEMPERATURE)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found) or found <= 0:
        raise CheckpointError("scores.temperature", found=found)
    return float(found)


def scores(logits: Tensor, task: str, temperature: float | None) -> Tensor:
    """Scores (N, num_classes) of logits; the values of a regression stay as they are."""
    if temperature is not None and task != "regression":
        logits = logits / temperature
    return SCORES[task](logits)

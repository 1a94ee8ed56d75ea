"""Logits -> scores, as the task of a network says, softened by the temperature that a calibrated checkpoint carries."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from resnet_hub.errors import CheckpointError
from resnet_hub.metadata import CheckpointMetadata

# What makes scores of logits (N, num_classes), for each task of a network.
SCORES: dict[str, Callable[[Tensor], Tensor]] = {
    "single_label": lambda logits: logits.softmax(dim=1),
    "multi_label": lambda logits: logits.sigmoid(),
    "regression": lambda logits: logits,
}


def temperature_of(metadata: CheckpointMetadata) -> float | None:
    """What the logits of a network are divided by; None where its checkpoint says nothing.

    Raises:
        CheckpointError: It is no number above 0.
    """
    found = metadata.extra.get("temperature") if metadata.temperature is None else metadata.temperature
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found) or found <= 0:
        raise CheckpointError("scores.temperature", found=found)
    return float(found)


def scores(logits: Tensor, task: str, temperature: float | None) -> Tensor:
    """Scores (N, num_classes) of logits; the numbers of a regression are what they are."""
    if temperature is not None and task != "regression":
        logits = logits / temperature
    return SCORES[task](logits)

"""Logits -> scores by the task of a network, after temperature scaling where the checkpoint is calibrated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_hub.errors import CheckpointError
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.scores.tensors import Numbers, is_tensor

if TYPE_CHECKING:
    from torch import Tensor


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))  # which cannot overflow
    return powers / powers.sum(axis=1, keepdims=True)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(-np.abs(logits))  # as above
    return np.where(logits < 0, powers, np.float32(1)) / (1 + powers)


# What makes scores of logits (N, num_classes), for each task of a network.
SCORES: dict[str, Callable[[Tensor], Tensor]] = {
    "single_label": lambda logits: logits.softmax(dim=1),
    "multi_label": lambda logits: logits.sigmoid(),
    "regression": lambda logits: logits,
}
# The same without torch, alike but for rounding.
SCORES_OF_ARRAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "single_label": _softmax,
    "multi_label": _sigmoid,
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


def scores(logits: Numbers, task: str, temperature: float | None) -> Numbers:
    """Scores (N, num_classes) of logits; the values of a regression stay as they are."""
    given: Any = logits
    if temperature is not None and task != "regression":
        given = given / temperature
    found: Any = (SCORES if is_tensor(given) else SCORES_OF_ARRAYS)[task](given)
    return found


def best_classes(scores: Numbers, task: str, top_k: int) -> tuple[Numbers, Numbers]:
    """The best classes and their scores, best first, each (N, k), of scores (N, num_classes).

    Equal scores stand in the order of the classes. A regression network gives all its values, in the order of its
    outputs: every value is an answer, and a larger one is no better.
    """
    best: Any = _best_of_tensor if is_tensor(scores) else _best_of_array
    found: tuple[Numbers, Numbers] = best(scores, task, top_k)
    return found


def _best_of_tensor(scores: Tensor, task: str, top_k: int) -> tuple[Tensor, Tensor]:
    import torch

    if task == "regression":
        return torch.arange(scores.shape[1], device=scores.device).expand_as(scores), scores
    best = scores.sort(dim=1, descending=True, stable=True)  # topk promises no order of equal scores
    return best.indices[:, :top_k], best.values[:, :top_k]


def _best_of_array(scores: np.ndarray, task: str, top_k: int) -> tuple[np.ndarray, np.ndarray]:
    if task == "regression":
        return np.broadcast_to(np.arange(scores.shape[1]), scores.shape), scores
    best = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
    return best, np.take_along_axis(scores, best, 1)

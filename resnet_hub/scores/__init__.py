"""Logits -> scores and ranks, tensors or arrays alike, and how sure a share of right answers is."""

from resnet_hub.scores.proportions import LEVEL, wilson_interval
from resnet_hub.scores.ranking import SCORES, best_classes, scores, temperature_of
from resnet_hub.scores.tensors import Numbers, as_array, is_tensor, of_kind

__all__ = [
    "LEVEL",
    "SCORES",
    "Numbers",
    "as_array",
    "best_classes",
    "is_tensor",
    "of_kind",
    "scores",
    "temperature_of",
    "wilson_interval",
]

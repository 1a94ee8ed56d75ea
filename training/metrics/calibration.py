"""Expected calibration error (ECE) and temperature scaling."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

BINS = 15
"""Bins of equal width between 0 and 1. Source: Guo et al. 2017, "On Calibration of Modern Neural Networks"."""
TEMPERATURES = (0.05, 20.0)
"""Lowest and highest temperature that is looked at."""
PRIOR = 1.0
"""Standard deviation of the prior over the temperature's logarithm. On a small split without a mistake the maximum
likelihood would be a temperature of 0, full confidence; thousands of images outweigh the prior."""
MAX_LOGITS = 2**28
"""Numbers that a temperature is fitted to; of larger splits, evenly spaced images."""


def reliability(confidences: np.ndarray, right: np.ndarray, counts: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Number of answers, mean confidence and accuracy in each bin, each float64 (BINS,).

    Args:
        confidences: The confidence of each answer, 0 to 1, (N,).
        right: Whether it is right, (N,).
        counts: How often each answer is counted; once where absent.
    """
    bins = np.clip(np.ceil(confidences * BINS).astype(int) - 1, 0, BINS - 1)  # a bin holds its upper edge
    weights = np.ones(len(bins)) if counts is None else counts
    answers, sure, hits = (
        np.bincount(bins, weights * values, BINS) for values in (1.0, confidences.astype(np.float64), right)
    )
    some = np.maximum(answers, 1)
    return {"answers": answers, "confidence": sure / some, "right": hits / some}


def expected_error(confidences: np.ndarray, right: np.ndarray, counts: np.ndarray | None = None) -> float:
    """The expected calibration error, 0 to 1: the mean gap between confidence and accuracy."""
    found = reliability(confidences, right, counts)
    gaps = np.abs(found["confidence"] - found["right"])
    return float((gaps * found["answers"]).sum() / found["answers"].sum())


def reliability_rows(confidences: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    """One row for each bin that is not empty, for a report: upper edge, count, mean confidence, accuracy."""
    found = reliability(confidences, right)
    return [
        {"up_to": round((index + 1) / BINS, 4), **{name: values[index].item() for name, values in found.items()}}
        for index in np.flatnonzero(found["answers"])
    ]


def fit_temperature(logits: Tensor, targets: Tensor, task: str) -> float:
    """The temperature of least negative log-likelihood, by which logits are divided.

    Args:
        logits: (N, C), of images that were not trained on.
        targets: Class numbers (N,), or 0 and 1 for each of several classes (N, C).
        task: single_label or multi_label.

    Source: Guo et al. 2017, section 4.2.
    """
    logits = logits.double()

    def loss(exponent: float) -> float:
        scaled = logits / np.exp(exponent)
        if task == "single_label":
            lost = F.cross_entropy(scaled, targets, reduction="sum")
        else:
            lost = F.binary_cross_entropy_with_logits(scaled, targets.double(), reduction="sum")
        return lost.item() + exponent**2 / (2 * PRIOR**2)

    from scipy.optimize import minimize_scalar  # here, because it takes half a second to import

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-5})
    return round(float(np.exp(found.x)), 4)


def subset(images: int, classes: int) -> np.ndarray:
    """Numbers of the images that a temperature is fitted to: all, or so many evenly spaced that memory holds them."""
    return np.unique(np.linspace(0, images - 1, min(images, max(1, MAX_LOGITS // classes))).round().astype(int))

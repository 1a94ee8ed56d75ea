"""Out-of-fold answers: what a linear probe, fitted to the other images, says of each image."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from resnet_hub.scores import SCORES

from ..optim import Criterion
from ..trials import fit_linear

FOLDS = 5
"""Parts of the images; each is judged by a probe that is fitted to the others."""
FEWEST = 3
"""Images of a class from which its labels can be judged."""
DECAY = 0.1
"""Factor of the squared weights in the loss: more than a head gets, so that no wrong label is learned by heart."""


def make_folds(strata: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each image, int64 (N,): alike in each stratum, and one for all images of a group.

    An image that is in the dataset twice would otherwise tell what is asked of its twin.

    Args:
        strata: A number for each image, equal for similar targets.
        groups: A number for each image, equal for those that show the same.
        seed: Decides which image is in which fold.
    """
    shuffled = np.random.default_rng(seed).permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    folds = np.empty(len(strata), np.int64)
    folds[order] = np.arange(len(strata)) % FOLDS
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return folds[first][inverse]


def answer_out_of_fold(features: Tensor, targets: np.ndarray, folds: np.ndarray, task: str, outputs: int) -> np.ndarray:
    """What probes say of images that they were not fitted to, float32 (N, outputs): probabilities, or numbers.

    Args:
        features: float32 (N, D), on the device to compute on.
        targets: As in `Split`, with classes numbered without gaps.
        folds: Of `make_folds`.
        task: single_label, multi_label or regression.
        outputs: Classes or numbers.
    """
    scaled = features / features.square().mean().sqrt().clamp(min=1e-12)
    wanted = torch.from_numpy(targets).to(features.device)
    mean, std = _scale(wanted) if task == "regression" else (torch.zeros(()), torch.ones(()))
    wanted = (wanted - mean) / std if task == "regression" else wanted
    criterion = Criterion(task, {"single_label": "cross_entropy", "multi_label": "bce"}.get(task, "mse"))
    found = np.zeros((len(targets), outputs), np.float32)
    for fold in range(FOLDS):
        held_out = torch.from_numpy(folds == fold).to(features.device)
        if not held_out.any() or held_out.all():
            continue
        weight, bias, _ = fit_linear(scaled[~held_out], wanted[~held_out], criterion, outputs, decay=DECAY)
        answers = scaled[held_out] @ weight.T + bias
        answers = answers * std + mean if task == "regression" else SCORES[task](answers)
        found[folds == fold] = answers.cpu().numpy()
    return found


def _scale(targets: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each regression target (C,); 1 for one that does not vary."""
    std = targets.std(0)
    return targets.mean(0), torch.where(std > 0, std, torch.ones_like(std))

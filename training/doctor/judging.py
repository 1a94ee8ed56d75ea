"""The labels of a dataset -> those that are likely wrong, in all splits at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from resnet_hub.models import PretrainedNetwork

from ..data import Data
from ..splits import strata
from .features import compute_features
from .pool import Pool
from .probe import FEWEST, answer_out_of_fold, make_folds
from .wrong_labels import Suspects, suspect_class_sets, suspect_classes, suspect_numbers


@dataclass(frozen=True)
class Judgement:
    """What was found of the labels."""

    suspects: Suspects
    """By their number in the pool."""
    judged: int
    """Images whose labels were judged."""
    unjudged: tuple[int, ...]
    """Classes with too few images to judge: a label of these, and a label that should be one, is not found."""


def judge_labels(
    data: Data,
    network: PretrainedNetwork,
    accelerator: Accelerator,
    *,
    batch_size: int,
    workers: int | None,
    seed: int = 0,
) -> Judgement:
    """Which labels are likely wrong, by what a linear probe on a network's features says of images it never saw.

    Args:
        data: Its splits are judged together, each image by probes that are fitted to others.
        network: Gives the features.
        accelerator: Computes them.
        batch_size: Images for each process and step.
        workers: DataLoader workers for each process.
        seed: Decides which images are judged together.
    """
    pool = Pool.of(data)
    features = torch.cat(
        [
            compute_features(accelerator, network, split, batch_size=batch_size, workers=workers, images=len(pool))
            for split in pool.splits
        ]
    )
    return judge(features.to(accelerator.device), pool.labels, pool.groups, data.task, len(data.label_names), seed)


def judge(
    features: Tensor, labels: np.ndarray, groups: np.ndarray, task: str, outputs: int, seed: int = 0
) -> Judgement:
    """Which labels are likely wrong, by the features of the images.

    Args:
        features: float32 (N, D).
        labels: As in `Split`.
        groups: A number for each image, equal for those that show the same.
        task: single_label, multi_label or regression.
        outputs: Classes or numbers.
        seed: Decides the folds.
    """
    if task == "regression":
        answers = answer_out_of_fold(features, labels, make_folds(strata(labels), groups, seed), task, outputs)
        return Judgement(suspect_numbers(answers, labels), len(labels), ())
    images = np.bincount(labels, minlength=outputs) if labels.ndim == 1 else labels.sum(0)
    known, rare = np.flatnonzero(images >= FEWEST), np.flatnonzero((images > 0) & (images < FEWEST))
    unjudged = tuple(rare.tolist())
    if labels.ndim == 2:
        answers = answer_out_of_fold(features, labels, make_folds(strata(labels), groups, seed), task, outputs)
        answers[:, rare] = labels[:, rare]  # nothing is said of these
        return Judgement(suspect_class_sets(answers, labels), len(labels), unjudged)
    rows = np.flatnonzero(np.isin(labels, known))
    if len(known) < 2:
        return Judgement(Suspects(rows[:0], rows[:0], np.zeros(0, np.float32), rows[:0]), 0, unjudged)
    numbers = np.searchsorted(known, labels[rows])
    folds = make_folds(numbers, groups[rows], seed)
    answers = answer_out_of_fold(features[torch.from_numpy(rows).to(features.device)], numbers, folds, task, len(known))
    return Judgement(suspect_classes(answers, numbers).among(rows, known), len(rows), unjudged)

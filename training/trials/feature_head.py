"""Features once -> the head that fits them best: a whole run with a frozen backbone, in place of its epochs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..loading import Batch
from ..loop import Learner
from .linear_probe import DECAY, collect, fit_linear, put_head, scale_of

logger = logging.getLogger("training")

DECAYS = (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4)
"""Weight decays that are tried, the strongest first; each starts from the solution of the one before."""
FOLDS = 5
"""Parts of the images, each of which is held out once; of many images one part alone is, which says enough of them."""
MANY_IMAGES = 5_000
FEWEST_IMAGES = 2 * FOLDS
"""With fewer nothing can be chosen."""


@dataclass(frozen=True)
class ChosenDecay:
    """A weight decay, and what it was chosen by."""

    decay: float
    reason: str


def learn_head(learner: Learner, loader: Iterable[Batch], check: Callable[[], object]) -> dict[str, float]:
    """Computes the features of all training images once and fits the head; returns the figures of an epoch.

    A run that is resumed with the head in place only returns them.

    Args:
        learner: Its network gets the head, and its position moves by one step.
        loader: Prepared batches of (pixels uint8, labels, indices) of the training images, unvaried.
        check: Called after each batch, equally often on each process; it may end the run.

    Raises:
        DataError: More images cannot be decoded than are allowed.
    """
    position, start = learner.position, time.perf_counter()
    images = 0
    if position.steps == 0:
        features, targets = _all_features(learner, loader, check)
        images = len(targets) // (1 + learner.recipe.flip)
        loss = _fit(learner, features, targets, seconds=time.perf_counter() - start)
        position.steps += 1
        # As an epoch has it: on the main process alone, since the sums of all are added up.
        share = images if learner.accelerator.is_main_process else 0
        position.totals = position.totals.new_tensor([loss * share, share])
    total, count = learner.accelerator.reduce(position.totals, "sum").tolist()
    return {
        "train_loss": total / count,
        "lr": 0.0,
        "images_per_second": images / (time.perf_counter() - start),
    }


def _all_features(learner: Learner, loader: Iterable[Batch], check: Callable[[], object]) -> tuple[Tensor, Tensor]:
    late = learner.late_check

    def after_batch(indices: Tensor) -> None:
        if late:
            late.add(indices)
        learner.progress.advance(len(indices) * learner.accelerator.num_processes)
        check()

    learner.progress.describe("features")
    found = collect(learner, loader, mirrored=learner.recipe.flip, after_batch=after_batch)
    if late:
        late.check()
    return found


def _fit(learner: Learner, features: Tensor, targets: Tensor, *, seconds: float) -> float:
    """Fits the head with the decay that is best on images held out; returns the criterion of all, without the decay."""
    start, outputs, criterion = time.perf_counter(), learner.network.num_classes, learner.criterion
    views = 1 + learner.recipe.flip
    images, there = len(targets) // views, len(learner.sampler)
    scale = scale_of(features)
    features = features / scale
    chosen = choose_decay(features, targets, criterion, outputs, views=views, seed=learner.recipe.seed)
    weight, bias, _ = fit_linear(features, targets, criterion, outputs, decay=chosen.decay)
    loss = float(criterion(F.linear(features, weight, bias), targets))
    put_head(learner, weight / scale, bias)
    count = f"{images:,}" if images == there else f"{images:,} of {there:,}"
    logger.info(
        "head   fitted to %s images%s: %.1f s for the features, %.1f s for the fit; weight decay %g, %s",
        *(count, " and their mirror images" if views > 1 else "", seconds),
        *(time.perf_counter() - start, chosen.decay, chosen.reason),
    )
    return loss


def choose_decay(
    features: Tensor,
    targets: Tensor,
    criterion: Callable[[Tensor, Tensor], Tensor],
    outputs: int,
    *,
    views: int,
    seed: int,
) -> ChosenDecay:
    """The weight decay with which the criterion is least on images that were not fitted.

    Args:
        features: (views * N, C), scaled to a mean square of 1: the first view of all images, then the next.
        targets: Of each row.
        criterion: (outputs, targets) -> mean loss.
        outputs: Of the head.
        views: How often each image comes; all its views are on one side.
        seed: Decides the parts.
    """
    images = len(targets) // views
    if images < FEWEST_IMAGES:
        return ChosenDecay(DECAY, f"the usual one: {images} images are too few to choose by")
    part = torch.randperm(images, generator=torch.Generator().manual_seed(seed)).to(features.device) % FOLDS
    parts = part.repeat(views)
    held_out = range(1 if images > MANY_IMAGES else FOLDS)
    fits: list[tuple[Tensor, Tensor] | None] = [None for _ in held_out]
    losses: list[float] = []
    for decay in DECAYS:
        loss = 0.0
        for fold in held_out:
            rest, out = parts != fold, (parts == fold).nonzero()[: int((part == fold).sum()), 0]
            weight, bias, _ = fit_linear(
                features[rest], targets[rest], criterion, outputs, decay=decay, start=fits[fold]
            )
            fits[fold] = (weight, bias)
            loss += float(criterion(F.linear(features[out], weight, bias), targets[out])) * len(out)
        losses.append(loss)
        if loss > min(losses):  # along the path the loss falls and then rises
            break
    way = f"{FOLDS}-fold cross-validation" if len(held_out) > 1 else f"a {FOLDS}th of the training images held out"
    best = DECAYS[losses.index(min(losses))]
    return ChosenDecay(best, f"by {way}, of {len(losses)} tried from {DECAYS[0]:g} down")

"""Linear probe before fine-tuning (LP-FT): a new head fitted to frozen features."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from accelerate.utils import broadcast
from torch import Tensor

from ..loading import Batch, prepare_batch
from ..loop import Learner, show_progress
from ..optim import Criterion, head_of

logger = logging.getLogger("training")

MOST_NUMBERS = 2**28
"""Numbers of the features that are kept: 1 GiB. Of a larger dataset a part is enough to fit a head."""
DECAY = 0.03
"""Factor of the squared weights in the loss, for features that are scaled to a mean square of 1."""
ROUNDS = 100
"""Steps of L-BFGS at most."""


def fit_linear_probe(learner: Learner, loader: Iterable[Batch]) -> None:
    """Fits a new head to the features of the training images as they are seen in evaluation; keeps one that is not.

    The linear probe before fine-tuning (LP-FT): a random head would first distort the pretrained features.

    Args:
        learner: Its network gets the head; nothing else of it moves.
        loader: Prepared batches of (pixels uint8, labels, indices) of the training images, unvaried.

    Source: Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution".
    """
    if not learner.network.head_is_new:
        logger.info("head   kept: it is that of the checkpoint, for the same classes")
        return
    start = time.perf_counter()
    features, targets = collect(learner, loader)
    scale = features.square().mean().sqrt().clamp(min=1e-12)
    weight, bias, loss = fit_linear(features / scale, targets, learner.criterion, learner.network.num_classes)
    head = head_of(learner.network)
    with torch.no_grad():
        head.weight.copy_(broadcast(weight / scale).reshape(head.weight.shape))
        if head.bias is not None:
            head.bias.copy_(broadcast(bias))
    logger.info(
        "head   fitted to %d images in %.1f s: train_loss %.4f", len(targets), time.perf_counter() - start, loss
    )


@torch.no_grad()
def collect(learner: Learner, loader: Iterable[Batch]) -> tuple[Tensor, Tensor]:
    """The features (N, C) float32 that the head sees of the images, and their targets, the same on all processes."""
    accelerator, network = learner.accelerator, learner.network
    network.eval()
    most = max(1, MOST_NUMBERS // network.head_hidden_size)
    found: list[tuple[Tensor, Tensor]] = []
    count = 0
    for pixels, labels, _ in show_progress(loader, "features", accelerator):
        with accelerator.autocast():
            inputs = prepare_batch(pixels, learner.preprocessing)
            features = network.forward_head(network.forward_features(inputs), pre_logits=True)
        found.append(accelerator.gather_for_metrics((features.float(), labels)))
        count += len(found[-1][1])
        if count >= most:
            break
    features, labels = (torch.cat(column) for column in zip(*found, strict=True))
    return features, labels


def fit_linear(
    features: Tensor, targets: Tensor, criterion: Criterion, outputs: int, *, decay: float = DECAY
) -> tuple[Tensor, Tensor, float]:
    """The weight (outputs, C) and bias (outputs,) that make the criterion plus a weight decay least, and its value."""
    weight = torch.zeros(outputs, features.shape[1], device=features.device, requires_grad=True)
    bias = torch.zeros(outputs, device=features.device, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = criterion(F.linear(features, weight, bias), targets) + decay * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    loss = float(closure().detach())
    if not math.isfinite(loss):
        weight, bias = torch.zeros_like(weight), torch.zeros_like(bias)
    return weight.detach(), bias.detach(), loss

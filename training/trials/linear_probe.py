"""Linear probe: a new head fitted to frozen features, before fine-tuning (LP-FT) or in place of it."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from accelerate.utils import broadcast
from torch import Tensor, nn

from resnet_hub.runtime import FusedNetwork, can_fuse, fused_network

from ..loading import Batch, prepare_batch
from ..loop import Learner, gather, show_progress
from ..optim import head_of

logger = logging.getLogger("training")

MOST_NUMBERS = 2**28
"""Numbers of the features that are kept: 1 GiB. Of a larger dataset a part is enough to fit a head."""
DECAY = 0.03
"""Factor of the squared weights in the loss, for features that are scaled to a mean square of 1."""
ROUNDS = 100
"""Steps of L-BFGS at most."""
Features = Callable[[Tensor], Tensor]


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
    scale = scale_of(features)
    weight, bias, loss = fit_linear(features / scale, targets, learner.criterion, learner.network.num_classes)
    put_head(learner, weight / scale, bias)
    logger.info(
        "head   fitted to %d images in %.1f s: train_loss %.4f", len(targets), time.perf_counter() - start, loss
    )


def scale_of(features: Tensor) -> Tensor:
    """What features are divided by to have a mean square of 1."""
    return features.square().mean().sqrt().clamp(min=1e-12)


@torch.no_grad()
def put_head(learner: Learner, weight: Tensor, bias: Tensor) -> None:
    """Gives the network of every process the head (outputs, C) and (outputs,) of the main one."""
    head = head_of(learner.network)
    head.weight.copy_(broadcast(weight).reshape(head.weight.shape))
    if head.bias is not None:
        head.bias.copy_(broadcast(bias))


@torch.no_grad()
def collect(
    learner: Learner,
    loader: Iterable[Batch],
    *,
    mirrored: bool = False,
    after_batch: Callable[[Tensor], object] | None = None,
) -> tuple[Tensor, Tensor]:
    """The features (N, C) float32 that the head sees of the images, and their targets, the same on all processes.

    Args:
        learner: Its network is in evaluation mode afterwards.
        loader: Prepared batches of the training images, unvaried.
        mirrored: Whether each image comes a second time, mirrored: all images, then all mirror images.
        after_batch: Called with the indices of each batch of this process.
    """
    accelerator, network = learner.accelerator, learner.network
    network.eval()
    run = feature_function(learner)
    most = max(1, MOST_NUMBERS // (network.head_hidden_size * (1 + mirrored)))
    found: list[list[Tensor]] = []
    count = 0
    for pixels, labels, indices in show_progress(loader, "features", accelerator):
        inputs = prepare_batch(pixels, learner.preprocessing)
        views = [run(inputs), run(inputs.flip(-1))] if mirrored else [run(inputs)]
        if after_batch:
            after_batch(indices)
        found.append(gather(accelerator, indices, labels, *views))
        count += len(found[-1][0])
        if count >= most:
            break
    indices, labels, *views = (torch.cat(column).to(accelerator.device) for column in zip(*found, strict=True))
    order = indices.argsort()  # the same sums, to the last bit, whichever process saw an image
    return torch.cat([view[order] for view in views]), labels[order].repeat(len(views), *(1,) * (labels.ndim - 1))


def feature_function(learner: Learner) -> Features:
    """Normalized images (N, C, H, W) -> their features (N, C), float32; on a CPU by the fused network of serving."""
    accelerator, network = learner.accelerator, learner.network
    if (fused := _fused(learner)) is not None:
        return lambda inputs: fused.features(inputs).clone()  # a tensor that gradients may pass

    def plain(inputs: Tensor) -> Tensor:
        with accelerator.autocast():
            return network.forward_head(network.forward_features(inputs), pre_logits=True).float()

    return plain


class FusedAnswers(nn.Module):
    """Normalized images (N, C, H, W) -> logits (N, num_classes), float32, as in serving."""

    def __init__(self, fused: FusedNetwork, num_classes: int) -> None:
        super().__init__()
        self.fused, self.num_classes = fused, num_classes

    def forward(self, images: Tensor) -> Tensor:
        """Returns the logits."""
        return self.fused(images).clone()


def answering(learner: Learner) -> nn.Module:
    """The network to evaluate as it is now: by the fused copy of serving, where this machine has one."""
    fused = _fused(learner)
    return learner.model if fused is None else FusedAnswers(fused, learner.network.num_classes)


def _fused(learner: Learner) -> FusedNetwork | None:
    bare = copy.copy(learner.network)  # accelerate puts a forward of its own before the network's
    for name in ("forward", "_original_forward"):
        vars(bare).pop(name, None)
    dtype = torch.bfloat16 if learner.accelerator.mixed_precision == "bf16" else torch.float32
    if learner.accelerator.is_fsdp2 or not can_fuse(bare, dtype):
        return None
    return fused_network(bare, dtype)


def fit_linear(
    features: Tensor,
    targets: Tensor,
    criterion: Callable[[Tensor, Tensor], Tensor],
    outputs: int,
    *,
    decay: float = DECAY,
    start: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, float]:
    """The weight (outputs, C) and bias (outputs,) that make the criterion plus a weight decay least, and its value.

    `start` is a solution nearby, such as that for another decay; zeros where absent.
    """
    weight, bias = start or (
        torch.zeros(outputs, features.shape[1], device=features.device),
        torch.zeros(outputs, device=features.device),
    )
    weight, bias = weight.clone().requires_grad_(), bias.clone().requires_grad_()
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

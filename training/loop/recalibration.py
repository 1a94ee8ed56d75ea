"""BatchNorm recalibration: running statistics are re-estimated after progressive resizing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..loading import Batch, prepare_batch
from .learner import Learner

IMAGES = 8192
"""Images of all processes that the statistics are taken from, at most.
Source: Wu and Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3: 1,000 to 10,000 are enough."""


@torch.no_grad()
def recalibrate(learner: Learner, loader: Iterable[Batch]) -> None:
    """Gives the norms of the network, and of its EMA if kept, the statistics of images at the input's size.

    What is frozen keeps its statistics. The weights stay as they are.

    Args:
        learner: Its sampler says which pass over the images is repeated.
        loader: Prepared batches of training.
    """
    accelerator = learner.accelerator
    moving = [name for name, module in learner.network.named_modules() if _moves(module)]
    networks = [learner.network, *([learner.ema.network] if learner.ema else [])]
    layers = [network.get_submodule(name) for network in networks for name in moving]
    norms = [layer for layer in layers if isinstance(layer, _BatchNorm)]
    rates = [norm.momentum for norm in norms]
    for network in networks:
        network.eval()  # so that nothing is dropped
    for norm in norms:
        norm.reset_running_stats()
        norm.train()
        norm.momentum = None  # the plain mean over all batches
    batches = max(1, IMAGES // (learner.recipe.images_per_batch * accelerator.num_processes))
    for pixels, _, _ in itertools.islice(loader, batches):
        inputs = prepare_batch(pixels, learner.preprocessing)
        with accelerator.autocast():
            for network in networks:
                network.forward_features(inputs)
    for norm, rate in zip(norms, rates, strict=True):
        norm.eval()
        norm.momentum = rate
        for name in ("running_mean", "running_var"):
            statistics = getattr(norm, name)
            statistics.copy_(accelerator.reduce(statistics.clone(), "mean"))


def _moves(module: nn.Module) -> bool:
    """Whether a norm gathers statistics in training; one that is frozen is in evaluation mode."""
    return isinstance(module, _BatchNorm) and module.training and module.track_running_stats

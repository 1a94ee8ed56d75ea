"""The buckets in which processes add up their gradients, final before the first step: sums hang on them by rounding."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

COMMUTES = 2
"""Two processes add up to the same bits whatever the buckets; more add in an order that depends on the place in one."""


def settle_buckets(model: nn.Module, size: tuple[int, int, int], images: int, processes: int) -> None:
    """Lets PyTorch regroup its gradients now, by a pass that is discarded, and not behind a run's first step.

    It sorts them by the order in which they were ready in its first pass. A run that goes on would make its first step
    in other buckets than the run that nobody touched made the same step in, and differ from it by rounding.

    Args:
        model: As accelerate wraps it; nothing is done where it does not regroup.
        size: Of an image: channels, height, width.
        images: In a batch.
        processes: How many there are.
    """
    if processes <= COMMUTES or not isinstance(model, DistributedDataParallel) or model.find_unused_parameters:
        return
    parameter = next(model.parameters())
    kept = [buffer.clone() for buffer in model.buffers()]
    blank = torch.zeros(max(2, images), *size, device=parameter.device).to(memory_format=torch.channels_last)
    model.train()
    model(blank).float().sum().backward()
    model.zero_grad()
    for buffer, before in zip(model.buffers(), kept, strict=True):
        buffer.copy_(before)

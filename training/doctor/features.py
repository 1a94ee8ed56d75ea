"""Images -> the features that a network's head sees of them, once, in bounded memory."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor

from resnet_hub.models import PretrainedNetwork

from ..loading import EvalTransform, make_loader, prepare_batch
from ..loop import gather, show_progress, unique_rows
from ..splits import Split

MOST_NUMBERS = 2**28
"""Numbers of the features of all images that are kept: 1 GiB. Of more images, fewer numbers each."""


@torch.no_grad()
def compute_features(
    accelerator: Accelerator,
    network: PretrainedNetwork,
    split: Split,
    *,
    batch_size: int,
    workers: int | None,
    images: int | None = None,
) -> Tensor:
    """The features of each image of a split, float32 (N, D), on the CPU and on every process.

    Args:
        accelerator: Names the device and the precision.
        network: On any device; it is moved to that of the accelerator and put in evaluation mode.
        split: The images, all of which can be decoded.
        batch_size: Images for each process and step.
        workers: DataLoader workers for each process; None takes what the cores allow.
        images: How many there are in all splits together; decides how many numbers each may take.
    """
    network.to(accelerator.device).to(memory_format=torch.channels_last).eval()
    loader = accelerator.prepare(
        make_loader(
            split,
            EvalTransform(network.preprocessing),
            batch_size=batch_size,
            seed=0,
            workers=workers,
            train=False,
            processes=accelerator.num_processes,
        )
    )
    shorten = _projection(network.head_hidden_size, images or len(split))
    found = []
    for pixels, _, rows in show_progress(loader, f"features of {split.name}", accelerator):
        with accelerator.autocast():
            inputs = prepare_batch(pixels, network.preprocessing)
            features = network.forward_head(network.forward_features(inputs), pre_logits=True)
        features = features.float()
        found.append(gather(accelerator, rows, features if shorten is None else features @ shorten.to(features.device)))
    return torch.from_numpy(unique_rows(found)[0])


def _projection(length: int, images: int) -> Tensor | None:
    """A random projection (D, d) to as many numbers for each image as there is room for; None where there is for all.

    Source: Johnson and Lindenstrauss 1984: distances stay what they were, up to a little noise.
    """
    room = max(32, MOST_NUMBERS // images)
    if length <= room:
        return None
    return torch.randn(length, room, generator=torch.Generator().manual_seed(0)) / room**0.5

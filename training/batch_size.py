"""The largest batch that fits into memory: tried out on a GPU, estimated on a CPU."""

from __future__ import annotations

import copy
import logging
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import psutil
import torch
from accelerate import Accelerator
from accelerate.utils import find_executable_batch_size, gather_object
from torch import Tensor, nn

from resnet_hub.errors import TrainingError
from resnet_hub.pretrained import PretrainedNetwork
from training.augment import prepare_batch
from training.settings.run import AUTO, SMALLEST_BATCH, USUAL_BATCH, RunSettings

logger = logging.getLogger("training")

LARGEST = 1024
"""Pictures per process that are not exceeded; more make a GPU no faster."""
ENOUGH_UPDATES = 30
"""Updates of an epoch for which the size is made smaller than the usual one, where nobody says how large it is."""
LARGEST_ON_CPU = 64
"""The same for a CPU, which larger batches make slower."""
LEAST_UPDATES = 16
"""Updates that an epoch of training keeps; a larger batch that fits would train worse."""
SHARE = 0.5
"""Part of a CPU's free memory that the activations may take; loaders and the system need the rest."""
BALLAST = 3
"""Copies of the weights that a GPU holds aside while batches are tried: gradients and the optimizer's state, which it
has in training besides the copy of the network that is tried out."""
NOTHING_FITS = "No executable batch size found"
"""How accelerate begins the error after the last size has failed."""
Entry = TypeVar("Entry", bound=RunSettings)


def with_batch_size(
    settings: Entry, network: PretrainedNetwork, accelerator: Accelerator, *, pictures: int | None = None
) -> Entry:
    """The settings with a number for the batch: the largest that fits for "auto"; the same on every process.

    Args:
        settings: Returned as they are where they name a batch size.
        network: Not changed.
        accelerator: Names the device and the precision.
        pictures: Number of training pictures; None where nothing is trained.

    Raises:
        TrainingError: Not even one picture fits.
    """
    if settings.batch_size is None:
        return replace(settings, batch_size=usual(pictures, accelerator.num_processes))
    if settings.batch_size != AUTO:
        return settings
    on_cpu = accelerator.device.type == "cpu"
    most = LARGEST_ON_CPU if on_cpu else LARGEST
    if pictures is not None:
        most = min(most, max(1, pictures // (LEAST_UPDATES * accelerator.num_processes)))
    most = 2 ** (most.bit_length() - 1)
    find = estimated if on_cpu else tried
    found = min(gather_object([find(network, accelerator, most, train=pictures is not None)]))
    if not found:
        raise TrainingError("not even one picture fits into memory; use a smaller --model or --image-size")
    logger.info("batch  %d pictures for each process and step, of at most %d", found, most)
    return replace(settings, batch_size=found)


def usual(pictures: int | None, processes: int) -> int:
    """The batch of a dataset with so many training pictures, for each process; None where nothing is trained."""
    size = USUAL_BATCH
    while pictures is not None and size > SMALLEST_BATCH and pictures // (size * processes) < ENOUGH_UPDATES:
        size //= 2
    return size


def estimated(network: PretrainedNetwork, accelerator: Accelerator, most: int, *, train: bool) -> int:
    """The largest power of two up to `most` whose activations take no more than their share of a CPU's free memory."""
    small, large = (_kept_bytes(copy.deepcopy(network), accelerator, count) for count in (2, 4))
    each = max(1, (large - small) // 2)
    if not train:  # two neighbouring layers are held at a time; half is far more than that
        each = each // 2
    room = SHARE * free_memory() / accelerator.num_processes
    fitting = max(0, int(room // each))
    return min(most, 2 ** (fitting.bit_length() - 1)) if fitting else 0


def _kept_bytes(network: PretrainedNetwork, accelerator: Accelerator, batch_size: int) -> int:
    """What is kept of a forward pass for the backward one, the weights included."""
    kept: dict[int, int] = {}

    def count(tensor: Tensor) -> Tensor:
        kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        _pass(network, accelerator, batch_size, train=True)
    return sum(kept.values())


def tried(network: PretrainedNetwork, accelerator: Accelerator, most: int, *, train: bool) -> int:
    """The largest of `most`, half of it, and so on, with which a GPU makes an update without running out of memory."""
    copied = copy.deepcopy(network).to(accelerator.device, memory_format=torch.channels_last)
    size = sum(weight.numel() * weight.element_size() for weight in copied.parameters())
    ballast = torch.empty(BALLAST * size if train else 0, dtype=torch.uint8, device=accelerator.device)

    sizes = iter([*(most >> power for power in range(1, most.bit_length())), 0])

    def attempt(batch_size: int) -> int:
        _pass(copied, accelerator, batch_size, train=train)
        return batch_size

    try:
        return find_executable_batch_size(attempt, most, reduce_batch_size_fn=lambda: next(sizes))()
    except RuntimeError as error:
        if NOTHING_FITS in str(error):
            return 0
        raise
    finally:
        del ballast


def _pass(network: nn.Module, accelerator: Accelerator, batch_size: int, *, train: bool) -> None:
    """A pass over blank pictures, forward and in training backward; random numbers go on as if it had not been."""
    pixels = torch.zeros(batch_size, *network.preprocessing.input_size, dtype=torch.uint8, device=accelerator.device)
    devices = [accelerator.device] if accelerator.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.set_grad_enabled(train):
        network.train(train)
        with accelerator.autocast():
            logits = network(prepare_batch(pixels, network.preprocessing))
        if train:
            logits.float().sum().backward()
            network.zero_grad()


def free_memory() -> int:
    """Bytes that this machine can still give, or the container that this process runs in."""
    free = psutil.virtual_memory().available
    try:
        limit, used = (int(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):  # no container, or one without a limit
        return free
    return max(0, min(free, limit - used))

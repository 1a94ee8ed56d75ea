"""The largest batch that fits into memory: tried out on a GPU, estimated on a CPU."""

from __future__ import annotations

import copy
import logging
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import psutil
import torch
from accelerate import Accelerator
from accelerate.utils import find_executable_batch_size, gather_object
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from resnet_hub.errors import TrainingError
from resnet_hub.models import PretrainedNetwork

from ..loading import prepare_batch
from ..optim import Freezing
from ..settings import AUTO, SMALLEST_BATCH, USUAL_BATCH, FinetuneRecipe, RunSettings

logger = logging.getLogger("training")

LARGEST = 1024
"""Images per process that are not exceeded; more make a GPU no faster."""
ENOUGH_UPDATES = 30
"""Updates of an epoch for which the size is made smaller than the usual one, where nobody says how large it is."""
LARGEST_ON_CPU = 64
"""The same for a CPU, which larger batches make slower."""
LEAST_UPDATES = 16
"""Updates that an epoch of training keeps; a larger batch that fits would train worse."""
SHARE = 0.5
"""Part of a CPU's free memory that the activations may take; loaders and the system need the rest."""
BALLAST = 3
"""Copies of the weights that are trained, for which room is left: gradients and the optimizer's state. A moving average
of all weights comes on top where one is kept."""
NOTHING_FITS = "No executable batch size found"
"""How accelerate begins the error after the last size has failed."""
Entry = TypeVar("Entry", bound=RunSettings)


def with_batch_size(
    settings: Entry, network: PretrainedNetwork, accelerator: Accelerator, *, images: int | None = None
) -> Entry:
    """The settings with a number for the batch: the largest that fits for "auto"; the same on every process.

    Args:
        settings: Returned as they are where they name a batch size.
        network: Not changed.
        accelerator: Names the device and the precision.
        images: Number of training images; None where nothing is trained.

    Raises:
        ConfigError: The settings freeze what the network has not.
        TrainingError: Not even one image fits.
    """
    if settings.batch_size is None:
        return replace(settings, batch_size=usual(images, accelerator.num_processes))
    if settings.batch_size != AUTO:
        return settings
    on_cpu = accelerator.device.type == "cpu"
    most = LARGEST_ON_CPU if on_cpu else LARGEST
    if images is not None:
        most = min(most, max(1, images // (LEAST_UPDATES * accelerator.num_processes)))
    most = 2 ** (most.bit_length() - 1)
    find = estimated if on_cpu else tried
    found = min(gather_object([find(Trial.of(settings, network), accelerator, most)]))
    if not found:
        raise TrainingError("trials.nothing_fits")
    logger.info("batch  %d images for each process and step, of at most %d", found, most)
    return replace(settings, batch_size=found)


def usual(images: int | None, processes: int) -> int:
    """The batch of a dataset with so many training images, for each process; None where nothing is trained."""
    size = USUAL_BATCH
    while images is not None and size > SMALLEST_BATCH and images // (size * processes) < ENOUGH_UPDATES:
        size //= 2
    return size


@dataclass(frozen=True)
class Trial:
    """A copy of a network as it takes part in a run, for passes that leave the network itself as it is."""

    network: PretrainedNetwork
    freezing: Freezing | None = None
    """What is frozen; None where nothing is trained."""
    epoch: int = 0
    """The one in which most is trained: the last."""
    aside: int = 0
    """Bytes that the run holds besides weights and activations."""

    @classmethod
    def of(cls, settings: RunSettings, network: PretrainedNetwork) -> Trial:
        """The trial of a run with these settings. Raises: ConfigError where they freeze what there is not."""
        copied = copy.deepcopy(network)
        if not isinstance(settings, FinetuneRecipe):
            return cls(copied)
        copied.set_grad_checkpointing(settings.grad_checkpointing)
        freezing = Freezing.of(settings, copied)
        freezing.apply(settings.epochs)
        weights = list(copied.parameters())
        trained = _bytes([weight for weight in weights if weight.requires_grad])
        average = 0 if settings.ema_decay is None else _bytes(weights)
        return cls(copied, freezing, settings.epochs, BALLAST * trained + average)

    def run(self, accelerator: Accelerator, batch_size: int) -> None:
        """A pass over blank images, forward and in training backward; random numbers go on as if it had not been."""
        network, device = self.network, accelerator.device
        pixels = torch.zeros(batch_size, *network.preprocessing.input_size, dtype=torch.uint8, device=device)
        train = self.freezing is not None
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.set_grad_enabled(train):
            network.train(train)
            if self.freezing is not None:
                self.freezing.apply(self.epoch)
            with accelerator.autocast():
                logits = network(prepare_batch(pixels, network.preprocessing))
            if train:
                logits.float().sum().backward()
                network.zero_grad()


def _bytes(weights: Iterable[Tensor]) -> int:
    return sum(weight.numel() * weight.element_size() for weight in weights)


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of the tensors that are made within it, and keeps the most that there were at a time."""

    def __init__(self) -> None:
        TorchDispatchMode.__init__(self)
        self.now = self.most = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What the operation gives; what it takes is counted."""
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key not in self._known:
            self._known.add(key)
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def estimated(trial: Trial, accelerator: Accelerator, most: int) -> int:
    """The largest power of two up to `most` whose activations take no more than their share of a CPU's free memory."""
    small, large = (_most_bytes(trial, accelerator, count) for count in (2, 4))
    each = max(1, (large - small) // 2)
    room = SHARE * (free_memory() / accelerator.num_processes - trial.aside)
    fitting = max(0, int(room // each))
    return min(most, 2 ** (fitting.bit_length() - 1)) if fitting else 0


def _most_bytes(trial: Trial, accelerator: Accelerator, batch_size: int) -> int:
    """The most that a pass takes at a time, besides the weights."""
    with LiveBytes() as live:
        trial.run(accelerator, batch_size)
    return live.most


def tried(trial: Trial, accelerator: Accelerator, most: int) -> int:
    """The largest of `most`, half of it, and so on, with which a GPU makes an update without running out of memory."""
    trial.network.to(accelerator.device).to(memory_format=torch.channels_last)
    ballast = torch.empty(trial.aside, dtype=torch.uint8, device=accelerator.device)
    sizes = iter([*(most >> power for power in range(1, most.bit_length())), 0])

    def attempt(batch_size: int) -> int:
        trial.run(accelerator, batch_size)
        return batch_size

    try:
        return find_executable_batch_size(attempt, most, reduce_batch_size_fn=lambda: next(sizes))()
    except RuntimeError as error:
        if NOTHING_FITS in str(error):
            return 0
        raise
    finally:
        del ballast


def free_memory() -> int:
    """Bytes that this machine can still give, or the container that this process runs in."""
    free = psutil.virtual_memory().available
    try:
        limit, used = (int(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):  # no container, or one without a limit
        return free
    return max(0, min(free, limit - used))

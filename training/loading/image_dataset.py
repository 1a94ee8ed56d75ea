"""Splits -> batches of (pixels uint8 (N, C, H, W), labels (N,) or (N, C), indices (N,)), by DataLoader workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate, get_worker_info

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError, ImageError
from resnet_hub.images import Opened, blank_image
from resnet_hub.preprocessing import open_image

from ..hardware import available_cores
from ..processes import left_to_parent
from ..splits import Split
from ..tables import refuse_stranger
from .augment import Pixels
from .cache import ImageCache, Prepared, Preparing

MAX_WORKERS = 8
"""DataLoader workers for each training process; more gave no speed-up."""
UNREADABLE = -2
"""Label of the blank in place of an image that cannot be decoded."""

Batch = tuple[Pixels, Tensor, Tensor]
"""Pixels uint8 (N, C, H, W), or what becomes them; targets (N,) or (N, C), and the indices of the images (N,)."""
Sample = tuple[np.ndarray, np.ndarray, int | Tensor, int]
"""What is used of an image, uint8 (h, w, C), the numbers that say what becomes of it, its target and its index."""


class Loader(Protocol):
    """The batches of one pass over a split, as PyTorch's loaders give them."""

    @property
    def dataset(self) -> Any:
        """The images, with their `split`."""

    @property
    def sampler(self) -> Any:
        """The order of the images; an `EpochSampler` where they are no stream."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


class Transform(Preparing, Protocol):
    """Opened image -> `prepare`, the same in every epoch -> `cut` -> `gather` a batch."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How an image of the network is opened."""

    @property
    def at_least(self) -> int | None:
        """Pixels of the shorter side that are enough of an image, where not all are needed."""

    def prepare(self, image: Opened, size: tuple[int, int] | None = None) -> Opened:
        """The image after what is the same in every epoch; `size` is its own where it was opened at less of it."""

    def draw(self, seed: int, epoch: int, index: int) -> np.ndarray:
        """What is random about an image in an epoch."""

    def cut(self, prepared: Prepared, draws: np.ndarray) -> np.ndarray:
        """What is used of a prepared image, uint8 (h, w, C)."""

    def gather(self, parts: list[np.ndarray], draws: np.ndarray, *, shared: bool = False) -> Pixels:
        """The pixels of a batch."""


class ImageDataset(Dataset[Sample]):
    """(epoch, index) -> (what is used of the image, uint8 (h, w, C), its numbers, label, index).

    What is random about a sample follows from (seed, epoch, index) alone: not from the process or the order.
    Where `lenient`, an image that cannot be decoded is a blank with the label `UNREADABLE`. Where `passing_over`, the
    next one that can be decoded takes its place, with its target, under the index -1 - index.
    """

    def __init__(
        self,
        split: Split,
        transform: Transform,
        seed: int,
        *,
        lenient: bool = False,
        passing_over: bool = False,
        cache: ImageCache | None = None,
    ) -> None:
        self.split, self.transform, self.seed, self.lenient, self.cache = split, transform, seed, lenient, cache
        self.passing_over = passing_over

    def __len__(self) -> int:
        return len(self.split)

    def name(self, index: int) -> str:
        """The file of an image, or another name for it."""
        return self.split.image(index if index >= 0 else -1 - index)[1]

    def __getitem__(self, key: tuple[int, int]) -> Sample:
        epoch, index = key
        draws = self.transform.draw(self.seed, epoch, index)
        try:
            return self._sample(index, draws, index)
        except ImageError:
            if self.passing_over:
                return self._next_good(index, draws)
            if not self.lenient:
                raise
            blank = self.transform.prepare(blank_image(self.transform.channels))
            return self.transform.cut(blank, draws), draws, UNREADABLE, index

    def _sample(self, index: int, draws: np.ndarray, named: int) -> Sample:
        return self.transform.cut(self._prepared(index), draws), draws, self._target(index), named

    def _next_good(self, bad: int, draws: np.ndarray) -> Sample:
        """The sample of the next image that can be decoded. Raises: ImageError where there is none."""
        for step in range(1, len(self)):
            with suppress(ImageError):
                return self._sample((bad + step) % len(self), draws, -1 - bad)
        raise ImageError("preprocessing.damaged", label=repr(self.name(bad)))

    def _prepared(self, index: int) -> Prepared:
        """The image after what is the same in every epoch: out of the cache, or into it."""
        known = self.cache.get(index) if self.cache is not None else None
        if known is not None:
            return known
        content, name = self.split.image(index)
        refuse_stranger(content, name)
        transform, sizes = self.transform, self.split.sizes
        opened = open_image(content, name=name, preprocessing=transform.preprocessing, at_least=transform.at_least)
        image = transform.prepare(opened, None if sizes is None else (int(sizes[index, 0]), int(sizes[index, 1])))
        if self.cache is not None:
            self.cache.keep(index, image)
        return image

    def _target(self, index: int) -> int | Tensor:
        """The class index, or the targets of several outputs as float32 (C,)."""
        target = self.split.labels[index]
        return int(target) if target.ndim == 0 else torch.from_numpy(target)


@dataclass(frozen=True)
class Collate:
    """Samples -> a batch."""

    transform: Transform

    def __call__(self, samples: list[Sample]) -> Batch:
        """Returns the batch; made by a loader's worker it lies in memory that the training process shares."""
        parts, draws, labels, indices = zip(*samples, strict=True)
        pixels = self.transform.gather(list(parts), np.stack(draws), shared=get_worker_info() is not None)
        return pixels, default_collate(list(labels)), torch.tensor(indices)


class EpochSampler(Sampler[tuple[int, int]]):
    """The (epoch, index) pairs of one epoch: in an order that follows from (seed, epoch), or in that of the rows.

    Set `epoch` before each pass. With `classes`, the class of each row (N,), an epoch is as long as ever but holds
    equally many images of each class: of a rare one several times, of a frequent one some.
    """

    def __init__(self, length: int, seed: int, *, shuffle: bool, classes: np.ndarray | None = None) -> None:
        self.length, self.seed, self.shuffle, self.epoch, self.classes = length, seed, shuffle, 0, classes

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        order = np.arange(self.length) if self.classes is None else balanced_order(self.classes, rng)
        if self.shuffle:
            rng.shuffle(order)
        return iter([(self.epoch, int(index)) for index in order])


def balanced_order(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many row numbers as there are rows, equally many of each class to within one; class by class.

    An image comes again only after all others of its class have come.
    """
    known, inverse = np.unique(classes, return_inverse=True)
    shares = np.full(len(known), len(classes) // len(known))
    shares[rng.permutation(len(known))[: len(classes) % len(known)]] += 1
    members = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    drawn = [
        np.concatenate([rng.permutation(rows) for _ in range(-(-share // len(rows)))])[:share]
        for rows, share in zip(members, shares, strict=True)
        if share
    ]
    return np.concatenate(drawn)


def make_loader(
    split: Split,
    transform: Transform,
    *,
    batch_size: int,
    seed: int,
    workers: int | None,
    train: bool,
    processes: int,
    lenient: bool = False,
    passing_over: bool = False,
    balanced: bool = False,
    cache: ImageCache | None = None,
) -> DataLoader[Sample]:
    """A loader of the split; for training it is shuffled, and the last, smaller batch is left out where others remain.

    Args:
        split: The images.
        transform: Opened image -> uint8 (C, H, W).
        batch_size: Images for each process and step.
        seed: Decides the order and what is random about a sample.
        workers: DataLoader workers for each training process; None takes what the cores allow.
        train: Whether the batches are for training.
        processes: Training processes that share the cores and the images.
        lenient: Whether an image that cannot be decoded becomes a blank instead of an error.
        passing_over: Whether the next image takes the place of one that cannot be decoded.
        balanced: Whether an epoch of training holds equally many images of each class.
        cache: Where prepared images are kept, if anywhere.

    Raises:
        ConfigError: Balance is asked for where an image has not one class.
    """
    if balanced and split.labels.ndim > 1:
        raise ConfigError("loading.balanced_several_classes")
    return DataLoader(
        ImageDataset(split, transform, seed, lenient=lenient, passing_over=passing_over, cache=cache),
        batch_size=batch_size,
        sampler=EpochSampler(len(split), seed, shuffle=train, classes=split.labels if balanced else None),
        num_workers=loader_workers(workers, processes),
        drop_last=train and len(split) >= batch_size * processes,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=start_worker,
        collate_fn=Collate(transform),
    )


def loader_workers(asked: int | None, processes: int) -> int:
    """DataLoader workers for each of `processes` training processes: as asked for, else what the cores allow."""
    return min(MAX_WORKERS, available_cores() // processes) if asked is None else asked


def start_worker(worker: int) -> None:
    """Gets a DataLoader worker ready."""
    # One that computes with several threads only takes the cores of the training process.
    torch.set_num_threads(1)
    left_to_parent()


def fault_of(split: Split, index: int) -> str:
    """Why an image cannot be decoded, as "name (reason)"."""
    content, name = split.image(index)
    try:
        open_image(content, name=name)
    except ImageError as error:
        return str(error)
    return f"{name!r} could not be decoded when it was its turn"

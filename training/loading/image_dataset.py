"""Splits -> batches of (pixels uint8 (N, C, H, W), labels (N,) or (N, C), indices (N,)), by DataLoader workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError, ImageError
from resnet_hub.images import Opened, blank_image
from resnet_hub.preprocessing import open_image

from ..hardware import available_cores
from ..processes import left_to_parent
from ..splits import Split
from ..tables import refuse_stranger
from .cache import ImageCache, Prepared, Preparing

MAX_WORKERS = 8
"""DataLoader workers for each training process; more gave no speed-up."""
UNREADABLE = -2
"""Label of the blank in place of an image that cannot be decoded."""

Batch = tuple[Tensor, Tensor, Tensor]
"""Pixels uint8 (N, C, H, W), targets (N,) or (N, C), and the indices of the images (N,)."""


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
    """Opened image -> `prepare`, the same in every epoch -> `vary` -> pixels."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How an image of the network is opened."""

    def prepare(self, image: Opened) -> Opened:
        """The image after what is the same in every epoch."""

    def vary(self, prepared: Prepared, rng: np.random.Generator) -> Tensor:
        """Pixels uint8 (C, H, W) of a prepared image."""


class ImageDataset(Dataset[tuple[Tensor, int | Tensor, int]]):
    """(epoch, index) -> (pixels uint8 (C, H, W), label, index).

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

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, int | Tensor, int]:
        epoch, index = key
        rng = np.random.default_rng((self.seed, epoch, index))
        try:
            return self.transform.vary(self._prepared(index), rng), self._target(index), index
        except ImageError:
            if self.passing_over:
                return self._next_good(index, rng)
            if not self.lenient:
                raise
            blank = self.transform.prepare(blank_image(self.transform.channels))
            return self.transform.vary(blank, rng), UNREADABLE, index

    def _next_good(self, bad: int, rng: np.random.Generator) -> tuple[Tensor, int | Tensor, int]:
        """The sample of the next image that can be decoded. Raises: ImageError where there is none."""
        for step in range(1, len(self)):
            index = (bad + step) % len(self)
            with suppress(ImageError):
                return self.transform.vary(self._prepared(index), rng), self._target(index), -1 - bad
        raise ImageError("preprocessing.damaged", label=repr(self.name(bad)))

    def _prepared(self, index: int) -> Prepared:
        """The image after what is the same in every epoch: out of the cache, or into it."""
        known = self.cache.get(index) if self.cache is not None else None
        if known is not None:
            return known
        content, name = self.split.image(index)
        refuse_stranger(content, name)
        image = self.transform.prepare(open_image(content, name=name, preprocessing=self.transform.preprocessing))
        if self.cache is not None:
            self.cache.keep(index, image)
        return image

    def _target(self, index: int) -> int | Tensor:
        """The class index, or the targets of several outputs as float32 (C,)."""
        target = self.split.labels[index]
        return int(target) if target.ndim == 0 else torch.from_numpy(target)


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
) -> DataLoader[tuple[Tensor, int | Tensor, int]]:
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

"""A stream -> batches of (pixels uint8 (N, C, H, W), labels, indices), decoded in DataLoader workers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
import xxhash
from accelerate import Accelerator
from accelerate.data_loader import DataLoaderShard
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from resnet_hub.errors import DataError, ImageError
from resnet_hub.images import blank_image
from resnet_hub.preprocessing import open_image

from ..data import Row, Stream
from ..settings import FinetuneRecipe
from ..tables import refuse_stranger
from .augment import Pixels
from .image_dataset import Batch, Collate, Transform, loader_workers, start_worker

logger = logging.getLogger(__name__)
Sample = tuple[np.ndarray, np.ndarray, Any, int, list[str]]


class StreamImages(IterableDataset[Sample]):
    """The samples of one epoch after the other: as of a dataset, with the faults of images that were passed over.

    Each process of a loader reads a part of the files. Of an epoch it gives the batches that fall to it; the next
    epoch goes on where this one ended. What is random about a sample follows from the seed, the pass and the image.
    """

    def __init__(self, stream: Stream, transform: Transform, recipe: FinetuneRecipe) -> None:
        self.split, self.transform, self.seed = stream, transform, recipe.seed
        self.steps, self.batch_size = recipe.max_steps or 1, recipe.images_per_batch
        self.allowed = recipe.max_bad_images
        self.first_epoch = 1
        self._samples: Iterator[Sample] | None = None

    def name(self, index: int) -> str:
        """What an image is called in messages; it has gone by and is not kept."""
        return f"image {index} of the stream of {self.split.name}"

    def __iter__(self) -> Iterator[Sample]:
        info = get_worker_info()
        number, workers = (info.id, info.num_workers) if info else (0, 1)
        length = len(range(number, self.steps, workers)) * self.batch_size
        if self._samples is None:
            self._samples = self._all((self.first_epoch - 1) * length)
        return islice(self._samples, length)

    def _all(self, skipped: int) -> Iterator[Sample]:
        """All samples without an end; a stream that breaks off or holds too many bad images says so in the last."""
        faults: list[str] = []
        bad = index = 0
        last_good = 0  # the pass that had a good image last
        try:
            for number, row in self.split.passes():
                if number > last_good + 1:
                    break  # a whole pass without one
                if index < skipped:  # images of earlier epochs; the bad ones among them are counted as samples
                    index, last_good = index + 1, number
                    continue
                cut = self._cut(number, row, faults)
                if cut is None:
                    bad += 1
                    if bad <= self.allowed:
                        continue
                    break
                yield *cut, _label(row[2]), index, faults
                faults, index, last_good = [], index + 1, number
        except (DataError, OSError, ValueError) as error:
            faults.append(f"{error} (the stream ends here)")
        while True:
            draws = self.transform.draw(0, 0, 0)
            blank = self.transform.cut(self.transform.prepare(blank_image(self.transform.channels)), draws)
            yield blank, draws, _label(self.split.labels[0]), -1, faults

    def _cut(self, number: int, row: Row, faults: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
        content, name, _ = row
        try:
            refuse_stranger(content, name)
            transform = self.transform
            opened = open_image(content, name=name, preprocessing=transform.preprocessing, at_least=transform.at_least)
            image = transform.prepare(opened)
        except ImageError as error:
            faults.append(str(error))
            return None
        draws = self.transform.draw(self.seed, number, xxhash.xxh3_64_intdigest(content))
        return self.transform.cut(image, draws), draws


class StreamLoader(DataLoaderShard):  # type: ignore[misc]  # accelerate has no types
    """The batches of a stream on the device of this process; `len` is the batches of an epoch."""

    def __len__(self) -> int:
        return self.dataset.steps

    def skipping(self, batches: int) -> Iterator[Batch]:
        """What is left of an epoch after its first batches; they are read again, and discarded."""
        return islice(iter(self), batches, None)

    def __iter__(self) -> Iterator[Batch]:
        dataset = self.dataset
        if dataset._samples is None:
            dataset.first_epoch = max(1, getattr(self.sampler, "epoch", 1))
        bad: list[str] = []
        for pixels, labels, indices, faults in super().__iter__():
            if faults:
                bad += faults
                logger.warning("passed over: %s", "; ".join(faults))
            if (indices < 0).any() or len(bad) > dataset.allowed:
                if bad:
                    raise DataError("loading.broken_stream", faults="; ".join(bad[-5:]))
                raise DataError("loading.broken_elsewhere")
            yield pixels, labels, indices


def make_stream_loader(
    stream: Stream, transform: Transform, recipe: FinetuneRecipe, accelerator: Accelerator
) -> StreamLoader:
    """The loader of a stream, prepared for this process: it reads the part of the files that is the process's own."""
    workers = loader_workers(recipe.workers, accelerator.num_processes)
    workers = min(workers, stream.num_shards, recipe.max_steps or 1)
    loader = StreamLoader(
        StreamImages(stream, transform, recipe),
        device=accelerator.device,
        batch_size=recipe.images_per_batch,
        num_workers=workers,
        collate_fn=StreamCollate(transform),
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=start_worker,
        _non_blocking=accelerator.dataloader_config.non_blocking,
    )
    loader._is_accelerate_prepared = True  # the images are shared out already
    return loader


def _label(target: np.ndarray) -> int | Tensor:
    return int(target) if target.ndim == 0 else torch.from_numpy(np.array(target))


class StreamCollate:
    """Samples of a stream -> a batch, and the faults of all."""

    def __init__(self, transform: Transform) -> None:
        self._collate = Collate(transform)

    def __call__(self, samples: list[Sample]) -> tuple[Pixels, Tensor, Tensor, list[str]]:
        """Returns the batch with its faults."""
        batch = self._collate([sample[:4] for sample in samples])
        return *batch, [fault for sample in samples for fault in sample[4]]

"""CIFAR-10 as tensors at the laboratory's size, and random batches of it, the same for every network of one seed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

COLUMNS = ("img", "label")
SPLITS = ("train", "test")


@dataclass(frozen=True)
class Images:
    """One split."""

    pixels: Tensor
    """uint8 (N, 3, H, W)."""
    labels: Tensor
    """int64 (N)."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Normalization:
    """The mean and the standard deviation of each channel, on the scale 0 to 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, pixels: Tensor) -> Normalization:
        """Those of these images, rounded to four digits."""
        values = pixels.float().div(255).transpose(0, 1).flatten(1)
        return cls(*(tuple(round(float(x), 4) for x in found) for found in (values.mean(1), values.std(1))))

    def __call__(self, pixels: Tensor) -> Tensor:
        """Returns the input of a network, float32, channels last in memory."""
        mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (self.mean, self.std))
        return ((pixels.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)


def read_images(dataset: str, side: int, cache: Path) -> tuple[Images, Images]:
    """The training and the test images, from `cache` where they were read before.

    Args:
        dataset: A Hub id or a folder of parquet files, with the columns img and label.
        side: Height and width of what comes out, in pixels; larger images become means of equal squares.
        cache: A file of numpy's, written where there is none.
    """
    if not cache.exists():
        from datasets import load_dataset

        found = load_dataset(dataset)
        if not all(split in found and set(COLUMNS) <= set(found[split].column_names) for split in SPLITS):
            there = "; ".join(f"{split}: {', '.join(found[split].column_names)}" for split in found)
            sys.exit(
                f"{dataset}: expected the splits train and test with the columns img and label, as CIFAR-10 has them "
                f"on the Hub; found {there}. Leave --dataset out to take cifar10 from there."
            )
        arrays = {}
        for split in SPLITS:
            images, labels = (found[split][column] for column in COLUMNS)
            pixels = torch.tensor(np.stack([np.asarray(image.convert("RGB")) for image in images])).permute(0, 3, 1, 2)
            arrays[split] = F.interpolate(pixels.float(), (side, side), mode="area").round().to(torch.uint8).numpy()
            arrays[f"{split}_labels"] = np.asarray(labels, np.int64)
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial = cache.with_suffix(".partial.npz")
        np.savez(partial, **arrays)
        partial.replace(cache)
    with np.load(cache, allow_pickle=False) as held:
        train, test = (Images(*(torch.tensor(held[name]) for name in (x, f"{x}_labels"))) for x in SPLITS)
    return train, test


def batches(images: Images, size: int, epochs: int, shift: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of shifted and mirrored images, in a new order in each epoch; what is left of an epoch is dropped.

    Source: the augmentation is that of He et al. 2015, section 4.2.

    Args:
        images: The split.
        size: Images in a batch.
        epochs: Passes over the split.
        shift: The largest shift in pixels; what comes in is black.
        seed: Of the order and the augmentation.
    """
    generator = torch.Generator().manual_seed(seed)
    side = images.pixels.shape[-1]
    padded = F.pad(images.pixels, [shift] * 4)
    place = torch.arange(side)
    channels = torch.arange(3)[None, :, None, None]
    for _ in range(epochs):
        order = torch.randperm(len(images), generator=generator)
        for chosen in order.split(size):
            if len(chosen) < size:
                break
            down, right = torch.randint(2 * shift + 1, (2, size, 1), generator=generator)
            rows, columns = down + place, right + place
            mirrored = torch.rand(size, 1, generator=generator) < 0.5
            columns = torch.where(mirrored, columns.flip(1), columns)
            x = padded[chosen[:, None, None, None], channels, rows[:, None, :, None], columns[:, None, None, :]]
            yield x, images.labels[chosen]

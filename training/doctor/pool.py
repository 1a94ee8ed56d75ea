"""`Pool`: the images of all splits in one row, so that whatever compares images compares them across splits too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data import Data
from ..inspection import FLAGS
from ..splits import Split


@dataclass(frozen=True)
class Pool:
    """The images of several splits, numbered from the first of the first to the last of the last."""

    splits: tuple[Split, ...]

    @classmethod
    def of(cls, data: Data) -> Pool:
        """Those of a dataset that are at hand: of a stream its first images."""
        return cls(tuple(split if isinstance(split, Split) else split.sample for split in data.splits))

    def __len__(self) -> int:
        return sum(map(len, self.splits))

    @property
    def labels(self) -> np.ndarray:
        """The targets of all images, as in `Split`."""
        return np.concatenate([split.labels for split in self.splits])

    @property
    def digests(self) -> np.ndarray:
        """What each image shows, uint64 (N,); another number for each where nobody has looked."""
        return self._known("digests", np.arange(len(self), dtype=np.uint64))

    @property
    def groups(self) -> np.ndarray:
        """A number for each image that near-duplicates share, (N,); that of `digests` where nobody has compared."""
        return self._known("groups", self.digests)

    @property
    def flags(self) -> np.ndarray:
        """Which image is of little use and why, bool (N, len(FLAGS))."""
        return self._known("flags", np.zeros((len(self), len(FLAGS)), bool))

    def _known(self, name: str, otherwise: np.ndarray) -> np.ndarray:
        """What was found of the images of all splits, or something else where it was not of all."""
        found = [value for split in self.splits if (value := getattr(split, name)) is not None]
        return np.concatenate(found) if len(found) == len(self.splits) else otherwise

    def place(self, number: int) -> tuple[Split, int]:
        """The split of an image and its index there."""
        for split in self.splits:
            if number < len(split):
                return split, int(number)
            number -= len(split)
        raise IndexError(number)


def equal_groups(values: np.ndarray) -> list[np.ndarray]:
    """The numbers (G,) of the images that have the same value, of each value that several have; the first ones first.

    Args:
        values: One for each image, (N,).
    """
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.diff(values[order])) + 1
    return sorted((group for group in np.split(order, ends) if len(group) > 1), key=lambda group: int(group[0]))

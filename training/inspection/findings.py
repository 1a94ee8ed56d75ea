"""`Findings`: what was found of each image of a set, as arrays; the pixels themselves are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .descriptor import LENGTH
from .quality import MEASURES


@dataclass(frozen=True)
class Findings:
    """What was found of N images that show U different pictures; an image that was not looked at has a digest of 0."""

    digests: np.ndarray
    """Hash of the decoded pixels, uint64 (N,)."""
    sizes: np.ndarray
    """Width and height in pixels, int32 (N, 2)."""
    measures: np.ndarray
    """The quality of each image, float32 (N, len(MEASURES))."""
    known: np.ndarray
    """The different digests, sorted, uint64 (U,)."""
    descriptors: np.ndarray
    """Of each of these, uint8 (U, LENGTH): equal images have one, so that memory does not grow with repetition."""

    @classmethod
    def none(cls, count: int) -> Findings:
        """Room for the findings of so many images."""
        measures = np.zeros((count, len(MEASURES)), np.float32)
        known, descriptors = np.zeros(0, np.uint64), np.zeros((0, LENGTH), np.uint8)
        return cls(np.zeros(count, np.uint64), np.zeros((count, 2), np.int32), measures, known, descriptors)

    def __len__(self) -> int:
        return len(self.digests)

    def take(self, rows: np.ndarray) -> Findings:
        """Those of some images, with descriptors of these only."""
        digests = self.digests[rows]
        kept = np.isin(self.known, digests)
        return Findings(digests, self.sizes[rows], self.measures[rows], self.known[kept], self.descriptors[kept])

    def put(self, rows: np.ndarray, others: Findings) -> Findings:
        """These with others' findings in place of those of some rows, whose arrays are overwritten."""
        for name in ("digests", "sizes", "measures"):
            getattr(self, name)[rows] = getattr(others, name)
        return Findings(self.digests, self.sizes, self.measures, *_merged([self, others]))


def joined(parts: Sequence[Findings]) -> Findings:
    """The findings of several sets as one, in their order."""
    if not parts:
        return Findings.none(0)
    digests, sizes, measures = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("digests", "sizes", "measures")
    )
    return Findings(digests, sizes, measures, *_merged(parts))


def _merged(parts: Sequence[Findings]) -> tuple[np.ndarray, np.ndarray]:
    known, first = np.unique(np.concatenate([part.known for part in parts]), return_index=True)
    return known, np.concatenate([part.descriptors for part in parts])[first]

"""`Split`: the images of one split with their targets, and how one split is cut in two that never leak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from datasets import Dataset

from ..inspection import Findings, Identity
from .identity import identify

STRATA = 10
"""Quantiles of a regression that are each divided alike."""


@dataclass(frozen=True)
class Split:
    """Images of one split and their targets."""

    name: str
    rows: Dataset
    """One column, the images still encoded, as bytes or paths."""
    labels: np.ndarray
    """Targets: class indices, int64 (N,); or multi-hot classes, or regression targets: float32 (N, C)."""
    digests: np.ndarray | None = None
    """What each image shows, as a hash of its decoded pixels, uint64 (N,); None before it was looked at."""
    sizes: np.ndarray | None = None
    """Width and height of each upright image in pixels, int32 (N, 2); None before it was looked at."""
    groups: np.ndarray | None = None
    """A number for each image that near-duplicates share, int64 (N,), the same in all splits; None where not known."""
    flags: np.ndarray | None = None
    """Whether each image is blank, dark, bright, blurred, tiny, bool (N, len(FLAGS)); None where not known."""
    findings: Findings | None = None
    """What was found of each image, until groups are made of it, at most."""

    def __len__(self) -> int:
        return len(self.labels)

    def image(self, index: int) -> tuple[bytes | str, str]:
        """The encoded image, as bytes or a path, and a name for it."""
        return _content(self.rows[int(index)][self.rows.column_names[0]], f"row {index} of {self.name}")

    def encoded(self, rows: np.ndarray) -> Iterator[tuple[bytes | str, str]]:
        """The same of several images, read together."""
        cells = self.rows[rows.tolist()][self.rows.column_names[0]]
        for row, cell in zip(rows.tolist(), cells, strict=True):
            yield _content(cell, f"row {row} of {self.name}")

    def identity(self) -> Identity:
        """What the encoded images are, as far as can be told without reading them."""
        return identify(self.rows)

    @property
    def paths(self) -> list[str | None]:
        """Where each image came from, or its name, where the dataset says it; the images are not read."""
        column = self.rows.with_format("arrow").select_columns(self.rows.column_names)
        return [cell for batch in column.iter(10_000) for cell in batch[0].combine_chunks().field("path").to_pylist()]

    def select(self, kept: np.ndarray, name: str | None = None) -> Split:
        """The same with these images only."""
        found = ("digests", "sizes", "groups", "flags")
        looked_at = {key: None if (value := getattr(self, key)) is None else value[kept] for key in found}
        findings = None if self.findings is None else self.findings.take(kept)
        rows, labels = self.rows.select(kept), self.labels[kept]
        return replace(self, name=name or self.name, rows=rows, labels=labels, findings=findings, **looked_at)

    def strata(self) -> np.ndarray:
        """A number for each image, equal for similar ones: its class, its first class, or the decile of its targets.

        Classes of several are 0 and 1; other numbers are a regression.
        """
        return strata(self.labels)

    def caption(self, index: int, names: tuple[str, ...], task: str) -> str:
        """The target of one image, for people: "cat", "cat, dog" or "age 3.2"."""
        label = self.labels[index]
        if task == "single_label":
            return names[label]
        if task == "multi_label":
            return ", ".join(names[number] for number in np.flatnonzero(label)) or "none"
        return ", ".join(f"{name} {value:.4g}" for name, value in zip(names, label, strict=True))


def _content(cell: dict[str, Any] | None, name: str) -> tuple[bytes | str, str]:
    cell = cell or {}
    content = cell.get("bytes")
    return (cell.get("path") or b"") if content is None else content, str(cell.get("path") or name)


def strata(labels: np.ndarray) -> np.ndarray:
    """Numbers that are equal for targets alike, int64 (N,); see `Split.strata`."""
    if labels.ndim == 1:
        return labels
    if np.isin(labels, (0, 1)).all():
        return np.where(labels.any(1), labels.argmax(1), labels.shape[1])
    return quantiles(labels)


def quantiles(labels: np.ndarray) -> np.ndarray:
    """The decile of each row of regression targets (N, C), along the direction in which they vary most; int64 (N,)."""
    spread = labels.std(0)
    scaled = (labels - labels.mean(0)) / np.where(spread > 0, spread, 1)
    direction = np.linalg.eigh(scaled.T @ scaled)[1][:, -1]
    order = np.argsort(scaled @ direction, kind="stable")
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels))
    groups = int(np.clip(len(labels) // STRATA, 1, STRATA))
    return ranks * groups // max(1, len(labels))


def stratified_split(
    labels: np.ndarray, fraction: float, seed: int, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (kept, held out), each sorted; a function of its arguments alone, so every process cuts the same.

    Of every class, and of every decile of regression targets, this share is held out, at least one of two images. A
    class with one image stays in train. Images of several classes are held out class by class, the rarest first.

    Args:
        labels: Targets as in `Split`.
        fraction: Share that is held out, 0 to 1.
        seed: Decides which.
        groups: A number for each image; those of a group stay together, and count as one, with the target of the first.
    """
    if groups is not None:
        _, first, member = np.unique(groups, return_index=True, return_inverse=True)
        order = np.argsort(first)  # groups in the order of their first images: without groups of several, all images
        _, held_out = stratified_split(labels[first[order]], fraction, seed)
        out = np.isin(member, order[held_out])
        return np.flatnonzero(~out), np.flatnonzero(out)
    rng = np.random.default_rng(seed)
    if labels.ndim == 2 and np.isin(labels, (0, 1)).all():
        out = _held_out_of_many(labels.astype(bool), fraction, rng)
    else:
        out = _held_out(strata(labels), fraction, rng)
    return np.flatnonzero(~out), np.flatnonzero(out)


def _held_out(groups: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Which rows are held out, bool (N,): the first of each group in a random order; one sort for all groups."""
    shuffled = rng.permutation(len(groups))
    order = shuffled[np.argsort(groups[shuffled], kind="stable")]
    _, first, members = np.unique(groups[order], return_index=True, return_counts=True)
    wanted = np.where(members > 1, np.clip(np.round(fraction * members), 1, members - 1), 0)
    place = np.arange(len(groups)) - np.repeat(first, members)
    out = np.zeros(len(groups), bool)
    out[order[place < np.repeat(wanted, members)]] = True
    return out


def _held_out_of_many(labels: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Which rows of 0 and 1 for each class are held out, bool (N,).

    The rarest class first, since the images of a common one leave more choice.
    Source: Sechidis et al. 2011, "On the Stratification of Multi-Label Data".
    """
    out, settled = np.zeros(len(labels), bool), np.zeros(len(labels), bool)
    counts = labels.sum(0)
    for number in np.argsort(counts, kind="stable"):
        members = np.flatnonzero(labels[:, number])
        wanted = min(max(1, round(fraction * len(members))), len(members) - 1)
        free = rng.permutation(members[~settled[members]])
        out[free[: max(0, wanted - int(out[members].sum()))]] = True
        settled[members] = True
    rest = rng.permutation(np.flatnonzero(~settled))
    out[rest[: round(fraction * len(rest))]] = True
    return out

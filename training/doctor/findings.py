"""`Findings`: what a check found in a dataset, and each part of it as values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..data import Data, shown_files
from ..inspection import FLAGS
from ..splits import LabelRow, format_target
from .judging import Judgement
from .pool import Pool, equal_groups


@dataclass(frozen=True)
class Findings:
    """What was found in a dataset. Its images are numbered through all splits."""

    data: Data
    dataset: str
    """As it was named."""
    judgement: Judgement | None = None
    """None where no network could judge the labels."""
    network: str | None = None
    """The one that did, as it was named."""

    @cached_property
    def pool(self) -> Pool:
        """All images."""
        return Pool.of(self.data)

    @cached_property
    def equal(self) -> list[np.ndarray]:
        """Groups of images that show the same pixel by pixel."""
        return equal_groups(self.pool.digests)

    @cached_property
    def near(self) -> list[np.ndarray]:
        """Groups of images that show nearly the same, and not all of them pixel by pixel."""
        digests = self.pool.digests
        return [group for group in equal_groups(self.pool.groups) if len(np.unique(digests[group])) > 1]

    @property
    def unlike(self) -> list[np.ndarray]:
        """The groups of equal images whose labels differ."""
        return [group for group in self.equal if len({self.target(number) for number in group}) > 1]

    def flagged(self) -> dict[str, np.ndarray]:
        """Images of little use, by what they are."""
        columns = zip(FLAGS, self.pool.flags.T, strict=True)
        return {flag: np.flatnonzero(column) for flag, column in columns if column.any()}

    def file(self, number: int) -> str:
        """The name of an image, from the dataset's folder on."""
        split, index = self.pool.place(number)
        name = split.image(index)[1]
        return shown_files([name], self.dataset)[0] or name

    def target(self, number: int) -> str:
        """The label of an image, in words."""
        split, index = self.pool.place(number)
        return format_target(split.labels[index], self.data.label_names, self.data.task)

    @cached_property
    def label_rows(self) -> list[LabelRow]:
        """A row for each label that is likely wrong, the least likely first."""
        if self.judgement is None:
            return []
        suspects, digests = self.judgement.suspects, self.pool.digests
        rows = []
        for number, suggested, sure in zip(suspects.rows, suspects.suggested, suspects.confidence, strict=True):
            split, _ = self.pool.place(number)
            other = format_target(suggested, self.data.label_names, self.data.task)
            texts = (self.file(number), split.name, self.target(number), other, f"{sure:.3f}", "")
            rows.append(LabelRow(*texts, int(digests[number])))
        return rows

    def record(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        data, judged = self.data, self.judgement
        return {
            "dataset": self.dataset,
            "revision": data.revision,
            "task": data.task,
            "classes": list(data.label_names),
            "splits": {split.name: {"images": len(split)} | self._shape(split) for split in self.pool.splits},
            "ledger": data.ledger.record(),
            "undecodable": list(data.bad_images),
            "equal": self._named(self.equal),
            "near_duplicates": self._named(self.near),
            "quality": {flag: self._image_list(numbers) for flag, numbers in self.flagged().items()},
            "labels": None if judged is None else self._labels(judged),
        }

    def _labels(self, judged: Judgement) -> dict[str, Any]:
        names = ("file", "split", "label", "suggested")
        suspects = [
            {name: getattr(row, name) for name in names}
            | {"confidence": float(row.confidence), "digest": f"{row.digest:016x}"}
            for row in self.label_rows
        ]
        unjudged = [self.data.label_names[number] for number in judged.unjudged]
        return {"network": self.network, "judged": judged.judged, "unjudged_classes": unjudged, "suspects": suspects}

    def _named(self, groups: Sequence[np.ndarray]) -> list[list[dict[str, str]]]:
        return [self._image_list(group) for group in groups]

    def _image_list(self, numbers: np.ndarray) -> list[dict[str, str]]:
        return [
            {"file": self.file(number), "split": self.pool.place(number)[0].name, "label": self.target(number)}
            for number in numbers
        ]

    def _shape(self, split: Any) -> dict[str, Any]:
        """Images of each class, or the least, mean and largest of each number; the smallest and largest size."""
        names, labels = self.data.label_names, split.labels
        if self.data.task == "regression":
            figures = zip(names, labels.min(0).tolist(), labels.mean(0).tolist(), labels.max(0).tolist(), strict=True)
            told: dict[str, Any] = {name: [low, mean, high] for name, low, mean, high in figures}
        else:
            counts = np.bincount(labels, minlength=len(names)) if labels.ndim == 1 else labels.sum(0).astype(int)
            told = dict(zip(names, counts.tolist(), strict=True))
        if split.sizes is None:
            return {"labels": told}
        order = np.argsort(split.sizes.prod(1), kind="stable")
        return {"labels": told, "sizes": split.sizes[order[[0, len(order) // 2, -1]]].tolist()}

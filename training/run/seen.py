"""`Seen`: which images of a split a run trained on, held out or never had, and what that says of figures on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from resnet_hub.checkpoint import SPLIT_FILE

from ..splits import ROLES, RecordedSplit, Split

TRAINED = ROLES.index("train")
USUALLY_TRAINED = "train"
"""The name of splits that networks are trained on."""


@dataclass(frozen=True)
class Seen:
    """What a run did with each image of a split."""

    roles: np.ndarray | None
    """Places in `ROLES`, -1 for images that are new to the run, int8 (N,); None where that is not known."""

    @classmethod
    def of(cls, split: Split, recorded: RecordedSplit | None) -> Self:
        """By the record of the run, and the images, which were looked at."""
        return cls(None if recorded is None or split.digests is None else recorded.roles(split.digests))

    @property
    def trained_on(self) -> np.ndarray:
        """Which images the run trained on, bool (N,). Raises: ValueError where that is not known."""
        if self.roles is None:
            raise ValueError("there is no record of what the network was trained on")
        return self.roles == TRAINED

    @property
    def partly(self) -> bool:
        """Whether some images were trained on and others not."""
        return self.roles is not None and 0 < self.trained_on.sum() < len(self.roles)

    def counts(self) -> dict[str, int] | None:
        """Images by what the run did with them: train, validation, test, new; None where that is not known."""
        if self.roles is None:
            return None
        return {name: int(np.sum(self.roles == place)) for place, name in enumerate(ROLES)} | {
            "new": int(np.sum(self.roles < 0))
        }

    def names(self, images: int) -> list[str | None]:
        """What the run did with each of so many images, as a name of `ROLES`; None for those that are new to it."""
        return [None] * images if self.roles is None else [None if place < 0 else ROLES[place] for place in self.roles]

    def lines(self, split: str, model: str) -> list[str]:
        """What to say of figures on these images."""
        counts = self.counts()
        if self.roles is None or counts is None:
            unknown = f"{split}: it is not known which images {model} was trained on (it has no {SPLIT_FILE})"
            told = "; figures on what it was trained on say little about new images"
            return [unknown + told if split == USUALLY_TRAINED else unknown]
        images, trained = len(self.roles), counts["train"]
        parts = [f"{trained:,} of {images:,} images were trained on ({trained / max(1, images):.1%})"]
        parts += [f"{counts[role]:,} were held out for {role}" for role in ROLES[1:] if counts[role]]
        parts += [f"{counts['new']:,} are new to the run"] if counts["new"] else []
        lines = [f"{split}: {', '.join(parts)}"]
        if trained == images:
            lines.append("  figures on images that were trained on say little about new ones")
        return lines

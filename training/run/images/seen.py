"""`Seen`: which images of a split a run trained on, held out or never had, and what that says of figures on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from resnet_hub.checkpoint import SPLIT_FILE

from ...splits import NEW, ROLES, UNKNOWN, RecordedSplit, Split

TRAINED = ROLES.index("train")
USUALLY_TRAINED = "train"
"""The name of splits that networks are trained on."""


@dataclass(frozen=True)
class Seen:
    """What a run did with each image of a split."""

    roles: np.ndarray | None
    """Places in `ROLES`, else `NEW` or `UNKNOWN`, int8 (N,); None where nothing is known."""

    @classmethod
    def of(cls, split: Split, recorded: RecordedSplit | None) -> Self:
        """By the record of the run, and the images, which were looked at."""
        if recorded is None or split.digests is None:
            return cls(None)
        roles = recorded.roles(split.digests)
        if split.name in {recorded.parts[role].name for role in ROLES[1:] if role in recorded.parts}:
            roles[roles == UNKNOWN] = NEW  # a split of the dataset's own, of which a stream measured the first images
        return cls(roles)

    @property
    def trained_on(self) -> np.ndarray:
        """Which images the run trained on or may have, bool (N,). Raises: ValueError where nothing is known."""
        if self.roles is None:
            raise ValueError("there is no record of what the network was trained on")
        return np.isin(self.roles, (TRAINED, UNKNOWN))

    @property
    def partly(self) -> bool:
        """Whether some images were trained on and others not."""
        return self.roles is not None and 0 < self.trained_on.sum() < len(self.roles)

    def counts(self) -> dict[str, int] | None:
        """Images by what the run did with them: train, validation, test, new; None where nothing is known.

        Where the run does not know what it trained on, `unknown` are those that it did not hold out.
        """
        if self.roles is None:
            return None
        places = {**{name: place for place, name in enumerate(ROLES)}, "new": NEW, "unknown": UNKNOWN}
        counts = {name: int(np.sum(self.roles == place)) for name, place in places.items()}
        return counts if counts["unknown"] else {name: counts[name] for name in (*ROLES, "new")}

    def names(self, images: int) -> list[str | None]:
        """What the run did with each of so many images, as a name of `ROLES`; None for new and unknown ones."""
        return [None] * images if self.roles is None else [None if place < 0 else ROLES[place] for place in self.roles]

    def lines(self, split: str, model: str) -> list[str]:
        """What to say of figures on these images."""
        counts = self.counts()
        if self.roles is None or counts is None:
            said = f"{split}: it is not known which images {model} was trained on (it has no {SPLIT_FILE})"
            told = "; figures on what it was trained on say little about new images"
            return [said + told if split == USUALLY_TRAINED else said]
        images, trained = len(self.roles), counts["train"]
        unknown = counts.get("unknown", 0)
        parts = [f"{trained:,} of {images:,} images were trained on ({trained / max(1, images):.1%})"]
        if unknown:
            parts = [f"{unknown:,} of {images:,} images may have been trained on, which the run did not look at before"]
        parts += [f"{counts[role]:,} were held out for {role}" for role in ROLES[1:] if counts[role]]
        parts += [f"{counts['new']:,} are new to the run"] if counts["new"] else []
        lines = [f"{split}: {', '.join(parts)}"]
        if trained + unknown == images:
            lines.append("  figures on images that were trained on say little about new ones")
        return lines

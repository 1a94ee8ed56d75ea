"""Which images are the segmentation masks of others beside them: a class learned from its masks is learned wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

MASK = re.compile(r"(.+)[ _.-](?:masks?|seg|segmentation|gt|groundtruth)(?:[ _.-]?\d{1,3})?", re.IGNORECASE)
"""How the name of a mask reads, after that of its image: "scan (1)_mask", "scan-mask-2"."""


def masks_among(names: Iterable[str]) -> frozenset[str]:
    """The names of one folder that say a mask of an image that is there too."""
    found = {name: match[1] for name in names if (match := MASK.fullmatch(PurePath(name).stem))}
    if not found:
        return frozenset()
    stems = {PurePath(name).stem for name in names}
    return frozenset(name for name, image in found.items() if image in stems)

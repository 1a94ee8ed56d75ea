"""The descriptor of an image: a thumbnail by which near-duplicates are found without opening the image again."""

from __future__ import annotations

import numpy as np
from PIL import Image

SIDE = 32
"""Pixels of a side of the thumbnail."""
LENGTH = SIDE * SIDE
"""Bytes of a descriptor."""


def describe(image: Image.Image) -> np.ndarray:
    """The descriptor of an opened image, uint8 (LENGTH,); alike for images that show nearly the same."""
    gray = image if image.mode == "L" else image.convert("L")
    filter_ = Image.Resampling.BOX if min(gray.size) >= SIDE else Image.Resampling.BILINEAR
    return np.asarray(gray.resize((SIDE, SIDE), filter_)).reshape(-1)

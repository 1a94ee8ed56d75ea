"""The descriptor of an image: a thumbnail by which near-duplicates are found without opening the image again."""

from __future__ import annotations

import numpy as np
from PIL import Image

SIDE = 32
"""Pixels of a side of the thumbnail."""
LENGTH = SIDE * SIDE
"""Bytes of a descriptor."""
VIEWED = 96
"""Pixels of the shorter side that an image is reduced towards: what the width of edges shows best in of it."""


def gray_view(image: Image.Image) -> Image.Image:
    """An opened image in gray levels (L), reduced by a whole number to a shorter side of 96 to 191 where it is longer.

    Transparent pixels show the color stored under them.
    """
    gray = image if image.mode == "L" else image.convert("L")
    factor = min(gray.size) // VIEWED
    return gray.reduce(factor) if factor > 1 else gray


def describe(view: Image.Image) -> np.ndarray:
    """The descriptor of a gray view, uint8 (LENGTH,); alike for images that show nearly the same."""
    filter_ = Image.Resampling.BOX if min(view.size) >= SIDE else Image.Resampling.BILINEAR
    return np.asarray(view.resize((SIDE, SIDE), filter_)).reshape(-1)

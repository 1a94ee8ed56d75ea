"""The quality of an image: is it blurred, dark, bright, blank or tiny?"""

from __future__ import annotations

import numpy as np
from PIL import Image

MEASURES = ("darkest", "middle", "brightest", "spread", "edge_width")
"""What is measured of an image, in this order."""
FLAGS = ("blank", "dark", "bright", "blurred", "tiny")
"""What an image may be flagged as."""
TINY = 16
"""Pixels of the shorter side below which an image is tiny."""


def measure_quality(image: Image.Image) -> np.ndarray:
    """The measures of an opened image, float32 (len(MEASURES),); see `quality_flags`."""
    gray = image if image.mode == "L" else image.convert("L")
    values = np.asarray(gray.resize((32, 32), Image.Resampling.BOX), np.float32)
    low, middle, high = np.percentile(values, (5, 50, 95))
    return np.array([low, middle, high, values.std(), 0], np.float32)


def quality_flags(measures: np.ndarray, sizes: np.ndarray) -> dict[str, np.ndarray]:
    """Which images are what, by flag: bool (N,) each.

    Args:
        measures: Of `measure_quality`, float32 (N, len(MEASURES)).
        sizes: Width and height in pixels, (N, 2).
    """
    _, _, high, spread, edge = measures.T
    blank = spread < 1
    return {
        "blank": blank,
        "dark": ~blank & (high < 40),
        "bright": ~blank & (measures[:, 0] > 235),
        "blurred": ~blank & (edge > 3),
        "tiny": sizes.min(1) < TINY,
    }

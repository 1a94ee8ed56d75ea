"""The quality of an image: is it blurred, dark, bright, blank or tiny?"""

from __future__ import annotations

import numpy as np
from PIL import Image

MEASURES = ("low", "middle", "high", "range", "edge_width")
"""What is measured of an image: gray levels that 5, 50 and 95 % of it stay below, the span of all, width of edges."""
SHARES = (0.05, 0.5, 0.95)
FLAGS = ("blank", "dark", "bright", "blurred", "tiny")
"""What an image may be flagged as."""
BLANK = 16
"""Gray levels from the darkest to the brightest pixel up to which an image is blank: the noise of cameras and JPEG."""
DARK, BRIGHT = 40, 225
"""Gray levels: dark where 95 % of an image lie below, bright where 95 % lie above."""
TINY = 16
"""Pixels of the shorter side below which an image is tiny."""
WIDE = 0.7
"""Standard deviation, in pixels of the gray view, of the blur of the sharpest edges from which an image is blurred."""
JUDGED = 96
"""Pixels of the shorter side from which edges are measured: smaller images have no more of them than they need."""
TILES = 4
"""Parts of a side that are measured by themselves: a photograph is sharp where its subject is."""


def measure_quality(view: Image.Image, descriptor: np.ndarray) -> np.ndarray:
    """The measures of an image, float32 (len(MEASURES),); see `quality_flags`.

    Args:
        view: Of `gray_view`.
        descriptor: Of `describe`.
    """
    below = np.bincount(descriptor, minlength=256).cumsum()
    low, middle, high = np.searchsorted(below, np.array(SHARES) * len(descriptor))
    darkest, brightest = view.getextrema()
    return np.array([low, middle, high, brightest - darkest, edge_width(view)], np.float32)  # type: ignore[operator]


def quality_flags(measures: np.ndarray, sizes: np.ndarray) -> dict[str, np.ndarray]:
    """Which images are what, by flag: bool (N,) each.

    Args:
        measures: Of `measure_quality`, float32 (N, len(MEASURES)).
        sizes: Width and height in pixels, (N, 2).
    """
    low, _, high, span, width = measures.T
    blank = span <= BLANK
    return {
        "blank": blank,
        "dark": ~blank & (high < DARK),
        "bright": ~blank & (low > BRIGHT),
        "blurred": ~blank & (width > WIDE),
        "tiny": sizes.min(1) < TINY,
    }


def edge_width(view: Image.Image) -> float:
    """The standard deviation, in pixels, of the Gaussian that blurs the sharpest edges; 0 where an image is too small.

    Of an edge blurred by s, the integral of the squared slope is 2 s^2 times that of the squared curvature, whatever
    its contrast. The sharpest of those parts of the image counts that have edges at all.
    """
    if min(view.size) < JUDGED:
        return 0.0
    pixels = np.asarray(view, np.float32)
    middle = pixels[1:-1, 1:-1]
    left, right, above, below = pixels[1:-1, :-2], pixels[1:-1, 2:], pixels[:-2, 1:-1], pixels[2:, 1:-1]
    slopes = _energy(right - left) / 4 + _energy(below - above) / 4
    curvatures = _energy(left + right - 2 * middle) + _energy(above + below - 2 * middle)
    edged = slopes > max(0.1 * slopes.max(), 1.0)
    return float(np.sqrt((slopes[edged] / np.maximum(2 * curvatures[edged], 1e-3)).min())) if edged.any() else 0.0


def _energy(values: np.ndarray) -> np.ndarray:
    """The mean square of each tile, (TILES, TILES)."""
    height, width = (side // TILES for side in values.shape)
    tiles = values[: TILES * height, : TILES * width].reshape(TILES, height, TILES, width)
    return np.einsum("ahbw,ahbw->ab", tiles, tiles) / (height * width)

"""Values -> colors by a perceptually uniform colormap: dark for 0, bright for 1, and still monotonic in grayscale."""

from __future__ import annotations

from functools import cache

import numpy as np


def colored(values: np.ndarray) -> np.ndarray:
    """Colors uint8 (..., 3) RGB of floats (...) from 0 to 1; what lies outside is clipped.

    Source: matplotlib's "inferno", with equal steps of lightness.
    """
    levels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return _table()[levels]


@cache
def _table() -> np.ndarray:
    """The 256 colors, uint8 (256, 3); matplotlib takes its time, so it is imported once they are needed."""
    import matplotlib

    return np.ascontiguousarray(matplotlib.colormaps["inferno"](np.arange(256), bytes=True)[:, :3])

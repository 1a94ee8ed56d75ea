"""Values that are not 8 bits -> 0 to 255: by a range that is recorded, declared or usual, never by the image's own."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

logger = logging.getLogger(__name__)
_told: list[str] = []

KINDS = "buif"
"""Types of values, as numpy abbreviates them: truth values, integers of either sign, floats."""
ValueRange = tuple[tuple[float, float], ...]
"""The values that become 0 and 255: one pair for all channels, or a pair for each."""
OWN = "own"
"""In place of a range: each channel from its own lowest to its own highest value. To look at, not for a network."""
DARK = 0.1
"""Share of the usual range below which an image of 16-bit values is nearly black."""


@dataclass(frozen=True)
class Raster:
    """An image's values as they stand in the file."""

    values: np.ndarray
    """(H, W, C)."""
    declared: tuple[float, float] | None = None
    """The range that the file states: its bit depth, that is."""
    alpha: bool = False
    """Whether the last channel is transparency."""
    orientation: int = 1
    """As in the EXIF tag."""


def eight_bit(raster: Raster, known: ValueRange | str | None, dark: str | None = None) -> np.ndarray:
    """uint8 (H, W, C) of an image's values: those below and above the range become 0 and 255, NaN becomes 0.

    Values of 8 bits stay as they are. Where no range is known or declared, integers are taken as 0..65535, and floats
    as 0..1 where none is above 1, else as 0..255. Where that makes an image nearly black it is logged, if `dark` names
    the image: of the first such image, for there may be many.
    """
    values = raster.values
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values * np.uint8(255)
    channels = values.shape[2]
    if known == OWN:
        pairs = [own_range(values[:, :, channel]) for channel in range(channels)]
    elif known is not None and not isinstance(known, str):
        pairs = list(known if len(known) == channels else known[:1] * channels)
    else:
        pairs = [raster.declared or usual_range(values, dark)] * channels
    if raster.alpha:
        pairs[-1] = (0.0, _largest(values.dtype))
    rows = np.empty(values.shape, np.uint8)
    for channel, (low, high) in enumerate(pairs):
        rows[:, :, channel] = scaled(values[:, :, channel], low, high)
    return rows


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8 of values from `low` (0) to `high` (255)."""
    exact = values if values.dtype.kind == "f" else values.astype(np.float64)
    exact = np.nan_to_num(exact, nan=low, posinf=high, neginf=low)
    return np.rint((exact - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)


def own_range(values: np.ndarray) -> tuple[float, float]:
    """The lowest and the highest finite value; a pair that differs where they do not."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high if high > low else low + 1


def usual_range(values: np.ndarray, dark: str | None) -> tuple[float, float]:
    """The range of values of which nothing is known."""
    largest = float(np.nanmax(values, initial=0, where=np.isfinite(values)))
    if values.dtype.kind == "f":
        return 0.0, 1.0 if largest <= 1 else 255.0
    if 0 < largest < DARK * 65535 and dark is not None and not _told:
        _told.append(dark)
        logger.warning(
            "%s holds values up to %.0f and is read as 0 to 65535, so it is nearly black: neither the file nor the "
            "network says their range. Training finds one, or takes --value-range LOW,HIGH, and records it; further "
            "images of this kind are not told of",
            dark,
            largest,
        )
    return 0.0, 65535.0


def _largest(kind: np.dtype) -> float:
    return float(np.iinfo(kind).max) if kind.kind in "ui" else 1.0

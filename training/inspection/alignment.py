"""Two thumbnails -> how alike they are once one is laid over the other, as a crop has to be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .descriptor import SIDE

STEPS = 3
"""Steps of Gauss-Newton, from a start that is right to a pixel."""
MOST_SCALE, MOST_SHIFT = 0.14, 0.08
"""How far a crop may differ from its original: share by which a side is scaled, and by which it is shifted."""
NEIGHBORHOOD = 9
"""Pixels of a side of the square whose mean is taken off each pixel: what is left are details."""
FAINT = 1.5
"""Gray levels of standard deviation below which the details are noise of rounding."""
BATCH = 256
"""Pairs that are aligned at a time."""


@dataclass(frozen=True)
class Placement:
    """Where second thumbnails lie in first ones: scale and shift in pixels, along x and y, (P, 2) each."""

    scale: np.ndarray
    shift: np.ndarray

    def moved(self, by: np.ndarray) -> Placement:
        """The placement after one step (P, 4), within what a small crop can be."""
        scale = np.clip(self.scale * (1 + by[:, :2]), 1 - MOST_SCALE, 1 + MOST_SCALE)
        shift = np.clip(self.shift + by[:, 2:], -MOST_SHIFT * SIDE, MOST_SHIFT * SIDE)
        return Placement(scale.astype(np.float32), shift.astype(np.float32))


def thumbnails(descriptors: np.ndarray) -> np.ndarray:
    """Descriptors uint8 (P, LENGTH) as gray pixels without what aliasing left, float32 (P, SIDE, SIDE)."""
    pixels = descriptors.reshape(-1, SIDE, SIDE).astype(np.float32)
    return np.asarray(_smoothing() @ pixels @ _smoothing().T)


def likeness(first: np.ndarray, second: np.ndarray, start: Placement) -> np.ndarray:
    """The correlation of details after the best alignment, -1 to 1, float32 (P,); 0 where there are hardly any details.

    Details are used because two pictures of sea below sky have nearly everything else in common. The alignment is by
    Gauss-Newton on scale, shift, contrast and brightness.
    Source: Baker and Matthews 2004, "Lucas-Kanade 20 Years On".

    Args:
        first: Thumbnails, float32 (P, SIDE, SIDE).
        second: The same.
        start: Where each second one lies in its first one, about.
    """
    placement, best = start, np.full(len(first), -1, np.float32)
    for step in range(STEPS + 1):
        warped, seen = _warped(first, placement)
        best = np.maximum(best, _correlation(_details(warped), _details(second), seen))
        if step < STEPS:
            placement = placement.moved(_step(warped, second, seen))
    return best


def evidence(alike: np.ndarray, images: np.ndarray) -> np.ndarray:
    """How much a correlation of details says, -ln of about its chance among unrelated images, float32 (P,).

    It follows from how many frequencies the details consist of, as if they were so many independent numbers: one
    straight edge is like any other, and correlates well with all.

    Args:
        alike: Correlations, (P,).
        images: Thumbnails of one of each two, (P, SIDE, SIDE).
    """
    inner = _details(images)[:, 2:-2, 2:-2]
    power = np.square(np.abs(np.fft.fft2(inner - inner.mean((1, 2), keepdims=True)))).reshape(len(images), -1)
    frequencies = np.square(power.sum(1)) / np.maximum(np.square(power).sum(1), 1e-6)
    return -frequencies / 2 * np.log(np.maximum(1 - np.square(alike), 1e-6))


def _warped(images: np.ndarray, placement: Placement) -> tuple[np.ndarray, np.ndarray]:
    """The images sampled where they are placed, and which samples lie inside of them, (P, SIDE, SIDE) each."""
    across, in_x = _sampling(placement.scale[:, 0], placement.shift[:, 0])
    down, in_y = _sampling(placement.scale[:, 1], placement.shift[:, 1])
    return down @ images @ across.transpose(0, 2, 1), in_y[:, :, None] * in_x[:, None, :]


def _sampling(scale: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices of linear interpolation along one side, (P, SIDE, SIDE), and which samples are inside, (P, SIDE)."""
    middle = (SIDE - 1) / 2
    pixels = np.arange(SIDE, dtype=np.float32)
    places = middle + scale[:, None] * (pixels - middle) + shift[:, None]
    inside = ((places > -0.5) & (places < SIDE - 0.5)).astype(np.float32)
    distance = np.abs(np.clip(places, 0, SIDE - 1)[:, :, None] - pixels)
    return np.maximum(0, 1 - distance), inside


def _step(warped: np.ndarray, second: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Changes of scale and shift, (P, 4), that bring the first images closest to the second ones, to first order."""
    from_middle = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    rise_y, rise_x = np.gradient(warped, axis=(1, 2))
    columns = (rise_x * from_middle, rise_y * from_middle[:, None], rise_x, rise_y, -second, -np.ones_like(second))
    jacobian = (np.stack(columns, 1) * seen[:, None]).reshape(len(warped), len(columns), -1)
    normal = jacobian @ jacobian.transpose(0, 2, 1) + 0.1 * np.eye(len(columns), dtype=np.float32)
    residual = (warped * seen).reshape(len(warped), -1, 1)
    return np.linalg.solve(normal, -(jacobian @ residual))[:, :4, 0]


def _details(images: np.ndarray) -> np.ndarray:
    return images - _averaging() @ images @ _averaging().T


def _correlation(first: np.ndarray, second: np.ndarray, seen: np.ndarray) -> np.ndarray:
    count = seen.sum((1, 2))
    parts = [
        (image - (image * seen).sum((1, 2), keepdims=True) / count[:, None, None]) * seen for image in (first, second)
    ]
    variances = [np.square(part).sum((1, 2)) / count for part in parts]
    product = (parts[0] * parts[1]).sum((1, 2)) / count
    clear = np.minimum(*variances) > FAINT**2
    return np.where(clear, product / np.sqrt(np.maximum(variances[0] * variances[1], 1e-6)), 0)


@cache
def _averaging() -> np.ndarray:
    """The matrix of means over a neighborhood along one side, edges repeated."""
    return _kernel(np.full(NEIGHBORHOOD, 1 / NEIGHBORHOOD))


@cache
def _smoothing() -> np.ndarray:
    return _kernel(np.array([0.25, 0.5, 0.25]))


def _kernel(weights: np.ndarray) -> np.ndarray:
    matrix, reach = np.zeros((SIDE, SIDE), np.float32), len(weights) // 2
    for row in range(SIDE):
        for offset, weight in enumerate(weights, start=-reach):
            matrix[row, min(max(row + offset, 0), SIDE - 1)] += weight
    return matrix

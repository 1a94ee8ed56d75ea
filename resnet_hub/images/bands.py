"""`Bands`: an image of any number of channels, with the part of Pillow's interface that images need on their way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from resnet_hub.config import IMAGE_MODES


class Bands:
    """An image of 8-bit channels, each one a Pillow image in L.

    Pillow has no image of, say, 13 channels. What it does to one channel it does to each of an RGB image, so that
    an image here is resized and cropped exactly as those are.
    """

    def __init__(self, bands: Sequence[Image.Image]) -> None:
        """Takes images of the mode L and one size."""
        self.bands = tuple(bands)
        self.size = bands[0].size
        self.width, self.height = self.size
        self.info: dict[str, Any] = {}

    @property
    def mode(self) -> str:
        """The number of channels in words, where a Pillow image names its mode."""
        return f"{len(self.bands)} bands"

    def resize(
        self,
        size: tuple[int, int] | list[int],
        resample: int,
        box: tuple[float, float, float, float] | None = None,
        reducing_gap: float | None = None,
    ) -> Bands:
        """As of a Pillow image."""
        return Bands([band.resize(size, resample, box, reducing_gap) for band in self.bands])

    def crop(self, box: tuple[float, float, float, float]) -> Bands:
        """As of a Pillow image."""
        return Bands([band.crop(box) for band in self.bands])

    def transpose(self, method: Image.Transpose) -> Bands:
        """As of a Pillow image."""
        return Bands([band.transpose(method) for band in self.bands])

    def tobytes(self) -> bytes:
        """The values, row by row, the channels of a pixel together."""
        return np.asarray(self).tobytes()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The values, uint8 (H, W, C)."""
        rows = np.stack([np.asarray(band) for band in self.bands], axis=-1)
        return rows if dtype is None else rows.astype(dtype)


Opened = Image.Image | Bands
"""What `open_image` gives: 8 bits for each channel."""


def image_of(rows: np.ndarray) -> Opened:
    """The image of uint8 values (H, W, C): gray for one channel, RGB for three, RGBA for four, else `Bands`."""
    channels = rows.shape[2]
    if channels in IMAGE_MODES:
        return Image.fromarray(rows[:, :, 0] if channels == 1 else rows)
    return Bands([Image.fromarray(np.ascontiguousarray(rows[:, :, channel])) for channel in range(channels)])


def blank_image(channels: int) -> Opened:
    """A black pixel of so many channels, in place of an image that cannot be read."""
    return image_of(np.zeros((1, 1, channels), np.uint8)) if channels not in IMAGE_MODES else Image.new("RGB", (1, 1))


def visible(image: Opened) -> Image.Image:
    """What a person can look at: the image, or of other channels the first three as red, green and blue."""
    if isinstance(image, Image.Image):
        return image
    return Image.merge("RGB", image.bands[:3]) if len(image.bands) > 2 else image.bands[0]

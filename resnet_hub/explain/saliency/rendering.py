"""A heat map in colors over its image: the stronger the evidence the less shines through, so the object stays seen."""

from __future__ import annotations

import numpy as np
from PIL import Image

from resnet_hub.checks import check_range
from resnet_hub.explain.saliency.colormap import colored
from resnet_hub.explain.saliency.heat_maps import HeatMap

OPACITY = 0.8
"""Opacity of the colors where the evidence is strongest."""


def glow(found: HeatMap) -> Image.Image:
    """The colors of a map as RGBA, as large as the map: transparent where nothing speaks for the class, opaque at 1."""
    alpha = np.rint(255 * found.values).astype(np.uint8)
    return Image.fromarray(np.dstack([colored(found.values), alpha]))


def overlay(image: Image.Image, found: HeatMap, opacity: float = OPACITY) -> Image.Image:
    """The image, RGB in its own size, under the glow of the map.

    Args:
        image: What the network saw, in any size.
        found: The heat map, stretched to the image.
        opacity: That of the strongest evidence; 0 shows the image alone.

    Raises:
        ConfigError: The opacity is not from 0 to 1.
    """
    check_range("opacity", opacity, 0, 1)
    # The values are stretched, not the colors: between a color and a transparent one would lie a darker one.
    values = np.clip(np.asarray(Image.fromarray(found.values).resize(image.size, Image.Resampling.BILINEAR)), 0, 1)
    mask = Image.fromarray(np.rint(255 * opacity * values).astype(np.uint8))
    return Image.composite(Image.fromarray(colored(values)), image.convert("RGB"), mask)

"""The glow of a heat map over an image: the object stays visible where nothing speaks for the class."""

import numpy as np
import pytest
from explained import COLORS, heat_map_of, square
from PIL import Image

from resnet_hub.errors import ConfigError
from resnet_hub.explain.saliency.colormap import colored
from resnet_hub.explain.saliency.rendering import OPACITY, glow, overlay


def test_the_image_is_untouched_where_there_is_no_evidence_and_glows_where_it_is_strongest():
    values = np.zeros((32, 32))
    values[8:16, 8:16] = 1
    image = np.asarray(square(COLORS[0], 5, 5), dtype=float)
    over = np.asarray(overlay(Image.fromarray(image.astype(np.uint8)), heat_map_of(values)), dtype=float)
    assert np.array_equal(over[values == 0], image[values == 0])
    expected = (1 - OPACITY) * image + OPACITY * colored(np.ones((32, 32)))
    assert np.abs(over - expected)[values == 1].max() <= 1


def test_between_them_opacity_follows_the_value():
    values = np.linspace(0, 1, 32 * 32).reshape(32, 32)
    image = square(COLORS[0], 5, 5)
    assert np.array_equal(overlay(image, heat_map_of(values), 0), image)
    full = np.asarray(overlay(image, heat_map_of(values), 1), dtype=float)
    part = values[:, :, None]
    assert np.abs(full - (1 - part) * np.asarray(image, dtype=float) - part * colored(values)).max() <= 2


def test_the_glow_over_the_image_is_the_overlay():
    values = np.linspace(0, 1, 32 * 32).reshape(32, 32)
    image = square(COLORS[1], 9, 9).convert("RGBA")
    together = np.asarray(Image.alpha_composite(image, glow(heat_map_of(values))).convert("RGB"), dtype=float)
    assert np.abs(together - np.asarray(overlay(image, heat_map_of(values), 1), dtype=float)).max() <= 2


def test_the_overlay_has_the_size_and_colors_of_an_image():
    over = overlay(Image.new("L", (50, 20), 200), heat_map_of(np.ones((32, 32))), 0.3)
    assert (over.size, over.mode) == ((50, 20), "RGB")


@pytest.mark.parametrize("opacity", [-0.1, 1.5, "much"])
def test_an_impossible_opacity_is_refused(opacity):
    with pytest.raises(ConfigError, match="out of range; expected a number from 0 to 1"):
        overlay(square(COLORS[0], 0, 0), heat_map_of(np.ones((32, 32))), opacity)

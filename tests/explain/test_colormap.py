"""Colors that keep the order of the numbers."""

import matplotlib
import numpy as np

from resnet_hub.explain.saliency.colormap import colored

# Luminance of sRGB, rec. 709.
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def test_the_colors_are_matplotlib_s():
    expected = matplotlib.colormaps["inferno"](np.arange(256), bytes=True)[:, :3]
    assert np.array_equal(colored(np.linspace(0, 1, 256)), expected)


def test_a_larger_number_is_brighter_at_every_step():
    levels = colored(np.linspace(0, 1, 256)) @ LUMINANCE
    assert (np.diff(levels) > -0.5).all()  # one level of one channel may be rounded down
    assert levels[0] < 5
    assert levels[-1] > 240


def test_colors_have_the_shape_of_the_numbers():
    found = colored(np.zeros((3, 5), dtype=np.float32))
    assert found.shape == (3, 5, 3)
    assert found.dtype == np.uint8


def test_numbers_outside_are_clipped():
    assert np.array_equal(colored(np.array([-1.0, 2.0])), colored(np.array([0.0, 1.0])))

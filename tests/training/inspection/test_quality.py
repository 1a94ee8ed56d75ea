"""Blurred, dark, bright, blank and tiny images are flagged, and sharp photographs are not."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from training.inspection import FLAGS, describe, gray_view, measure_quality, quality_flags


def flags(image):
    view = gray_view(image)
    found = quality_flags(measure_quality(view, describe(view))[None], np.array([image.size]))
    return {name for name in FLAGS if found[name][0]}


@pytest.fixture(scope="module")
def photographs(data_folder):
    return [Image.open(file).convert("RGB") for file in sorted((data_folder / "imagenet_samples").glob("*"))[::5]]


def test_sharp_photographs_have_no_flag(photographs):
    assert [flags(image) for image in photographs] == [set()] * len(photographs)


def test_blurred_and_dark_photographs_are_flagged(photographs):
    blurred = [image.resize((400, 300)).filter(ImageFilter.GaussianBlur(5)) for image in photographs]
    assert np.mean(["blurred" in flags(image) for image in blurred]) >= 0.9
    assert all("dark" in flags(ImageEnhance.Brightness(image).enhance(0.1)) for image in photographs)


@pytest.mark.parametrize(
    ("image", "flag"),
    [
        (Image.new("RGB", (300, 200), "white"), {"blank"}),
        (Image.new("L", (300, 200)), {"blank"}),
        (Image.effect_noise((12, 40), 50), {"tiny"}),
    ],
)
def test_what_has_little_to_show_is_flagged(image, flag):
    assert flags(image) == flag

"""Operations on batches, each beside Pillow's on one image after the other."""

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import auto_augment as peer

from training.loading.augmentation.operations import OPERATIONS, applied
from training.loading.augmentation.warps import WARPS

rng = np.random.default_rng(0)
FLAT = np.full((20, 24, 3), 77, np.uint8)
SMOOTH = np.linspace(30, 190, 20 * 24 * 3).reshape(20, 24, 3).astype(np.uint8)
IMAGES = [*rng.integers(0, 256, (3, 20, 24, 3), dtype=np.uint8), *rng.integers(60, 90, (2, 20, 24, 3), np.uint8)]
IMAGES += [FLAT, SMOOTH]
FILL = (124, 116, 104)
STRENGTHS = {
    "brightness": (0.1, 0.7, 1.0, 1.9),
    "color": (0.0, 0.4, 1.6),
    "contrast": (0.1, 0.9, 1.8),
    "sharpness": (0.1, 0.5, 1.9),
    "posterize": (0, 1, 4, 7, 8),
    "solarize": (0, 100, 255, 256),
    "solarize_add": (0, 50, 110),
    "autocontrast": (0,),
    "equalize": (0,),
    "invert": (0,),
    "shear_x": (-0.3, 0.2),
    "shear_y": (-0.1, 0.3),
    "translate_x": (-5, 3.5),
    "translate_y": (4, -2.25),
    "translate_x_rel": (0.45, -0.1),
    "translate_y_rel": (0.2,),
    "rotate": (-30, 10, 120),
}
TIMM = {"autocontrast": "auto_contrast", "translate_x": "translate_x_abs", "translate_y": "translate_y_abs"}


def batch(images):
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


def changed(images, name, strength, resampling="bilinear"):
    names, strengths = np.full(len(images), name, object), np.full(len(images), strength, float)
    fill = torch.tensor(FILL, dtype=torch.uint8)[:, None, None]
    found = applied(batch(images), names, strengths, fill, np.full(len(images), resampling))
    return found.permute(0, 2, 3, 1).numpy().astype(int)


def by_pillow(image, name, strength, resample=Image.Resampling.BILINEAR):
    function = getattr(peer, TIMM.get(name, name))
    given = () if name in ("autocontrast", "equalize", "invert") else (strength,)
    return np.asarray(function(Image.fromarray(image), *given, fillcolor=FILL, resample=resample)).astype(int)


def test_every_operation_is_tried():
    assert set(STRENGTHS) == set(OPERATIONS) | set(WARPS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_changes_each_pixel_as_pillow_does(name):
    for strength in STRENGTHS[name]:
        for image, found in zip(IMAGES, changed(IMAGES, name, strength), strict=True):
            assert np.abs(found - by_pillow(image, name, strength)).max() <= (1 if name in FLOATING else 0), strength


FLOATING = ("brightness", "color", "contrast", "sharpness")
"""Pillow computes these in float32, in another order: the last level may differ where it is cut."""


@pytest.mark.parametrize("name", sorted(WARPS))
def test_a_warp_moves_the_pixels_as_pillow_does(name):
    for strength in STRENGTHS[name]:
        for image, found in zip(IMAGES, changed(IMAGES, name, strength), strict=True):
            apart = np.abs(found - by_pillow(image, name, strength)).max(2)
            assert np.mean(apart > 3) < 0.03, strength  # Pillow's steps are fixed-point; an edge falls to either side


def test_each_image_of_a_batch_gets_its_own_operation_and_the_batch_is_left_alone():
    images = batch(IMAGES[:4])
    before = images.clone()
    fill = torch.zeros(3, 1, 1, dtype=torch.uint8)
    names = np.array(["invert", "identity", "translate_x", "solarize_add"], object)
    found = applied(images, names, np.array([0, 0, 24.0, 255]), fill)
    assert torch.equal(images, before)
    assert torch.equal(found[0], 255 - images[0])
    assert torch.equal(found[1], images[1])
    assert not found[2].any()
    assert (found[3] >= 128).all()


def test_gray_images_are_changed_as_their_colors_would_be():
    gray = IMAGES[0][:, :, :1]
    for name in ("color", "contrast", "sharpness", "equalize", "autocontrast"):
        one = changed([gray], name, 0.4)[0]
        assert np.array_equal(one, changed([gray.repeat(3, 2)], name, 0.4)[0][:, :, :1]), name

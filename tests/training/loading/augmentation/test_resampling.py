"""Crops of different sizes in one size: on a CPU and, by matrices, elsewhere, beside Pillow."""

import numpy as np
import pytest
import torch
from PIL import Image

from training.loading.augmentation.resampling import TOGETHER, resampled, resampled_together

FILTERS = ("nearest", "bilinear", "bicubic", "lanczos")
SIZE = (24, 30)


def photograph(height, width, channels=3):
    """Smooth waves with some noise, as photographs are."""
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / (3 + band)) + np.cos(y / (5 + band)) for band in range(channels)], -1)
    noise = np.random.default_rng(height).normal(0, 8, waves.shape)
    return np.clip(127 + 60 * waves + noise, 0, 255).astype(np.uint8)


PARTS = [photograph(*size) for size in [(24, 30), (60, 50), (9, 101), (100, 9), (25, 31), (13, 17)]]


def by_pillow(part, filter_):
    return np.asarray(Image.fromarray(part).resize(SIZE[::-1], Image.Resampling[filter_.upper()])).astype(int)


@pytest.mark.parametrize("filter_", FILTERS)
def test_both_ways_give_what_pillow_gives_but_for_rounding(filter_):
    flat = torch.from_numpy(np.concatenate([part.ravel() for part in PARTS]))
    sizes = np.array([part.shape[:2] for part in PARTS])
    together = resampled_together(flat, sizes, 3, SIZE, filter_)
    for part, other in zip(PARTS, together, strict=True):
        alone = resampled(part, SIZE, filter_)
        assert (alone.dtype, other.dtype) == (torch.uint8, torch.uint8)
        for found in (alone, other):
            apart = np.abs(found.permute(1, 2, 0).numpy().astype(int) - by_pillow(part, filter_))
            assert apart.max() <= 2
            assert apart.mean() < 0.05


@pytest.mark.parametrize("channels", [1, 4, 5])
def test_other_channels_are_resampled_as_well(channels):
    part = photograph(40, 60, channels)
    flat = torch.from_numpy(part.ravel())
    together = resampled_together(flat, np.array([[40, 60]]), channels, SIZE, "bicubic")
    alone = resampled(part, SIZE, "bicubic")
    assert alone.shape == together.shape[1:] == (channels, *SIZE)
    assert (alone.int() - together[0].int()).abs().max() <= 2


def test_more_images_than_are_resampled_at_a_time_all_come_in_their_places():
    parts = [np.full((10 + number % 7, 12, 3), number, np.uint8) for number in range(2 * TOGETHER + 3)]
    flat = torch.from_numpy(np.concatenate([part.ravel() for part in parts]))
    found = resampled_together(flat, np.array([part.shape[:2] for part in parts]), 3, SIZE, "bilinear")
    assert found.amin((1, 2, 3)).tolist() == found.amax((1, 2, 3)).tolist() == list(range(len(parts)))

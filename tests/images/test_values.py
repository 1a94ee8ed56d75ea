"""Values of more than 8 bits: recorded, declared or usual ranges, and never one of an image's own for a network."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from encoded_images import npy, png, tiff, wide_png

from resnet_hub.config import Preprocessing
from resnet_hub.images import open_to_look_at, values, values_of
from resnet_hub.preprocessing.pixels import open_image, to_channels

RAMP = np.array([[0, 1024, 2048, 4095]], np.uint16)
TWELVE = [[0, 64, 128, 255]]
COLORS = np.repeat(RAMP[:, :, None], 3, 2)
CLEAR = np.concatenate([COLORS, np.full((1, 4, 1), 65535, np.uint16)], 2)
FILES = {
    "gray PNG": png(RAMP),
    "gray TIFF": tiff(RAMP),
    "colors in PNG": wide_png(COLORS),
    "colors in PNG with alpha": wide_png(CLEAR),
    "gray PNG with alpha": wide_png(CLEAR[:, :, 2:]),
    "colors in TIFF": tiff(COLORS, photometric="rgb"),
    "floats": tiff(RAMP.astype(np.float32)),
    "npy": npy(RAMP),
}


def seen(data: bytes, **options: object) -> list[list[int]]:
    settings = Preprocessing(input_size=(1, 32, 32), mean=(0.5,), std=(0.5,), **options)
    return np.asarray(to_channels(open_image(data, preprocessing=settings), 1)).tolist()


@pytest.mark.parametrize("kind", FILES)
def test_a_recorded_range_is_black_to_white(kind):
    assert seen(FILES[kind], value_range=((0, 4095),)) == TWELVE


def test_gray_of_16_bits_with_transparency_is_read_in_full():
    pairs = np.stack([RAMP, RAMP[:, ::-1] * 16 + 3], 2)
    found = values_of(wide_png(pairs))
    assert (found.values.tolist(), found.alpha) == (pairs.tolist(), True)


DECLARED = {
    "largest value": tiff(RAMP, extratags=[(281, "H", 1, 4095, True)]),
    "largest value of a sample": tiff(RAMP, extratags=[(341, "H", 1, 4095, True)]),
}


@pytest.mark.parametrize("tag", DECLARED)
def test_a_declared_bit_depth_is_black_to_white(tag):
    assert seen(DECLARED[tag]) == TWELVE


def test_a_largest_value_that_only_this_image_has_is_no_range():
    assert seen(tiff(RAMP, extratags=[(281, "H", 1, 3000, True)])) == seen(tiff(RAMP))


def test_a_nearly_black_image_is_told_once(caplog, monkeypatch):
    monkeypatch.setattr(values, "_told", [])
    with caplog.at_level(logging.WARNING):
        first = seen(png(RAMP))
        seen(png(RAMP))
    assert first == [[0, 4, 8, 16]]
    assert len(caplog.records) == 1
    assert "--value-range" in caplog.text


def test_to_look_at_each_image_has_its_own_range():
    assert np.asarray(open_to_look_at(png(RAMP // 4))).tolist() == [[0, 64, 128, 255]]

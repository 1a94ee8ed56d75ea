"""The range of training images' values: given, else as the network's, else found and said."""

from __future__ import annotations

import logging

import datasets
import numpy as np
import pytest
from datasets import Dataset
from encoded_images import banded, npy, png, tiff
from PIL import Image

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ImageError
from training.splits import Split, with_values

RNG = np.random.default_rng(0)


def split(*files: bytes) -> Split:
    cells = [{"path": None, "bytes": file} for file in files]
    rows = Dataset.from_dict({"image": cells}).cast_column("image", datasets.Image(decode=False))
    return Split("train", rows, np.zeros(len(files), np.int64))


def gray(most: int, kind: type = np.uint16) -> np.ndarray:
    return np.linspace(0, most, 64).reshape(8, 8).astype(kind)


PLAIN = png(Image.new("RGB", (8, 8), "red"))
FOUND = {
    "8 bits": ((PLAIN, png(gray(255, np.uint8))), None),
    "12 bits": ((png(gray(900)), tiff(gray(4071)), PLAIN), ((0, 4095),)),
    "16 bits": ((png(gray(4071)), png(gray(40_000))), ((0, 65_535),)),
    "floats to 1": ((npy(gray(1, np.float32)),), ((0, 1),)),
    "declared": ((tiff(gray(90), extratags=[(281, "H", 1, 1023, True)]),), ((0, 1023),)),
}


@pytest.mark.parametrize("kind", FOUND)
def test_the_range_is_that_of_all_images(kind):
    files, expected = FOUND[kind]
    assert with_values(Preprocessing(), split(*files), None).value_range == expected


def test_what_was_assumed_is_said_with_the_flag_that_chooses(caplog):
    with caplog.at_level(logging.INFO):
        with_values(Preprocessing(), split(png(gray(4071))), None)
    assert "12 bits" in caplog.text
    assert "--value-range" in caplog.text


def test_a_range_that_is_given_or_known_is_not_found_again():
    files = split(png(gray(4071)))
    known = Preprocessing(value_range=((0, 1023),))
    assert with_values(known, files, None).value_range == ((0, 1023),)
    assert with_values(known, files, (5, 9)).value_range == ((5, 9),)


def test_each_of_several_bands_has_its_range_mean_and_spread():
    values = RNG.integers(0, 100, (32, 32, 5)) * [1, 10, 100, 1, 1]
    values[0, 0, 3] = 60_000  # a hot pixel
    found = with_values(Preprocessing().with_channels(5), split(*[banded(values.astype(np.uint16))] * 2), None)
    assert found.value_range is not None
    assert [high for _, high in found.value_range] == pytest.approx([99, 990, 9900, 99, 99], rel=0.01)
    assert found.mean == pytest.approx([0.5] * 5, abs=0.02)
    assert found.std == pytest.approx([0.29] * 5, abs=0.02)


def test_mean_and_spread_that_came_with_a_network_of_several_bands_stay():
    trained = Preprocessing(input_size=(5, 32, 32), mean=(0.1, 0.2, 0.3, 0.4, 0.5), std=(0.2,) * 5)
    assert with_values(trained, split(banded(np.zeros((8, 8, 5), np.uint8))), None) == trained


@pytest.mark.parametrize(("channels", "code"), [(3, "bands"), (13, "other_channels")])
def test_images_of_other_bands_than_the_network_stop_the_run_before_it_begins(channels, code):
    files = {3: banded(np.zeros((8, 8, 13), np.uint16)), 13: PLAIN}
    with pytest.raises(ImageError) as refused:
        with_values(Preprocessing().with_channels(channels), split(files[channels]), None)
    assert refused.value.code == f"preprocessing.{code}"

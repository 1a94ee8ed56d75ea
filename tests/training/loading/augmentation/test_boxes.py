"""Random rectangles: distributed as timm's, which are drawn here beside them."""

import math
import random

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data.random_erasing import RandomErasing
from timm.data.transforms import RandomResizedCropAndInterpolation

from training.loading.augmentation.boxes import crop_box, erased_box
from training.loading.augmentation.draws import BOX, CROP, ERASING, draw

MANY = 4000


def gap(first, second):
    """The largest distance between two distributions (Kolmogorov and Smirnov); by chance below 0.045 with so many."""
    every = np.sort(np.concatenate((first, second)))
    return np.abs(
        np.searchsorted(np.sort(first), every, "right") / len(first)
        - np.searchsorted(np.sort(second), every, "right") / len(second)
    ).max()


def described(boxes, size):
    """Area, aspect, left and top of boxes, in columns."""
    left, top, right, bottom = np.array(boxes, float).T
    room_x, room_y = np.maximum(size[0] - (right - left), 1), np.maximum(size[1] - (bottom - top), 1)
    return (right - left) * (bottom - top), (right - left) / (bottom - top), left / room_x, top / room_y


@pytest.mark.parametrize("size", [(500, 375), (224, 224), (640, 80), (30, 400)])
def test_crops_are_distributed_as_those_of_timm(size):
    random.seed(0)
    image, ours, theirs = Image.new("L", size), [], []
    for index in range(MANY):
        ours.append(crop_box(size, 1.0, 0.35, draw(0, 1, index)[CROP]))
        top, left, height, width = RandomResizedCropAndInterpolation.get_params(image, (0.35, 1.0), (3 / 4, 4 / 3))
        theirs.append((left, top, left + width, top + height))
    for mine, peer in zip(described(ours, size), described(theirs, size), strict=True):
        assert gap(mine, peer) < 0.045


@pytest.mark.parametrize("size", [(90, 60), (10, 1000), (1000, 10), (1, 1)])
def test_a_crop_lies_inside_the_image_whatever_its_shape(size):
    for index in range(300):
        left, top, right, bottom = crop_box(size, 1.5, 0.1, draw(0, 1, index)[CROP])
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]


def test_a_crop_keeps_the_aspect_of_an_input_that_is_not_square():
    boxes = [crop_box((400, 400), 2.0, 0.1, draw(0, 1, index)[CROP]) for index in range(500)]
    aspects = np.array([(right - left) / (bottom - top) for left, top, right, bottom in boxes])
    assert (aspects.min(), aspects.max()) == (pytest.approx(2 * 3 / 4, abs=0.05), pytest.approx(2 * 4 / 3, abs=0.05))


def test_erased_rectangles_are_as_frequent_and_as_large_as_timm_s():
    random.seed(0)
    size, ours, theirs = (48, 32), [], []
    erase = RandomErasing(0.25, device="cpu")
    for index in range(2 * MANY):
        if box := erased_box(size, 0.25, draw(0, 1, index)[ERASING]):
            ours.append(box)
        gone = erase(torch.ones(1, size[1], size[0], dtype=torch.bool))[0].logical_not()
        if gone.any():
            (top, left), (bottom, right) = (gone.nonzero().amin(0).tolist(), (gone.nonzero().amax(0) + 1).tolist())
            theirs.append((left, top, right, bottom))
    assert abs(len(ours) - len(theirs)) < 5 * math.sqrt(2 * 2 * MANY * 0.25 * 0.75)
    for mine, peer in zip(described(ours, size), described(theirs, size), strict=True):
        assert gap(mine, peer) < 0.065  # of 2,000 each


def test_nothing_is_erased_where_no_rectangle_fits():
    assert erased_box((1, 100), 1.0, np.linspace(0, 0.9, 1 + BOX)) is None

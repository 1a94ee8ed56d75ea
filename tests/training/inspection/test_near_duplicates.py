"""Near-duplicates are found, and pictures that only have much in common are not taken for them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from training.inspection import describe, find_near_duplicates, gray_view, group_pairs


def descriptor(image):
    return describe(gray_view(image.convert("RGB")))


def encoded(image, quality):
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def cropped(image, left, top, right, bottom):
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


CHANGES = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "half as large again": lambda image: image.resize((image.width * 3 // 2, image.height * 3 // 2)),
    "JPEG of quality 50": lambda image: encoded(image, 50),
    "cropped by 5 % at a corner": lambda image: cropped(image, 0.05, 0.05, 0, 0),
    "cropped by 5 % on one side": lambda image: cropped(image, 0, 0, 0.05, 0),
    "cropped by 5 % on every side": lambda image: cropped(image, 0.05, 0.05, 0.05, 0.05),
    "lighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "cropped, small and in JPEG": lambda image: encoded(cropped(image, 0.02, 0.03, 0.03, 0.02).resize((200, 150)), 75),
}


@pytest.fixture(scope="module")
def photographs(data_folder):
    files = sorted((data_folder / "hymenoptera" / "val").rglob("*.jpg"))[::3]
    return [Image.open(file).convert("RGB") for file in files]


@pytest.fixture(scope="module")
def originals(photographs):
    return np.array([descriptor(image) for image in photographs])


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_photograph_is_found_and_no_other_pair_is(change, photographs, originals):
    changed = np.array([descriptor(CHANGES[change](image)) for image in photographs])
    found = {pair[:2] for pair in find_near_duplicates(np.concatenate([originals, changed]))}
    wanted = {(index, len(originals) + index) for index in range(len(originals))}
    assert found <= wanted
    assert len(found) >= 0.95 * len(wanted)


def test_photographs_of_the_same_kinds_are_no_near_duplicates(originals):
    assert find_near_duplicates(originals) == []


def test_digits_that_are_much_alike_are_no_near_duplicates():
    from training.data.load_dataset import digits

    images = digits()["train"].select(range(600))["image"]
    assert find_near_duplicates(np.array([descriptor(image) for image in images])) == []


def test_blank_pictures_are_no_near_duplicates():
    images = [Image.new("L", (100, 80), 255 - seed % 4) for seed in range(40)]
    assert find_near_duplicates(np.array([descriptor(image) for image in images])) == []


def test_the_pairs_do_not_depend_on_what_else_is_in_a_small_set(photographs, originals):
    changed = descriptor(CHANGES["cropped by 5 % at a corner"](photographs[0]))
    for count in (1, 2, len(originals)):
        pairs = find_near_duplicates(np.concatenate([originals[:count], [changed]]))
        assert [pair[:2] for pair in pairs] == [(0, count)]


def test_nothing_and_one_image_have_no_pairs(originals):
    assert find_near_duplicates(originals[:0]) == []
    assert find_near_duplicates(originals[:1]) == []


def test_a_group_is_what_pairs_connect():
    assert group_pairs([(0, 3, 0.1), (3, 4, 0.0)], 6).tolist() == [0, 1, 2, 0, 0, 5]
    assert group_pairs([], 3).tolist() == [0, 1, 2]

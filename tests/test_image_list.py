"""Many images, one after another: what is a list of them, files ahead of the network, the rest in its user's thread."""

import io
import threading
from collections import deque
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_hub.errors import ImageError
from resnet_hub.preprocessing.image_list import are_images, batch_that_fits, decoded_ahead, image_rows, is_file

ROWS = np.zeros((4, 5, 3), np.uint8)
MANY = {
    "list": [ROWS],
    "tuple": (ROWS,),
    "generator": (one for one in [ROWS]),
    "deque": deque([ROWS]),
    "set": {"a.png"},
    "column of paths": np.array(["a.png", "b.png"]),
    "column of objects": np.array([Path("a.png"), None], object),
    "batch of pixels": ROWS[None],
    "batch in a tensor": torch.zeros(2, 3, 4, 5),
}
ONE = {
    "path": "a.png",
    "Path": Path("a.png"),
    "bytes": b"abc",
    "bytearray": bytearray(b"abc"),
    "open file": io.BytesIO(b"abc"),
    "Pillow image": Image.new("L", (1, 1)),
    "array": ROWS,
    "tensor": torch.zeros(3, 4, 5),
    "row of a dataset": {"bytes": b"abc"},
    "number": 5,
}


@pytest.mark.parametrize("way", [*MANY, *ONE])
def test_many_images_are_told_from_one(way):
    assert are_images({**MANY, **ONE}[way]) is (way in MANY)


def load(image, *, name=None):
    if image is None:
        raise ImageError("preprocessing.empty", label=repr(name))
    return np.asarray(image)


def rows(images, **options):
    usual = {"skip": False, "named": True, "bar": False}
    return image_rows(images, load, lambda pixels: 10 * pixels, 2, **{**usual, **options})


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_each_image_gets_its_row(count):
    assert [int(row) for row in rows(range(count))] == [10 * number for number in range(count)]


def test_a_generator_is_taken_up_as_its_images_are_needed():
    taken = []
    next(rows(number for number in range(100) if taken.append(number) is None))
    assert len(taken) <= 2 * 2 + 2


def test_an_image_that_cannot_be_read_is_named_in_its_place():
    found = list(rows([1, None, None, None], skip=True))
    assert int(found[0]) == 10
    assert ["image 3 of the list" in str(one) for one in found[1:]] == [False, True, False]
    with pytest.raises(ImageError, match="image 2 of the list"):
        list(rows([1, None]))


def test_a_bar_is_shown_on_request(capsys):
    list(rows([1, 2, 3]))
    assert capsys.readouterr().err == ""
    list(rows([1, 2, 3], bar=True))
    assert "3/3" in capsys.readouterr().err


def test_only_files_are_opened_in_other_threads():
    items = ["a.png", 1, b"abc", 2]
    found = dict(decoded_ahead(items, lambda _: threading.current_thread(), 9, aside=is_file))
    assert [found[item] is threading.current_thread() for item in items] == [False, True, False, True]


@pytest.mark.parametrize(("map_bytes", "most"), [(1, 32), (2**24, 32), (154_140_672, 3), (2**40, 1)])
def test_a_batch_has_fewer_images_where_the_feature_maps_are_large(map_bytes, most):
    assert batch_that_fits(map_bytes) == most

"""Whatever an image is given as, the network sees the same; what is none is refused with what to give instead."""

import base64
import io
from pathlib import Path
from urllib.parse import quote_from_bytes

import numpy as np
import pytest
import torch
from encoded_images import png
from error_facts import code_and_fields

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ImageError, Phrase
from resnet_hub.preprocessing.pixels import open_image

ROWS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
PNG = png(ROWS)
PIXELS = torch.from_numpy(ROWS).permute(2, 0, 1)
BASE64 = base64.b64encode(PNG).decode()
THE_IMAGE = code_and_fields(Phrase("preprocessing.the_image"))


class Pipe(io.RawIOBase):
    """An open file without a way back."""

    def __init__(self, data):
        self.left = data

    def read(self, size=-1):
        taken, self.left = self.left[:size], self.left[size:]
        return taken


def written(data):
    file = io.BytesIO()
    file.write(data)  # which leaves it at its end
    return file


WAYS = {
    "bytearray": lambda: bytearray(PNG),
    "memoryview": lambda: memoryview(PNG),
    "BytesIO": lambda: io.BytesIO(PNG),
    "BytesIO at its end": lambda: written(PNG),
    "pipe": lambda: Pipe(PNG),
    "data URL": lambda: f"data:image/png;base64,{BASE64}",
    "data URL of other spelling": lambda: f"DATA:;charset=x;BASE64,{BASE64[:40]}\n{BASE64[40:]}",
    "data URL in percent signs": lambda: f"data:image/png,{quote_from_bytes(PNG)}",
    "data URL of base64 in percent signs": lambda: f"data:;base64,{BASE64.replace('+', '%2B').replace('=', '%3D')}",
    "tensor": lambda: PIXELS,
    "tensor of floats": lambda: PIXELS / 255,
    "tensor of doubles with a gradient": lambda: (PIXELS / 255).double().requires_grad_(),
    "tensor a little out of range": lambda: PIXELS / 255 * 1.002 - 0.001,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_give_an_image_gives_the_same(way):
    for options in ({}, {"preprocessing": Preprocessing()}):
        assert np.array_equal(open_image(WAYS[way](), **options), ROWS)


def test_an_open_file_and_a_path_at_home_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.png").write_bytes(PNG)
    with (tmp_path / "a.png").open("rb") as file:
        assert np.array_equal(open_image(file), ROWS)
    for path in ("~/a.png", Path("~/a.png")):
        assert np.array_equal(open_image(path), ROWS)


def test_a_path_that_begins_with_a_tilde_is_taken_as_it_is_written_where_it_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("~").mkdir()
    Path("~/a.png").write_bytes(PNG)
    assert np.array_equal(open_image("~/a.png"), ROWS)


GRAY = {
    "a matrix": PIXELS[0],
    "one channel": PIXELS[:1],
    "halves": (PIXELS[0] / 255).half(),
    "truth values": PIXELS[0] > 0,
}


@pytest.mark.parametrize("way", GRAY)
def test_a_gray_tensor_is_a_gray_image(way):
    tensor = GRAY[way]
    seen = np.asarray(open_image(tensor)).astype(int)
    expected = tensor.reshape(20, 30).numpy() * (1 if tensor.dtype == torch.uint8 else 255.0)
    assert np.abs(seen - expected).max() <= 0.5


def test_a_tensor_of_other_numbers_is_scaled_by_the_range_that_the_network_records():
    known = Preprocessing(input_size=(1, 8, 8), mean=(0.5,), std=(0.5,), value_range=((0, 4095),))
    seen = open_image(torch.tensor([[[0, 1024, 2048, 4095]]], dtype=torch.int32), preprocessing=known)
    assert np.asarray(seen).tolist() == [[0, 64, 128, 255]]


SHAPE, TYPE, RANGE = (f"preprocessing.tensor_{word}" for word in ("shape", "type", "range"))
REFUSED = {
    "channels last": (PIXELS.permute(1, 2, 0), SHAPE, {"shape": (20, 30, 3), "channels": "1, 3, 4"}),
    "no pixel": (PIXELS[:, :0], SHAPE, {"shape": (3, 0, 30), "channels": "1, 3, 4"}),
    "one axis": (PIXELS[0, 0], SHAPE, {"shape": (30,), "channels": "1, 3, 4"}),
    "whole numbers": (PIXELS.long(), TYPE, {"type": "torch.int64"}),
    "floats to 255": (PIXELS.float(), RANGE, {"low": "0", "high": "255"}),
    "normalized": (torch.tensor([[-2.5, 2.0]]), RANGE, {"low": "-2.5", "high": "2"}),
    "NaN": (torch.tensor([[0.5, float("nan")]]), RANGE, {"low": "nan", "high": "nan"}),
    "text": (io.StringIO("x"), "preprocessing.text_file", {}),
    "cut base64": (f"data:;base64,{BASE64[:-3]}", "preprocessing.data_url", {}),
    "no base64": ("data:image/png;base64,@@", "preprocessing.data_url", {}),
    "empty data URL": ("data:,", "preprocessing.empty", {}),
    "empty file": (io.BytesIO(), "preprocessing.empty", {}),
}


@pytest.mark.parametrize("way", REFUSED)
def test_what_is_no_image_is_refused_with_what_is_expected(way):
    source, code, fields = REFUSED[way]
    with pytest.raises(ImageError) as refused:
        open_image(source)
    assert code_and_fields(refused.value) == (code, {"label": THE_IMAGE, **fields})


@pytest.mark.parametrize("path", ["https://example.com/a.png", "S3://bucket/a.png"])
def test_an_address_is_not_downloaded(path):
    with pytest.raises(ImageError) as refused:
        open_image(path)
    assert code_and_fields(refused.value) == ("preprocessing.web_address", {"label": repr(path)})


LONG = {
    "file": lambda: io.BytesIO(bytes(1001)),
    "data URL": lambda: "data:;base64," + "A" * 4000,
    "pipe": lambda: Pipe(bytes(2000)),
}


@pytest.mark.parametrize("way", LONG)
def test_no_more_is_read_of_a_file_than_the_limit(way):
    with pytest.raises(ImageError) as refused:
        open_image(LONG[way](), max_bytes=1000)
    assert refused.value.code == "preprocessing.too_large"


def test_a_file_that_is_open_is_called_by_its_path(tmp_path):
    (tmp_path / "a.txt").write_text("no image")
    with (tmp_path / "a.txt").open("rb") as file, pytest.raises(ImageError, match=r"a\.txt' is in no image format"):
        open_image(file)


def test_a_name_of_any_length_makes_a_short_message():
    with pytest.raises(ImageError, match=r"^.{200,400}$"):
        open_image("x" * 100_000)

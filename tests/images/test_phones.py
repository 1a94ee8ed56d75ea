"""What phones send: HEIC and AVIF, upright, in one piece, and limited as all files are."""

from __future__ import annotations

import numpy as np
import pytest
from encoded_images import avif, heic
from PIL import Image

from resnet_hub.errors import ImageError
from resnet_hub.images import frames
from resnet_hub.preprocessing.pixels import open_image

CORNER = Image.new("RGB", (48, 32), "white")
CORNER.paste("red", (0, 0, 24, 16))


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("encode", [heic, avif])
def test_a_photograph_is_turned_once(encode, orientation):
    upright = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[orientation]
    image = open_image(encode(CORNER, exif=turned(orientation)))
    assert image.size == ((48, 32) if orientation < 5 else (32, 48))
    red = np.argwhere(np.asarray(image)[:, :, 1] < 128).mean(0)[::-1] / image.size
    assert tuple(red.round(2) > 0.5) == upright


KINDS = {
    "colors": (heic(Image.new("RGB", (32, 32), (200, 40, 90))), (200, 40, 90)),
    "gray": (heic(Image.new("L", (32, 32), 77)), 77),
    "clear": (heic(Image.new("RGBA", (32, 32), (255, 0, 0, 0))), (255, 0, 0, 0)),
    "tiles": (heic(Image.new("RGB", (300, 200), (200, 40, 90)), tile_size=64), (200, 40, 90)),
    "a burst whose second is the chosen one": (
        heic(Image.new("RGB", (32, 32), "red"), Image.new("RGB", (40, 32), "blue"), primary_index=1),
        (0, 0, 255),
    ),
    "an AVIF with alpha": (avif(Image.new("RGBA", (32, 32), (0, 200, 0, 128))), (0, 200, 0, 128)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_its_colors_are_those_that_were_taken(kind):
    data, color = KINDS[kind]
    seen = np.atleast_1d(open_image(data).getpixel((8, 8)))
    assert np.abs(seen - np.atleast_1d(color)).max() <= 3


def test_ten_bits_become_eight():
    import io

    import pillow_heif

    values = np.full((64, 64, 3), [60_000, 30_000, 10_000], np.uint16)
    file = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (64, 64), values.tobytes()).save(file, quality=95)
    assert np.abs(np.array(open_image(file.getvalue()).getpixel((9, 9))) - [233, 117, 39]).max() <= 3


def test_the_images_of_a_burst_are_counted():
    one = Image.new("RGB", (32, 32))
    assert (frames(heic(one, one, one)), frames(heic(one)), frames(b"no image")) == (3, 1, 1)


@pytest.mark.parametrize("encode", [heic, avif])
def test_size_is_known_before_anything_is_decoded(encode, monkeypatch):
    with pytest.raises(ImageError) as refused:
        open_image(encode(CORNER), max_pixels=1000)
    assert refused.value.code == "preprocessing.pixels"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_that_was_cut_is_damaged(share):
    data = heic(CORNER)
    with pytest.raises(ImageError) as refused:
        open_image(data[: int(share * len(data))])
    assert refused.value.code == "preprocessing.damaged"

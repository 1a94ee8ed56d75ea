"""Images of several bands: whichever way a file holds them, a network of as many channels sees the same."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from encoded_images import banded, npy, planar, recompressed, stacked, tiff, tiff_of_segments
from error_facts import code_and_fields
from PIL import Image

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ImageError
from resnet_hub.images import Bands, frames, open_to_look_at, values_of, visible
from resnet_hub.preprocessing.pixels import open_image, to_pixels


def network(channels: int, side: int = 24, **options: object) -> Preprocessing:
    spread = (0.5,) * channels
    usual = {"input_size": (channels, side, side), "mean": spread, "std": spread, "crop_pct": 1.0}
    return Preprocessing(**{**usual, **options})


def noise(channels: int, kind: type = np.uint16, most: int = 4096) -> np.ndarray:
    return np.random.default_rng(channels).integers(0, most, (31, 40, channels)).astype(kind)


WAYS = {
    "chunky": banded,
    "deflated": lambda values: banded(values, compression="zlib"),
    "tiled": lambda values: banded(values, tile=(16, 16)),
    "big-endian": lambda values: banded(values, byteorder=">"),
    "BigTIFF": lambda values: banded(values, bigtiff=True),
    "planar": planar,
    "pages": stacked,
    "array": lambda values: values,
    "array, channels first": lambda values: values.transpose(2, 0, 1),
    "npy": npy,
    "npy, channels first": lambda values: npy(values.transpose(2, 0, 1)),
    "npy, columns first": lambda values: npy(np.asfortranarray(values)),
    "npy, big-endian": lambda values: npy(values.astype(">u2")),
}


@pytest.mark.parametrize("channels", [2, 4, 5, 13])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_store_bands_is_read(way, channels):
    values = noise(channels)
    settings = network(channels, value_range=((0, 4095),), crop_mode="squash", input_size=(channels, 31, 40))
    seen = to_pixels(open_image(WAYS[way](values), preprocessing=settings), settings)
    assert torch.equal(seen, torch.from_numpy(np.rint(values / 4095 * 255)).byte().permute(2, 0, 1))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos", "nearest"])
@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
def test_bands_are_resized_as_colors_are(interpolation, crop_mode):
    options = {"interpolation": interpolation, "crop_mode": crop_mode, "crop_pct": 0.9}
    colors = noise(3, np.uint8, 256)
    rgb = to_pixels(Image.fromarray(colors), network(3, **options))
    six = network(6, **options)
    assert torch.equal(to_pixels(open_image(np.concatenate([colors] * 2, 2), preprocessing=six), six)[3:], rgb)


@pytest.mark.parametrize("size", [(1, 50_000), (50_000, 10), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_tall_and_flat_images_are_read(size, channels):
    settings = network(channels)
    values = np.full((*size, channels), 9, np.uint8)
    seen = to_pixels(open_image(values, preprocessing=settings), settings)
    assert seen.shape == (channels, 24, 24)
    assert seen[:, 12, 12].tolist() == [9] * channels


KINDS = {
    "chunky": lambda values, **options: banded(values, **options),
    "tiled": lambda values, **options: banded(values, tile=(16, 16), **options),
    "a few rows at a time": lambda values, **options: banded(values, rowsperstrip=7, **options),
    "big-endian": lambda values, **options: banded(values, byteorder=">", **options),
    "BigTIFF": lambda values, **options: banded(values, bigtiff=True, **options),
    "planar": lambda values, **options: planar(values, **options),
    "pages": lambda values, **options: stacked(values, **options),
}


@pytest.mark.parametrize("predictor", [False, True], ids=["plain", "differences"])
@pytest.mark.parametrize("compression", ["tiff_lzw", "zstd"])
@pytest.mark.parametrize("kind", KINDS)
def test_bands_that_only_pillow_decompresses_are_read(kind, compression, predictor):
    values = noise(13)
    deflated = KINDS[kind](values, compression="zlib", predictor=predictor)
    data = recompressed(deflated, compression, 13 if kind == "pages" else 1)
    assert np.array_equal(values_of(data, channels=13).values, values)


def test_colors_of_16_bits_in_lzw_are_read_in_full():
    values = noise(3, most=65536)
    data = recompressed(tiff(values, photometric="rgb", compression="zlib"), "tiff_lzw")
    assert np.array_equal(values_of(data).values, values)


def test_bands_in_lzw_that_are_cut_short_are_damaged():
    data = recompressed(banded(noise(13), compression="zlib"), "tiff_lzw")
    with pytest.raises(ImageError) as refused:
        values_of(data[: len(data) - 2000], channels=13)
    assert refused.value.code == "preprocessing.damaged"


SLOPES = np.add.outer(np.arange(32), np.arange(0, 192, 6)).astype(np.uint8)[:, :, None] // np.arange(
    1, 8, dtype=np.uint8
)


def encoded(values: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, kind, **options)
    return file.getvalue()


def without_tables(jpeg: bytes) -> tuple[bytes, bytes]:
    """A JPEG without the tables in front of its frame, and these."""
    frame = jpeg.index(b"\xff\xc0")
    first = jpeg.index(b"\xff\xdb")
    return jpeg[:2] + jpeg[frame:], jpeg[:2] + jpeg[first:frame] + b"\xff\xd9"


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("opaque", [True, False])
def test_a_tiff_in_webp_is_read_whatever_pillow_s_own_reader_can(bands, opaque):
    values = SLOPES[:, :, :bands].copy()
    values[:, :, 3:] = 255 if opaque else values[:, :, 3:] + 1
    data = tiff_of_segments(bands, 50001, encoded(values, "WebP", lossless=True, exact=True))
    assert np.array_equal(values_of(data).values, values)


@pytest.mark.parametrize("shared", [True, False])
def test_bands_that_each_are_a_jpeg_are_read(shared):
    strips = [encoded(SLOPES[:, :, band], "JPEG", quality=98) for band in range(7)]
    tables = b""
    if shared:
        strips, (tables, *_) = zip(*map(without_tables, strips), strict=True)
    found = values_of(tiff_of_segments(7, 7, *strips, tables=tables)).values
    assert np.abs(found.astype(int) - SLOPES).max() <= 4


@pytest.mark.parametrize(
    ("bands", "compression", "name"),
    [(7, 7, "JPEG"), (7, 34712, "JPEG2000"), (3, 34712, "JPEG2000"), (1, 34887, "LERC"), (3, 61234, "61234")],
)
def test_a_compression_that_is_not_read_is_named_with_the_bands_and_is_no_damage(bands, compression, name):
    with pytest.raises(ImageError) as refused:
        values_of(tiff_of_segments(bands, compression, encoded(SLOPES[:, :, :3], "JPEG")))
    assert refused.value.code == "preprocessing.compression"
    assert (refused.value.fields["bands"], refused.value.fields["compression"]) == (bands, name)


def test_a_tiff_whose_segments_are_of_another_size_is_damaged():
    with pytest.raises(ImageError) as refused:
        values_of(tiff_of_segments(3, 50001, encoded(SLOPES[:16, :, :3], "WebP")))
    assert refused.value.code == "preprocessing.damaged"


def test_other_bands_than_the_network_has_are_told_with_their_range_and_the_flag():
    with pytest.raises(ImageError) as refused:
        open_image(banded(noise(13)), name="field.tif", preprocessing=network(3))
    code, fields = code_and_fields(refused.value)
    assert code == "preprocessing.bands"
    assert (fields["label"], fields["bands"], fields["channels"]) == ("'field.tif'", 13, 3)
    assert (fields["low"], fields["high"]) == ("0", "4095")


def test_a_photograph_is_no_input_of_thirteen_bands():
    with pytest.raises(ImageError) as refused:
        open_image(Image.new("RGB", (8, 8)), name="cat.jpg", preprocessing=network(13))
    assert refused.value.code == "preprocessing.other_channels"


def test_bands_without_a_network_are_bands_and_can_be_looked_at():
    image = open_to_look_at(banded(noise(13)))
    assert isinstance(image, Bands)
    assert (image.size, image.mode) == ((40, 31), "13 bands")
    assert visible(image).mode == "RGB"
    assert np.asarray(visible(image)).max() == 255


def test_the_pages_of_a_stack_are_counted():
    assert (frames(stacked(noise(5))), frames(banded(noise(5)))) == (5, 1)


def test_nan_is_the_lowest_value_of_its_band():
    settings = network(2, value_range=((-1, 1), (0, 10)), input_size=(2, 1, 2))
    values = np.array([[[-1, 5], [np.nan, np.inf]]], np.float32)
    assert to_pixels(open_image(npy(values), preprocessing=settings), settings).flatten().tolist() == [0, 0, 128, 255]


BAD = {
    "objects": (npy(np.zeros((4, 4))).replace(b"'<f8'", b"'|O8'"), "array_file"),
    "text": (npy(np.array([["a", "b"]])), "array_file"),
    "complex": (npy(np.zeros((4, 4), complex)), "array_file"),
    "one axis": (npy(np.zeros(4)), "array_file"),
    "four axes": (npy(np.zeros((1, 4, 4, 3))), "array_file"),
    "nothing": (npy(np.zeros((0, 4))), "array_file"),
    "less than it says": (npy(np.zeros((40, 40, 5)))[:-9], "damaged"),
    "more than is read": (npy(np.zeros((4, 4))).replace(b"(4, 4), }       ", b"(90000, 9000), }"), "too_large"),
    "a header that runs": (npy(np.zeros((4, 4))).replace(b"(4, 4)", b"f(4,4)"), "damaged"),
    "either order": (npy(np.zeros((5, 9, 5), np.uint8)), "two_orders"),
    "a TIFF that was cut": (banded(noise(5))[:-3000], "damaged"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_holds_no_bands_is_refused_by_its_code(kind):
    data, code = BAD[kind]
    with pytest.raises(ImageError) as refused:
        open_image(data, preprocessing=network(5))
    assert refused.value.code == f"preprocessing.{code}"


FOUR = np.arange(1, 5, dtype=np.uint8) * np.ones((8, 8, 1), np.uint8)
FOURTHS = {
    "near infrared": (tiff(FOUR, photometric="rgb", extrasamples=["unspecified"]), 4, [1, 2, 3, 4]),
    "near infrared, of which a network of colors sees none": (
        tiff(FOUR, photometric="rgb", extrasamples=["unspecified"]),
        3,
        [1, 2, 3],
    ),
    "alpha": (tiff(FOUR, photometric="rgb", extrasamples=["unassalpha"]), 4, [1, 2, 3, 4]),
}


@pytest.mark.parametrize("kind", FOURTHS)
def test_a_fourth_sample_is_what_the_file_says(kind):
    data, channels, expected = FOURTHS[kind]
    settings = network(channels, side=8)
    assert to_pixels(open_image(data, preprocessing=settings), settings)[:, 4, 4].tolist() == expected

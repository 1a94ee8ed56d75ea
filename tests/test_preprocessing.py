"""The path of an image: equal to timm's to the bit, every kind of image read, every bad one refused by name."""

import io
import random
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ImageError
from resnet_hub.preprocessing import pixels as preprocessing
from resnet_hub.preprocessing.pixels import normalize, open_image, pixel_array, to_channels, to_pixels

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"]
NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)

SIZES = [(224, 224, 0.875), (224, 224, 0.95), (288, 288, 1.0), (32, 32, 1.0), (235, 235, 0.9), (160, 224, 0.875)]
CROP_MODES, INTERPOLATIONS = ["center", "squash", "border"], ["nearest", "bilinear", "bicubic", "lanczos"]
IMAGES = ["tench", "zebra", "1x1", "7x5", "9x300", "300x40", "255x257", "224x224", "341x256"]


def encoded(image, file_format, **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def image(name, data_folder):
    if "x" not in name:
        return open_image(next((data_folder / "imagenet_samples").glob(f"*_{name}.JPEG")))
    width, height = map(int, name.split("x"))
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


def png_of(width, height, rows, depth=8, color=2):
    """A PNG file from its header and its uncompressed rows, which need not agree."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def settings(channels, height, width, crop_pct, crop_mode="center", interpolation="bicubic"):
    mean, std = (0.485, 0.456, 0.406, 0.5)[:channels], (0.229, 0.224, 0.225, 0.3)[:channels]
    return Preprocessing((channels, height, width), interpolation, crop_pct, crop_mode, mean, std)


def assert_equal_to_timm(image, wanted):
    assert torch.equal(to_pixels(image, wanted), create_transform(**wanted.to_json(), normalize=False)(image))
    expected = create_transform(**wanted.to_json())(image)[None]
    assert torch.equal(normalize(to_pixels(image, wanted), wanted), expected)
    assert np.array_equal(normalize(pixel_array(image, wanted), wanted), expected.numpy())


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("crop_mode", CROP_MODES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pixels_and_input_equal_timm_for_each_size_and_crop(size, crop_mode, name, data_folder):
    assert_equal_to_timm(image(name, data_folder), settings(3, *size, crop_mode))


@pytest.mark.parametrize("crop_mode", CROP_MODES)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("name", ["flamingo", "7x5", "255x257"])
def test_pixels_and_input_equal_timm_for_each_interpolation(interpolation, crop_mode, name, data_folder):
    assert_equal_to_timm(image(name, data_folder), settings(3, 96, 97, 0.9, crop_mode, interpolation))


@pytest.mark.parametrize("crop_mode", ["center", "border"])
@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGBA", 4)])
def test_pixels_and_input_equal_timm_for_other_channels(mode, channels, crop_mode):
    image = Image.fromarray(NOISE).convert("RGBA")
    image.putalpha(Image.fromarray(NOISE[:, :, 0]))
    assert_equal_to_timm(image.convert(mode), settings(channels, 64, 64, 0.9, crop_mode))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_a_strip_resized_in_part_equals_the_part_of_the_whole(interpolation, monkeypatch):
    strip = Image.fromarray(np.random.default_rng(3).integers(0, 256, (3, 1500, 3), dtype=np.uint8))
    wanted = settings(3, 64, 64, 0.875, "center", interpolation)
    whole = to_pixels(strip, wanted)
    monkeypatch.setattr(preprocessing, "MAX_RESIZED_PIXELS", 0)
    assert torch.equal(to_pixels(strip, wanted), whole)


@pytest.mark.parametrize("size", [(2_000_000, 1), (1, 2_000_000)])
def test_an_endless_strip_needs_no_endless_memory(size):
    assert to_pixels(Image.new("RGB", size, (9, 8, 7)), Preprocessing())[:, 100, 100].tolist() == [9, 8, 7]


def test_a_line_too_thin_for_timm_keeps_one_pixel_inside_its_border():
    pixels = to_pixels(Image.new("RGB", (3000, 1), "red"), settings(3, 32, 32, 1.0, "border", "bicubic"))
    assert (pixels[0] == 255).sum() == 32


@pytest.mark.parametrize("pixels", [torch.zeros(1, 3, 5, 5), torch.zeros(1, 1, 5, 5, dtype=torch.uint8)])
def test_pixels_of_another_type_or_channel_count_are_refused(pixels):
    with pytest.raises(ImageError, match=r"expected torch.uint8 \(N, 3, H, W\)"):
        normalize(pixels, Preprocessing())


def photographed(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(Image.fromarray(NOISE), "PNG", exif=exif)


TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", TURNED)
def test_the_cameras_turn_is_applied(orientation):
    assert np.array_equal(open_image(photographed(orientation)), TURNED[orientation](NOISE))


def test_a_turned_image_is_not_turned_again():
    opened = open_image(photographed(6))
    assert np.array_equal(open_image(opened), opened)


def test_a_damaged_exif_block_takes_nothing_away():
    assert np.array_equal(open_image(encoded(Image.fromarray(NOISE), "PNG", exif=b"Exif\0\0junk")), NOISE)


def test_metadata_does_not_come_along():
    assert open_image(photographed(1)).info == {}


def test_the_callers_image_is_left_as_it_was():
    image = Image.open(io.BytesIO(photographed(1)))
    open_image(image)
    assert "exif" in image.info


def test_a_plain_rgb_image_goes_through_unchanged():
    image = Image.fromarray(NOISE)
    assert to_channels(open_image(image), 3).tobytes() == NOISE.tobytes()


RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
OPAQUE_RED, CLEAR_BLUE, HALF_BLACK = (255, 0, 0, 255), (0, 0, 255, 0), (0, 0, 0, 128)
GRAY16 = np.array([[0, 255, 32896, 65535]], np.uint16)
GRAY8 = [[0, 1, 128, 255]]
TWO = Image.frombytes("P", (2, 1), b"\0\1")
TWO.putpalette([255, 0, 0, 0, 0, 255])
ALPHA = Image.fromarray(np.array([[OPAQUE_RED, CLEAR_BLUE, HALF_BLACK]], np.uint8))
KINDS = {
    "1-bit": (encoded(Image.fromarray(np.array([[True, False]])), "PNG"), 1, [[255, 0]]),
    "gray": (encoded(Image.fromarray(np.array(GRAY8, np.uint8)), "PNG"), 1, GRAY8),
    "gray as RGB": (np.array([[7]], np.uint8), 3, [[[7, 7, 7]]]),
    "RGB as gray": (np.array([[[255, 0, 0]]], np.uint8), 1, [[76]]),
    "RGB as RGBA": (np.array([[[1, 2, 3]]], np.uint8), 4, [[[1, 2, 3, 255]]]),
    "16-bit PNG": (encoded(Image.fromarray(GRAY16), "PNG"), 1, GRAY8),
    "16-bit TIFF": (encoded(Image.fromarray(GRAY16), "TIFF"), 1, GRAY8),
    "16-bit PGM": (b"P5 4 1 65535\n" + GRAY16.astype(">u2").tobytes(), 1, GRAY8),
    "32-bit integers": (Image.fromarray(np.array([[-5, 257, 65535, 99999]], np.int32)), 1, [[0, 1, 255, 255]]),
    "floats to 1": (Image.fromarray(np.array([[-0.1, 0.0, 0.5, 1.0]], np.float32)), 1, [[0, 0, 128, 255]]),
    "floats to 255": (Image.fromarray(np.array([[np.nan, 1.4, 255, np.inf]], np.float32)), 1, [[0, 1, 255, 255]]),
    "palette": (encoded(TWO, "PNG"), 3, [[RED, BLUE]]),
    "palette with a clear color": (encoded(TWO, "PNG", transparency=1), 3, [[RED, WHITE]]),
    "palette with alpha": (encoded(TWO, "PNG", transparency=b"\xff\0"), 4, [[OPAQUE_RED, CLEAR_BLUE]]),
    "RGB with a clear color": (encoded(TWO.convert("RGB"), "PNG", transparency=(255, 0, 0)), 3, [[WHITE, BLUE]]),
    "alpha over white": (encoded(ALPHA, "PNG"), 3, [[RED, WHITE, (127, 127, 127)]]),
    "alpha kept": (encoded(ALPHA, "PNG"), 4, [[OPAQUE_RED, CLEAR_BLUE, HALF_BLACK]]),
    "gray with alpha": (encoded(Image.new("LA", (1, 1), (9, 0)), "PNG"), 1, [[255]]),
    "array with one channel": (np.array([[[3], [4]]], np.uint8), 1, [[3, 4]]),
    "YCbCr": (Image.new("RGB", (1, 1), "white").convert("YCbCr"), 3, [[WHITE]]),
    "CMYK JPEG": (encoded(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), "JPEG", quality=100), 3, [[RED]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_image_gives_the_pixels_it_shows(kind):
    source, channels, expected = KINDS[kind]
    tolerance = 2 if "JPEG" in kind else 0  # gray levels that JPEG itself may lose
    pixels = np.asarray(to_channels(open_image(source), channels)).astype(int)
    assert np.abs(pixels - np.array(expected)).max() <= tolerance


def test_a_clear_color_shows_white_without_opening_too():
    image = TWO.convert("RGB")
    image.info["transparency"] = RED
    assert to_channels(image, 3).getpixel((0, 0)) == WHITE


@pytest.mark.parametrize(("file_format", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})])
def test_an_animation_shows_its_first_frame(file_format, options):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    data = encoded(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    assert to_channels(open_image(data), 3).getpixel((4, 4)) == (255, 0, 0)


def test_colors_are_no_input_of_two_channels():
    with pytest.raises(ImageError) as refused:
        to_channels(Image.new("RGB", (2, 2)), 2)
    assert refused.value.code == "preprocessing.other_channels"


UNREAD = "is in no image format that can be read; give one of JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, AVIF, HEIC, NumPy"
UNSAVED = "which cannot be read; save it as one of JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, AVIF, HEIC, NumPy"
GIVE = "give a path, a data URL, the bytes of a file, an open file, a PIL image, a uint8 array or a tensor"
ARRAYS = "expected uint8 0-255 of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) with at least one pixel"
PIXELS = "expected 1 to 80,000,000 in all, so give a resized copy"
BOMB = png_of(60_000, 60_000, bytes(1000))
BAD = {
    "empty.jpg": (b"", "'empty.jpg' is empty (0 bytes); save or download it again"),
    "notes.txt": (b"Dear diary", f"'notes.txt' {UNREAD}"),
    "BMX.txt": (b"BMX bikes for sale", f"'BMX.txt' {UNREAD}"),
    "drawing.eps": (b"%!PS-Adobe", f"'drawing.eps' {UNREAD}"),
    "a.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "'a.heic' is damaged or cut short; save or download it again"),
    "a.jxl": (b"\xff\x0a\xfa\x1f", f"'a.jxl' is in the format JPEG XL, {UNSAVED}"),
    "cut.png": (BOMB[:20], "'cut.png' is damaged or cut short; save or download it again"),
    "big.png": (BOMB, f"'big.png' has 60000 x 60000 pixels; {PIXELS}"),
    "empty image": (Image.new("RGB", (0, 4)), f"the image has 0 x 4 pixels; {PIXELS}"),
    "missing": (Path("nowhere.jpg"), "there is no file 'nowhere.jpg'; check the path"),
    "no name": ("", "there is no file ''; check the path"),
    "null byte": ("a\0b", r"there is no file 'a\x00b'; check the path"),
    "device": ("/dev/zero", "there is no file '/dev/zero'; check the path"),
    "folder": ("/", "'/' is a folder; give the path of one image in it"),
    "list": ([1], f"a list is no image; {GIVE}"),
    "floats": (np.zeros((4, 4)), f"the image is an array of float64 (4, 4); {ARRAYS}"),
    "channels first": (np.zeros((3, 4, 5), np.uint8), f"the image is an array of uint8 (3, 4, 5); {ARRAYS}"),
    "no pixels": (np.zeros((0, 4, 3), np.uint8), f"the image is an array of uint8 (0, 4, 3); {ARRAYS}"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_image_is_refused_in_one_sentence(kind):
    source, message = BAD[kind]
    with pytest.raises(ImageError) as caught:
        open_image(source, name=kind if isinstance(source, bytes) else None)
    assert str(caught.value) == message


def test_a_damaged_file_is_named_by_its_path(tmp_path):
    (tmp_path / "cut.png").write_bytes(BOMB[:20])
    with pytest.raises(ImageError, match=r"^'.*cut\.png' is damaged"):
        open_image(tmp_path / "cut.png")


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    (tmp_path / "huge.png").write_bytes(bytes(2001))
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("it was read"))
    with pytest.raises(ImageError, match="has 2,001 bytes, more than the 2,000 ") as refused:
        open_image(tmp_path / "huge.png", max_bytes=2000)
    assert refused.value.code == "preprocessing.too_large"


def test_pillows_own_alarm_about_size_does_not_speak():
    assert open_image(png_of(9500, 9500, bytes(9500 * 1189), depth=1, color=0), max_pixels=10**8).size == (9500, 9500)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_cut_file_is_refused_unless_all_its_pixels_are_there(file_format):
    data = encoded(Image.fromarray(NOISE), file_format)
    whole = np.asarray(open_image(data))
    for length in [*range(1, len(data) - 50, 97), *range(len(data) - 50, len(data))]:
        with suppress(ImageError):
            assert np.array_equal(open_image(data[:length]), whole)


def damaged(data, seed):
    """A file with flipped bits, or with only its first bytes left before noise."""
    draw = random.Random(seed)
    if seed % 2:
        return data[: draw.randrange(64)] + draw.randbytes(draw.randrange(500))
    changed = bytearray(data)
    for _ in range(draw.choice((1, 10, 100))):
        changed[draw.randrange(min(len(data), draw.choice((100, 10**9))))] ^= 1 << draw.randrange(8)
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata that it then goes without.
@pytest.mark.parametrize("file_format", ["photograph", *FORMATS])
def test_damage_of_any_kind_gives_an_image_or_an_image_error(file_format, data_folder):
    photograph = next((data_folder / "imagenet_samples").glob("*_tench.JPEG"))
    data = photograph.read_bytes() if file_format == "photograph" else encoded(Image.fromarray(NOISE), file_format)
    for seed in range(120):
        with suppress(ImageError):
            assert open_image(damaged(data, seed)).mode in ("L", "LA", "RGB", "RGBA")

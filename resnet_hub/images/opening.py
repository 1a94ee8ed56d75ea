"""`open_image`: whatever an image is given as -> decoded, upright, 8 bits for each channel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from resnet_hub.config import IMAGE_MODES, Preprocessing
from resnet_hub.errors import ImageError, Phrase
from resnet_hub.scores import is_tensor

from .bands import Bands, Opened, image_of
from .decoding import MAX_PIXELS, decoded, orientation_of
from .sources import MAX_BYTES, ImageSource, file_bytes, label_of
from .tensors import raster_of
from .values import OWN, Raster, ValueRange, eight_bit

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_image(
    source: ImageSource,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    preprocessing: Preprocessing | None = None,
    at_least: int | None = None,
) -> Opened:
    """The image, decoded and upright, as 8-bit L, LA, RGB or RGBA without metadata; opening it again changes nothing.

    An image of other channels is `Bands`. Values that are not of 8 bits are scaled by the range that `preprocessing`
    records; else by the bit depth that the file declares; else integers from 0..65535, and floats from 0..1 where none
    is above 1, from 0..255 otherwise, and clipped. An animation or a burst gives its first or primary image, an
    already opened one the frame it stands at.

    Args:
        source: A path, in which ~ is the home; a data URL; a file's bytes; an open file, which is read from its start;
            a PIL image (left as it is); a tensor (C, H, W) or (H, W), uint8 or floats from 0 to 1; or an array: uint8
            (H, W), (H, W, 1), RGB or RGBA, and with `preprocessing` any numbers, and channels in front or behind.
        name: What errors call the image; the path where absent.
        max_bytes: Largest file that is read.
        max_pixels: Largest width x height that is decoded, as the header tells it.
        preprocessing: That of the network that the image is for. Without it nothing is refused for its channels.
        at_least: Pixels of the shorter side that are enough: a JPEG that has twice, four or eight times as many is
            decoded at a half, a quarter or an eighth of its size, which is quicker than whole.

    Raises:
        ImageError: The source is missing, no image, damaged or too large, or has other bands than the network.
    """
    label = label_of(source, name)
    with _damage_told(label):
        if preprocessing is None:
            return _opened(_decoded(source, label, max_bytes, max_pixels, None, wide=False, at_least=at_least), None)
        channels, known = preprocessing.input_size[0], preprocessing.value_range
        wide = known is not None
        found = _decoded(source, label, max_bytes, max_pixels, channels, wide=wide, at_least=at_least)
        if isinstance(found, Raster):
            _check_bands(found, channels, label)
        opened = _opened(found, known, str(label))
        if channels not in IMAGE_MODES and channels_of(opened) != channels:
            raise ImageError("preprocessing.other_channels", label=label, found=channels_of(opened), channels=channels)
        return opened


def open_to_look_at(source: ImageSource, *, name: str | None = None) -> Opened:
    """The image for people: as `open_image`, but other values than 8 bits from the image's own lowest to highest."""
    label = label_of(source, name)
    with _damage_told(label):
        return _opened(_decoded(source, label, MAX_BYTES, MAX_PIXELS, None, wide=True), OWN)


def values_of(source: ImageSource, *, name: str | None = None, channels: int | None = None) -> Image.Image | Raster:
    """The image decoded, of 8 bits as Pillow has it, else its values as they stand in the file.

    Raises:
        ImageError: As `open_image`.
    """
    label = label_of(source, name)
    with _damage_told(label):
        return _decoded(source, label, MAX_BYTES, MAX_PIXELS, channels, wide=True)


@contextmanager
def _damage_told(label: str | Phrase) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every type on a damaged file.
        raise ImageError("preprocessing.damaged", label=label) from error


def _decoded(
    source: ImageSource,
    label: str | Phrase,
    max_bytes: int,
    max_pixels: int,
    channels: int | None,
    *,
    wide: bool,
    at_least: int | None = None,
) -> Image.Image | Raster:
    if is_tensor(source):
        return raster_of(source, label, channels, ranged=wide)
    given = source if isinstance(source, Image.Image | np.ndarray) else file_bytes(source, label, max_bytes)
    return decoded(given, label, channels=channels, wide=wide, max_pixels=max_pixels, at_least=at_least)


def _check_bands(raster: Raster, channels: int, label: str | Phrase) -> None:
    bands = raster.values.shape[2]
    usual = bands in (1, 3) or (raster.alpha and bands in (2, 4)) or bands == 4
    if bands != channels and not (usual and channels in IMAGE_MODES):
        finite = raster.values[np.isfinite(raster.values)] if raster.values.dtype.kind == "f" else raster.values
        low, high = (f"{end:g}" for end in (finite.min(), finite.max())) if finite.size else ("0", "0")
        raise ImageError("preprocessing.bands", label=label, bands=bands, low=low, high=high, channels=channels)


def _opened(found: Image.Image | Raster, known: ValueRange | str | None, dark: str | None = None) -> Opened:
    """A copy, upright, in 8 bits, without metadata."""
    if isinstance(found, Raster):
        rows, orientation = eight_bit(found, known, dark), found.orientation
        gray_alpha = found.alpha and rows.shape[2] == 2
        image = Image.fromarray(np.ascontiguousarray(rows), "LA") if gray_alpha else image_of(rows)
    else:
        image, orientation = in_eight_bits(found), orientation_of(found)
        image = image if orientation in _TURNS else image.copy()
    turned = image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
    turned.info = {}
    return turned


def in_eight_bits(image: Image.Image) -> Image.Image:
    """The image as L, LA, RGB or RGBA: no palette, no value above 255, no transparent color key."""
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(eight_bit(Raster(np.asarray(image)[:, :, None]), None)[:, :, 0])
    gray = image.mode in ("1", "L", "LA", "La")
    mode = ("L" if gray else "RGB") + ("A" if image.has_transparency_data else "")
    return image if image.mode == mode else image.convert(mode)


def channels_of(image: Opened) -> int:
    """How many channels an opened image has."""
    return len(image.bands) if isinstance(image, Bands) else len(image.getbands())

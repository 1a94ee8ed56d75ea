"""Files of numpy, and arrays in memory -> the values of an image; nothing is unpickled."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.lib import format as npy

from resnet_hub.errors import ImageError

from .values import KINDS, Raster

MAX_HEADER = 4096
"""Bytes of a header, of which an image needs some hundred."""


def read_npy(data: bytes, label: object, channels: int | None, limit: int) -> Raster:
    """The values of a .npy file (H, W), (H, W, C) or (C, H, W).

    Args:
        data: The file.
        label: What errors call it.
        channels: Of the network, which tell the two orders apart; where absent, the shorter end is channels.
        limit: Most bytes of values, checked before they are read.

    Raises:
        ImageError: It holds objects, text or complex numbers, another number of axes, or less than its header says.
    """
    shape, fortran, kind, start = _header(data, label)
    if kind.hasobject or kind.kind not in KINDS or len(shape) not in (2, 3) or not math.prod(shape):
        raise ImageError("preprocessing.array_file", label=label, type=str(kind), shape=shape)
    size = math.prod(shape) * kind.itemsize
    if size > limit:
        raise ImageError("preprocessing.too_large", label=label, size=size, most=limit)
    if len(data) < start + size:
        raise ImageError("preprocessing.damaged", label=label)
    values = np.frombuffer(data, kind, math.prod(shape), start).reshape(shape, order="F" if fortran else "C")
    return Raster(channels_last(values.astype(kind.newbyteorder("="), copy=False), label, channels))


def channels_last(values: np.ndarray, label: object, channels: int | None) -> np.ndarray:
    """The array as (H, W, C), from (H, W), (H, W, C) or (C, H, W). Raises: ImageError where both orders fit."""
    if values.ndim == 2:
        return values[:, :, None]
    first, last = values.shape[0], values.shape[2]
    if channels is not None and first == last == channels and values.shape[1] != channels:
        raise ImageError("preprocessing.two_orders", label=label, shape=values.shape)
    if channels in (first, last):
        return values if last == channels else values.transpose(1, 2, 0)
    return values if last <= first or last in (3, 4) else values.transpose(1, 2, 0)


def _header(data: bytes, label: object) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, order, type and the place of the first value."""
    file = io.BytesIO(data)
    try:
        # Version 3 is for names of fields in other scripts than Latin, so for no image.
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(file)]
        shape, fortran, kind = read(file, max_header_size=MAX_HEADER)
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError) as error:
        raise ImageError("preprocessing.damaged", label=label) from error
    return shape, fortran, kind, file.tell()

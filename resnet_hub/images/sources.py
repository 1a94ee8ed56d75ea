"""What an image is given as -> bytes and what errors call it; sizes are checked before anything is read."""

from __future__ import annotations

import base64
import binascii
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Union, runtime_checkable
from urllib.parse import unquote_to_bytes

import numpy as np
from PIL import Image

from resnet_hub.errors import ImageError, Phrase

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class ImageStream(Protocol):
    """An open file, in memory or on disk."""

    def read(self, size: int, /) -> bytes:
        """Up to so many of its bytes."""


# A tensor is named only, since this room needs no torch.
ImageSource = Union[str, os.PathLike[str], bytes, bytearray, memoryview, ImageStream, Image.Image, np.ndarray, "Tensor"]
"""A path, a data URL, the bytes of a file, an open file, a Pillow image, an array or a tensor."""

MAX_BYTES = 100_000_000
_DATA_URL = re.compile(r"data:([^,]*),", re.IGNORECASE)
_WEB = re.compile(r"(?:https?|s3|gs|hf)://", re.IGNORECASE)


def label_of(source: object, name: str | None) -> str | Phrase:
    """What errors call an image: its name or path, of which a long one is cut."""
    if name is None:
        if isinstance(source, ImageStream):  # an open file knows its path, one in memory has none
            name = getattr(source, "name", None)
        elif isinstance(source, str | os.PathLike) and not _is_data(source):
            name = os.fsdecode(source)
        if not isinstance(name, str):
            return Phrase("preprocessing.the_image")
    return repr(name if len(name) <= 200 else f"{name[:150]}...{name[-30:]}")


def file_bytes(source: object, label: str | Phrase, limit: int) -> bytes:
    """The bytes of a file, given as such, as an open file, a data URL or a path. Raises: ImageError."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    elif isinstance(source, ImageStream):
        data = _rest_of(source, label, limit)
    elif _is_data(source):
        data = _of_data_url(str(source), label, limit)
    else:
        data = _read(source, label, limit)
    _check_bytes(len(data), label, limit)
    return data


def _is_data(source: object) -> bool:
    return isinstance(source, str) and _DATA_URL.match(source) is not None


def _rest_of(file: ImageStream, label: str | Phrase, limit: int) -> bytes:
    """All of an open file, from its start where it can be rewound: what was just written to it ends at its place."""
    try:
        with suppress(AttributeError, OSError):  # a pipe has no start to go back to
            file.seek(0)  # type: ignore[attr-defined]
        data = file.read(limit + 1)
    except UnicodeDecodeError:
        data = None  # a text, though of no image
    except (OSError, ValueError) as error:
        raise ImageError("preprocessing.unreadable", label=label, reason=str(error)) from error
    if not isinstance(data, bytes):
        raise ImageError("preprocessing.text_file", label=label)
    return data


def _of_data_url(url: str, label: str | Phrase, limit: int) -> bytes:
    """What a data URL holds, in base64 or with percent signs. Source: RFC 2397."""
    header, _, body = url.partition(",")
    _check_bytes(len(body) * 3 // 4, label, limit)  # of either kind, no fewer characters hold more
    plain = unquote_to_bytes(body)
    if not header.lower().endswith(";base64"):
        return plain
    try:
        return base64.b64decode(b"".join(plain.split()), validate=True)
    except binascii.Error as error:
        raise ImageError("preprocessing.data_url", label=label) from error


def _read(source: object, label: str | Phrase, limit: int) -> bytes:
    if not isinstance(source, str | os.PathLike):
        raise ImageError("preprocessing.no_image", kind=type(source).__name__)
    path = Path(os.fsdecode(source))
    try:
        if source and path.is_dir():
            raise ImageError("preprocessing.folder", label=label)
        if not path.is_file():
            path = _at_home(path)
        if not path.is_file():
            web = isinstance(source, str) and _WEB.match(source)
            raise ImageError("preprocessing.web_address" if web else "preprocessing.no_file", label=label)
        _check_bytes(path.stat().st_size, label, limit)
        return path.read_bytes()
    except OSError as error:
        raise ImageError("preprocessing.unreadable", label=label, reason=error.strerror) from error


def _at_home(path: Path) -> Path:
    """The path with the home that a leading ~ stands for, as a shell would have it."""
    try:
        return path.expanduser()
    except (RuntimeError, ValueError):  # the home of somebody unknown here, or of nobody who could be
        return path


def _check_bytes(size: int, label: str | Phrase, limit: int) -> None:
    if size > limit:
        raise ImageError("preprocessing.too_large", label=label, size=size, most=limit)
    if size == 0:
        raise ImageError("preprocessing.empty", label=label)

"""What an image is given as -> bytes and what errors call it; sizes are checked before anything is read."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from resnet_hub.errors import ImageError, Phrase

ImageSource = str | os.PathLike[str] | bytes | Image.Image | np.ndarray

MAX_BYTES = 100_000_000


def label_of(source: object, name: str | None) -> str | Phrase:
    """What errors call an image: its name or path, of which a long one is cut."""
    if name is None:
        if not isinstance(source, str | os.PathLike):
            return Phrase("preprocessing.the_image")
        name = os.fsdecode(source)
    return repr(name if len(name) <= 200 else f"{name[:150]}...{name[-30:]}")


def file_bytes(source: object, label: str | Phrase, limit: int) -> bytes:
    """The bytes of a file, given as such or as its path. Raises: ImageError."""
    data = source if isinstance(source, bytes) else _read(source, label, limit)
    _check_bytes(len(data), label, limit)
    return data


def _read(source: object, label: str | Phrase, limit: int) -> bytes:
    if not isinstance(source, str | os.PathLike):
        raise ImageError("preprocessing.no_image", kind=type(source).__name__)
    path = Path(os.fsdecode(source))
    try:
        if source and path.is_dir():
            raise ImageError("preprocessing.folder", label=label)
        if not path.is_file():
            raise ImageError("preprocessing.no_file", label=label)
        _check_bytes(path.stat().st_size, label, limit)
        return path.read_bytes()
    except OSError as error:
        raise ImageError("preprocessing.unreadable", label=label, reason=error.strerror) from error


def _check_bytes(size: int, label: str | Phrase, limit: int) -> None:
    if size > limit:
        raise ImageError("preprocessing.too_large", label=label, size=size, most=limit)
    if size == 0:
        raise ImageError("preprocessing.empty", label=label)

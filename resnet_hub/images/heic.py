"""HEIC, what the cameras of phones write, by libheif; its import waits until there is such a file."""

from __future__ import annotations

import io

from PIL import ImageFile


def open_heic(data: bytes) -> ImageFile.ImageFile:
    """The primary image, undecoded, with its size known; decoded it is upright, and of 8 bits.

    The turn is part of the format, and libheif makes it: what EXIF says of it is for viewers that do not, and reset.

    Raises: many errors of Pillow and pillow-heif where the file is damaged.
    """
    from pillow_heif import HeifImageFile

    opened: ImageFile.ImageFile = HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
    return opened

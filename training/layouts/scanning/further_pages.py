"""Whether an image has more than the one page or frame that is read."""

from __future__ import annotations

import os
from typing import IO, Literal

MAX_GIF = 2**24
"""Bytes of a GIF that are searched for a second frame."""


def has_further_pages(head: bytes, file: IO[bytes]) -> bool:
    """Whether an image has more than the one page or frame that is read, by its first bytes and a TIFF's directory.

    Args:
        head: The first bytes.
        file: Opened, for a TIFF's directory may be anywhere.
    """
    if head.startswith(b"GIF8"):
        return _has_second_frame(head + file.read(MAX_GIF))
    if head[8:16] == b"WEBPVP8X":
        return bool(head[20:21] and head[20] & 2)
    if head.startswith(b"\x89PNG"):
        return b"acTL" in head[: head.find(b"IDAT") if b"IDAT" in head else None]
    if head.startswith((b"II*\0", b"MM\0*")):
        order: Literal["little", "big"] = "little" if head.startswith(b"II") else "big"
        start = int.from_bytes(head[4:8], order)
        file.seek(start)
        file.seek(12 * int.from_bytes(file.read(2), order), os.SEEK_CUR)
        return any(file.read(4))
    return False


def _has_second_frame(gif: bytes) -> bool:
    """Whether a second image begins in a GIF; its blocks are passed over by their lengths."""
    place, frames = 13 + _palette_bytes(gif[10:11]), 0
    while place < len(gif):
        kind = gif[place]
        if kind == 0x2C:  # an image: its place and size, perhaps a palette, a byte, then blocks
            frames += 1
            if frames == 2:
                return True
            place += 11 + _palette_bytes(gif[place + 9 : place + 10])
        elif kind == 0x21:  # an extension
            place += 2
        else:
            return False
        while place < len(gif) and gif[place]:
            place += 1 + gif[place]
        place += 1
    return False


def _palette_bytes(flags: bytes) -> int:
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0

"""The formats of image files that are read, the one list of them, and a file's format by its first bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

HEAD_BYTES = 1000
"""First bytes of a file that tell its format."""


@dataclass(frozen=True)
class ImageFormat:
    """A format that is read."""

    name: str
    """What people call it."""
    suffixes: tuple[str, ...]
    """Usual ends of a file's name, in lower case; they decide nothing where the bytes are at hand."""
    signature: bytes
    """A pattern that the first bytes match; of the formats below one is told by its brands instead."""
    in_browsers: bool = True
    """Whether every usual browser shows it."""


FORMATS = {
    known.name: known
    for known in (
        ImageFormat("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), rb"\xff\xd8\xff"),
        ImageFormat("PNG", (".png",), rb"\x89PNG\r\n\x1a\n"),
        ImageFormat("WebP", (".webp",), rb"RIFF....WEBP"),
        ImageFormat("GIF", (".gif",), rb"GIF8[79]a"),
        ImageFormat("BMP", (".bmp", ".dib"), rb"BM.{13}\0\0\0"),
        ImageFormat("TIFF", (".tif", ".tiff"), rb"II\*\0|MM\0\*|II\+\0|MM\0\+", in_browsers=False),
        ImageFormat("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), rb"P[1-6f]\s", in_browsers=False),
        ImageFormat("AVIF", (".avif",), b""),
        ImageFormat("HEIC", (".heic", ".heif", ".hif"), b"", in_browsers=False),
        ImageFormat("NumPy", (".npy",), rb"\x93NUMPY", in_browsers=False),
    )
}
READABLE = tuple(FORMATS)
"""The names of the formats that are read."""
SUFFIXES = tuple(suffix for known in FORMATS.values() for suffix in known.suffixes)
"""Ends of the names of image files, in lower case."""

# Brands of the ISO base media format; an AVIF also has the brands that all its images have, so that AVIF comes first.
_BRANDS = {
    "AVIF": {b"avif", b"avis"},
    "HEIC": {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"},
}
# What else people take for an image, or what a download turns out to be, so that a message can name it.
_FOREIGN = {
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "JPEG 2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "PDF": rb"%PDF",
    "SVG": rb"(\xef\xbb\xbf)?\s*((<\?xml|<!--|<!DOCTYPE svg).*)?<svg",
    "HTML": rb"(?i:(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body))",
    "Photoshop": rb"8BPS",
    "DICOM": rb".{128}DICM",
    "Git LFS pointer": rb"version https://git-lfs\.github\.com/spec",
}
_DNG_VERSION, _SUBFILE_TYPE, _SUB_IFDS = 50706, 254, 330
"""Tags of TIFF: of a DNG; whether the first image is a small copy; where the others are."""


def image_format(head: bytes) -> str | None:
    """The format of an image file by its first bytes, one of `READABLE`; None where it is none of them.

    The bytes alone decide, `HEAD_BYTES` of them are enough, and nothing is decoded: the image may still be damaged.
    """
    found = _format(head)
    return found if found in FORMATS else None


def foreign_format(head: bytes) -> str | None:
    """The format of a file that is no image that can be read, as a message may call it; None where it is unknown."""
    found = _format(head)
    return None if found in FORMATS else found


def _format(head: bytes) -> str | None:
    head = head[:HEAD_BYTES]
    if head[4:8] == b"ftyp":
        return _branded(head)
    if head.startswith((b"II*\0", b"MM\0*")) and _is_camera_raw(head):
        return "camera raw"
    for known in FORMATS.values():
        if known.signature and re.match(known.signature, head, re.DOTALL):
            return known.name
    return next((name for name, first in _FOREIGN.items() if re.match(first, head, re.DOTALL)), None)


def _is_camera_raw(head: bytes) -> bool:
    """Whether a TIFF is what a sensor saw, which opens as a small copy or in false colors: CR2, DNG, NEF, ARW."""
    order: Literal["little", "big"] = "little" if head.startswith(b"II") else "big"
    start = int.from_bytes(head[4:8], order)
    entries = range(start + 2, start + 2 + 12 * int.from_bytes(head[start : start + 2], order), 12)
    tags = {int.from_bytes(head[at : at + 2], order): head[at + 8 : at + 12] for at in entries[:100]}
    small = int.from_bytes(tags.get(_SUBFILE_TYPE, b""), order) == 1
    return head[8:10] == b"CR" or _DNG_VERSION in tags or (small and _SUB_IFDS in tags)


def _branded(head: bytes) -> str | None:
    """The format by the brands in the first box: its length, "ftyp", the brand, a version, compatible brands."""
    end = min(int.from_bytes(head[:4], "big"), len(head), 256)
    brands = {head[8:12], *(head[start : start + 4] for start in range(16, end - 3, 4))}
    return next((name for name, known in _BRANDS.items() if brands & known), None)

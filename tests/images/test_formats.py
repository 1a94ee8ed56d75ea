"""A file's format by its first bytes."""

from __future__ import annotations

import io

import pillow_heif
import pytest
from PIL import Image

from resnet_hub.images import FORMATS, HEAD_BYTES, foreign_format, image_format

HEADS = {
    "a big TIFF": (b"II+\0\x08\0\0\0", "TIFF"),
    "a HEIC of a phone": (b"\0\0\0\x28ftypheic\0\0\0\0mif1MiHBMiHEMiPrmiafheic", "HEIC"),
    "an AVIF whose first brand says image": (b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf", "AVIF"),
    "a film": (b"\0\0\0\x1cftypisom\0\0\0\0isomiso2avc1", None),
    "brands behind the first box": (b"\0\0\0\x10ftypisom\0\0\0\0avifheic", None),
    "JPEG XL": (b"\xff\x0a\xfa", "JPEG XL"),
    "a page of an error": (b"\n <!DOCTYPE HTML><html>", "HTML"),
    "DICOM": (bytes(128) + b"DICM", "DICOM"),
    "text": (b"name,label\n", None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize("case", HEADS)
def test_first_bytes_tell_the_format(case):
    head, name = HEADS[case]
    assert (image_format(head), foreign_format(head)) == ((name, None) if name in FORMATS else (None, name))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "HEIF"])
def test_what_pillow_writes_is_told_by_its_bytes(name):
    file = io.BytesIO()
    pillow_heif.register_heif_opener()
    Image.new("RGB", (8, 8)).save(file, name)
    assert image_format(file.getvalue()[:HEAD_BYTES]) == {"HEIF": "HEIC"}.get(name, name)

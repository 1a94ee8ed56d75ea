"""A file's format by its first bytes."""

from __future__ import annotations

import io

import pillow_heif
import pytest
from PIL import Image

from resnet_hub.images import FORMATS, HEAD_BYTES, foreign_format, image_format


def tiff(tags, order="little"):
    """The first bytes of a TIFF with these tags, of 4 bytes each."""
    rows = [[(tag, 2), (4, 2), (1, 4), (value, 4)] for tag, value in tags.items()]
    numbers = [(42, 2), (8, 4), (len(tags), 2), *(number for row in rows for number in row)]
    mark = b"II" if order == "little" else b"MM"
    return mark + b"".join(number.to_bytes(size, order) for number, size in numbers)


HEADS = {
    "a big TIFF": (b"II+\0\x08\0\0\0", "TIFF"),
    "a HEIC of a phone": (b"\0\0\0\x28ftypheic\0\0\0\0mif1MiHBMiHEMiPrmiafheic", "HEIC"),
    "an AVIF whose first brand says image": (b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf", "AVIF"),
    "a film": (b"\0\0\0\x1cftypisom\0\0\0\0isomiso2avc1", None),
    "brands behind the first box": (b"\0\0\0\x10ftypisom\0\0\0\0avifheic", None),
    "JPEG XL": (b"\xff\x0a\xfa", "JPEG XL"),
    "a page of an error": (b"\n <!DOCTYPE HTML><html>", "HTML"),
    "a pointer in place of the image": (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
    "a DNG": (tiff({254: 0, 50706: 1}), "camera raw"),
    "what Nikon and Sony write": (tiff({254: 1, 330: 900}, "big"), "camera raw"),
    "what Canon writes": (b"II*\0\x10\0\0\0CR\2\0", "camera raw"),
    "a small copy in a TIFF": (tiff({254: 1}), "TIFF"),
    "a TIFF of many parts": (tiff({254: 0, 330: 900}), "TIFF"),
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

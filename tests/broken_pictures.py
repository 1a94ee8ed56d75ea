"""Files that no program can show: what visitors send by mistake, and what an attacker sends on purpose."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def empty_file():
    return b""


def cut_jpeg():
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG")
    return file.getvalue()[:5000]


def text_file():
    return b"Dear diary, today I am a picture.\n" * 20


def gigantic_png():
    """A valid PNG header of 60,000 x 60,000 pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(180_001 * 10))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

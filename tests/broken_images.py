"""Files that no program can show: what visitors send by mistake, and what an attacker sends on purpose."""

import io
import random
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image

CRIMSON, BLUE = (190, 20, 40), (20, 60, 200)
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(2)</script></svg>"


def saved(image, file_format="PNG", **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def empty_file():
    return b""


def cut_jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    return saved(Image.fromarray(noise), "JPEG")[:5000]


def text_file():
    return b"Dear diary, today I am an image.\n" * 20


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def gigantic_png():
    """A valid PNG header of 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(180_001 * 10))
    parts = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", rows), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@cache
def text_bomb():
    """A PNG of one pixel with a comment that unpacks to 200 MB."""
    packer = zlib.compressobj(9)
    comment = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    data = saved(Image.new("RGB", (1, 1)))
    return data[:33] + png_chunk(b"zTXt", b"Comment\0\0" + comment) + data[33:]


def large_jpeg():
    """20,000 bytes more than a megabyte, and less than what gradio calls one."""
    return b"\xff\xd8\xff" + random.Random(0).randbytes(1_019_997)


def strip(width, height):
    """An image of this size in one color."""
    return lambda: saved(Image.new("RGB", (width, height), CRIMSON))


def animated(file_format):
    """A crimson image, followed by a blue one."""
    frames = [Image.new("RGB", (48, 40), color) for color in (CRIMSON, BLUE)]
    return lambda: saved(frames[0], file_format, save_all=True, append_images=frames[1:], duration=100)


# What comes to a page that takes up to a megabyte: what the file is called, what it is, and the words that its sender
# reads; None where it is odd and yet a crimson image.
BAD = {
    "0 bytes": ("photo.jpg", empty_file, r"is empty \(0 bytes\)"),
    "not an image": ("photo.jpg", text_file, "is in no image format that can be read"),
    "truncated": ("photo.jpg", cut_jpeg, "is damaged or cut short"),
    "larger than the limit": ("photo.jpg", large_jpeg, "is larger than 1 MB|more than the 1,000,000"),
    "60,000 x 60,000": ("photo.png", gigantic_png, "has 60000 x 60000 pixels"),
    "a comment of 200 MB": ("photo.png", text_bomb, "is damaged or cut short"),
    "a drawing with a script": ("photo.svg", lambda: SCRIPT, "is in the format SVG, which cannot be read"),
    "the same under another name": ("photo.png", lambda: SCRIPT, "is in the format SVG, which cannot be read"),
    "one pixel": ("photo.png", strip(1, 1), None),
    "1 x 10,000": ("photo.png", strip(1, 10_000), None),
    "animated GIF": ("photo.gif", animated("GIF"), None),
    "animated WebP": ("photo.webp", animated("WebP"), None),
    "animated PNG": ("photo.png", animated("PNG"), None),
}

"""Folders made of a few words: path -> what lies there, for tests of how datasets are read."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

FIXED = {
    "text": b"just a text",
    "zip": b"PK\x03\x04 and more",
    "apple double": b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X",
    "binary": b"\x00\x01\x02\x03",
    "empty": b"",
    "webp that moves": b"RIFF\x24\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00",
}


def make_tree(root: Path, tree: dict[str, str | int]) -> Path:
    """Writes files below `root` and returns it.

    Args:
        root: Made where it is missing.
        tree: Path -> what the file is: "image", a key of `FIXED`, "-> target" for a link, or the text in it. A number
            stands for so many images in a folder of that path.
    """
    root.mkdir(parents=True, exist_ok=True)
    seed = 0
    for path, kind in tree.items():
        paths = [f"{path}/{number}.png".lstrip("/") for number in range(kind)] if isinstance(kind, int) else [path]
        for each in paths:
            seed += 1
            file = root / each
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(kind, str) and kind.startswith("-> "):
                file.symlink_to(kind.removeprefix("-> "))
            else:
                file.write_bytes(_content(kind, seed))
    return root


def _content(kind: str | int, seed: int) -> bytes:
    if kind == "image" or isinstance(kind, int):
        return _image(seed, "png")
    if kind in ("tiff of 2 pages", "gif of 2 frames"):
        return _image(seed, kind[:4].strip(), pages=2)
    return FIXED.get(kind, kind.encode())


def _image(seed: int, format: str, pages: int = 1) -> bytes:
    """A small noisy image, another for each seed."""
    rng = np.random.default_rng(seed)
    first, *others = (Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)) for _ in range(pages))
    file = BytesIO()
    first.save(file, format, **({"save_all": True, "append_images": others} if others else {}))
    return file.getvalue()

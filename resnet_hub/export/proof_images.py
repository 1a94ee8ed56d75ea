"""The images that an exported file is compared on: a folder's, or crops of the photographs in the package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError, ImageError
from resnet_hub.images import Opened, open_image

BUNDLED = Path(__file__).parents[1] / "demo" / "images"
"""Photographs under CC0."""
FEWEST = 100
"""Images that a proof takes at least."""
MOST = 400
"""Of a folder with more, these are taken at equal distances."""
SHARES = (1.0, 0.85, 0.7, 0.55, 0.4)
"""Sides of the crops, as shares of a photograph's."""


@dataclass(frozen=True)
class ProofImages:
    """Images as they are opened, and what they are, in words."""

    images: tuple[Opened, ...]
    words: str


def proof_images(folder: str | Path | None, preprocessing: Preprocessing) -> ProofImages:
    """At least `FEWEST` images: those below a folder, or crops of the bundled photographs.

    Raises:
        ConfigError: There is no such folder, or it holds fewer images.
    """
    if folder is None:
        images = tuple(_crops())
        return ProofImages(
            images, f"{len(images)} crops of {len(_photographs())} photographs that come with the package"
        )
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise ConfigError("export.no_image_folder", folder=str(folder))
    files = sorted(file for file in root.rglob("*") if file.is_file())
    step = max(1, len(files) // MOST)
    found = tuple(_readable(files[::step], preprocessing))
    if len(found) < FEWEST:
        raise ConfigError("export.few_images", folder=str(folder), found=len(found), fewest=FEWEST)
    return ProofImages(found[:MOST], f"{len(found[:MOST])} images of the folder {root.name}")


def _readable(files: list[Path], preprocessing: Preprocessing) -> Iterator[Opened]:
    for file in files:
        try:
            yield open_image(file, preprocessing=preprocessing)
        except ImageError:
            continue  # a table or a note beside the images


def _photographs() -> list[Path]:
    return sorted(BUNDLED.glob("*.jpg"))


def _crops() -> Iterator[Opened]:
    """Crops of several sizes and places, the whole photograph first; the same ones each time."""
    random = np.random.default_rng(0)
    photographs = [Image.open(file).convert("RGB") for file in _photographs()]
    each = -(-FEWEST // len(photographs))
    for photograph in photographs:
        for index in range(each):
            share = SHARES[index % len(SHARES)]
            width, height = (max(1, round(share * side)) for side in photograph.size)
            left = int(random.integers(photograph.width - width + 1))
            top = int(random.integers(photograph.height - height + 1))
            yield photograph.crop((left, top, left + width, top + height))

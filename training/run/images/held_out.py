"""held_out/: images of the measured split beside the checkpoint, with what was answered, for its page to show."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from resnet_hub.checkpoint import write_atomically
from resnet_hub.config import IMAGE_MODES, Preprocessing
from resnet_hub.errors import ImageError, counted
from resnet_hub.images import visible
from resnet_hub.preprocessing import open_image, to_channels

from ...metrics import AnsweredImage
from ...splits import Split

logger = logging.getLogger(__name__)

HELD_OUT_FOLDER = "held_out"
INDEX_FILE = "images.json"
FORMAT = 1
TINY = 64
"""Shortest side in pixels up to which an image is kept without loss: there each pixel counts, and takes no room."""
QUALITY = 90
"""Of WebP, for larger ones."""
LONGEST = 4
"""Longest side of an image, in shortest sides; more is cut off at both ends, of which the network sees nothing."""


def write_held_out(folder: Path, images: Sequence[AnsweredImage], split: Split, preprocessing: Preprocessing) -> None:
    """Writes the images as large as the network resizes them, before its crop, so that it answers as it did.

    Those of an earlier end of the same run are replaced. None of a network of other channels than 1, 3 and 4: no
    browser would show them.

    Args:
        folder: The run folder.
        images: Which, with their answers; those that cannot be opened again are left out.
        split: Where they are from.
        preprocessing: The network's.
    """
    remove_held_out(folder)
    channels = preprocessing.input_size[0]
    if not images or channels not in IMAGE_MODES:
        return
    target = folder / HELD_OUT_FOLDER
    target.mkdir(exist_ok=True)
    rows = []
    for shown in images:
        content, name = split.image(shown.row)
        try:
            opened = open_image(content, name=name, preprocessing=preprocessing)
        except ImageError as error:
            logger.warning("%s; it is not among the images kept for the page", error)
            continue
        image = as_network_resizes(visible(to_channels(opened, channels)), preprocessing)
        file = f"{shown.row}.webp"
        image.save(target / file, lossless=min(image.size) <= TINY, quality=QUALITY)
        rows.append({"file": file, "truth": shown.truth, "answer": shown.answer, "score": shown.score})
    text = json.dumps({"format": FORMAT, "split": split.name, "images": rows})
    write_atomically(target / INDEX_FILE, lambda file: file.write_text(text, "utf-8"))
    size = sum(file.stat().st_size for file in target.iterdir())
    logger.info(
        "  %s/ has %s of %s for the page (%.1f MB); what is in it is not pushed, --held-out-images 0 keeps none",
        target,
        counted(len(rows), "image", "images"),
        split.name,
        size / 1e6,
    )


def remove_held_out(folder: Path) -> None:
    """Removes what `write_held_out` wrote, and nothing else."""
    target = folder / HELD_OUT_FOLDER
    for file in [*target.glob("*.webp"), target / INDEX_FILE]:
        file.unlink(missing_ok=True)


def as_network_resizes(image: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    """The image with the shortest side that the network resizes it to; one that is smaller stays as it is."""
    shortest = max(int(side / preprocessing.crop_pct) for side in preprocessing.input_size[1:])
    width, height = image.size
    if max(width, height) > LONGEST * min(width, height):
        side = LONGEST * min(width, height)
        left, top = max(0, width - side) // 2, max(0, height - side) // 2
        image = image.crop((left, top, left + min(width, side), top + min(height, side)))
        width, height = image.size
    if min(width, height) <= shortest:
        return image
    longest = int(shortest * max(width, height) / min(width, height))  # cut off as the network's own resizing does
    size = (shortest, longest) if width <= height else (longest, shortest)
    return image.resize(size, Image.Resampling[preprocessing.interpolation.upper()])

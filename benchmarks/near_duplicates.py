"""How many changed copies of real images are found, by kind of change, and how many other pairs; and how fast."""

from __future__ import annotations

import argparse
import io
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageEnhance

from training.inspection import describe, find_near_duplicates, gray_view

Change = Callable[[Image.Image], Image.Image]


def main() -> None:
    """Prints a line for each change, and one for the originals alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with the real images")
    parser.add_argument("--every", type=int, default=20, help="of the CIFAR images, every so many-th is changed")
    given = parser.parse_args()
    files = [*given.data.glob("hymenoptera/*/*/*"), *given.data.glob("imagenet_samples/*")]
    photographs = [Image.open(file).convert("RGB") for file in sorted(files)]
    images = photographs + cifar(given.data / "cifar10/data/test-00000-of-00001.parquet")
    originals = np.array([descriptor(image) for image in images])
    chosen = [*range(len(photographs)), *range(len(photographs), len(images), given.every)]
    started = time.process_time()
    pairs = find_near_duplicates(originals)
    seconds = time.process_time() - started
    print(
        f"{len(images):,} images, unchanged: {len(pairs)} pairs to be looked at by eye, {seconds:.1f} s of a processor"
    )
    for first, second, distance in pairs:
        print(f"  {first} {second} {distance:.3f}")
    for name, change in CHANGES.items():
        random.seed(0)
        copies = np.array([descriptor(change(images[row])) for row in chosen])
        found = {pair[:2] for pair in find_near_duplicates(np.concatenate([originals, copies]))}
        hits = np.array([(row, len(images) + place) in found for place, row in enumerate(chosen)])
        large = np.array(chosen) < len(photographs)
        print(f"{name:32} photographs {hits[large].mean():7.1%}   32 x 32 pixels {hits[~large].mean():7.1%}")


def cifar(file: Path) -> list[Image.Image]:
    """The images of a parquet of CIFAR-10."""
    cells = pq.read_table(file).column("img").combine_chunks().field("bytes").to_pylist()
    return [Image.open(io.BytesIO(cell)).convert("RGB") for cell in cells]


def descriptor(image: Image.Image) -> np.ndarray:
    """The descriptor of an opened image."""
    return describe(gray_view(image))


def resized(image: Image.Image) -> Image.Image:
    """Between half and one and a half times the size."""
    factor = random.uniform(0.5, 1.5)
    return image.resize((round(factor * image.width), round(factor * image.height)))


def encoded(image: Image.Image) -> Image.Image:
    """As JPEG of a quality between 50 and 95."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=random.randint(50, 95))
    return Image.open(buffer).convert("RGB")


def cropped(image: Image.Image) -> Image.Image:
    """Without 5 % of the width and of the height, taken off both ends at random."""
    across, down = (max(1, round(0.05 * side)) for side in image.size)
    left, top = random.randint(0, across), random.randint(0, down)
    return image.crop((left, top, left + image.width - across, top + image.height - down))


def cropped_all_around(image: Image.Image) -> Image.Image:
    """Without 5 % on each of four sides."""
    across, down = (max(1, round(0.05 * side)) for side in image.size)
    return image.crop((across, down, image.width - across, image.height - down))


CHANGES: dict[str, Change] = {
    "resized, 50 to 150 %": resized,
    "JPEG, quality 50 to 95": encoded,
    "cropped by 5 %": cropped,
    "cropped by 5 % on each side": cropped_all_around,
    "15 % darker": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "15 % lighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "cropped, resized, JPEG": lambda image: encoded(resized(cropped(image))),
}


if __name__ == "__main__":
    main()

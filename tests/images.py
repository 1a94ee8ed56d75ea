"""Small generated data sets: classes that differ in color, so that a network learns them in a few steps."""

from pathlib import Path

import numpy as np
from PIL import Image

COLORS = {"blue": (40, 60, 200), "green": (40, 180, 60), "red": (200, 50, 40)}


def image(label: str, seed: int, size: tuple[int, int] = (40, 32)) -> Image.Image:
    """A noisy image in the color of its class."""
    noise = np.random.default_rng(seed).normal(0, 25, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.array(COLORS[label]) + noise, 0, 255).astype(np.uint8))


def class_folders(folder: Path, counts: dict[str, int], start: int = 0) -> Path:
    """Writes `counts` images of each class into a folder of its own."""
    for label, count in counts.items():
        (folder / label).mkdir(parents=True)
        for number in range(start, start + count):
            image(label, hash_free(label, number)).save(folder / label / f"{number}.png")
    return folder


def hash_free(label: str, number: int) -> int:
    """A seed that is the same in every process, unlike `hash`."""
    return 1000 * sorted(COLORS).index(label) + number

"""How cost grows: images a second, memory or time against one size at a time, as a table and a figure.

python -m benchmarks.growth [KIND ...] [--small] [--figures FOLDER]    all kinds where none is named; one thread

Times are those of the processor, medians of three rounds, so that they can be told on a machine that is busy.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from resnet_hub import ImageClassifier, Preprocessing, create_model
from training.data.load import load_data
from training.loading.augment import TrainTransform, to_views
from training.loading.image_dataset import make_loader
from training.metrics import SingleLabelEvaluation
from training.run import new_figure, save_figure
from training.settings.recipe import FinetuneRecipe

ROUNDS = 3


class Growth(NamedTuple):
    """What is measured against what."""

    size: str
    """What grows."""
    measure: str
    """What is measured, with its unit."""
    sizes: tuple[int, ...]
    small: tuple[int, ...]
    """For a try."""
    at: Callable[[int], float]


def main() -> None:
    """Prints a table for each kind, and draws its figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--small", action="store_true", help="the smaller sizes alone, to see that it runs")
    parser.add_argument("--figures", type=Path, default=Path("docs/figures"), help="where growth-KIND.png goes")
    given = parser.parse_args()
    if unknown := set(given.kinds) - set(KINDS):
        sys.exit(f"error: {', '.join(sorted(unknown))}: expected some of {', '.join(KINDS)}")
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    given.figures.mkdir(parents=True, exist_ok=True)
    for name in given.kinds or KINDS:
        kind = KINDS[name]
        print(f"\n| {kind.size} | {kind.measure} |\n| --- | --- |")
        found = []
        for size in kind.small if given.small else kind.sizes:
            found.append((size, kind.at(size)))
            print(f"| {size:,} | {found[-1][1]:,.3g} |", flush=True)
        draw(given.figures / f"growth-{name}.png", kind, found)


def draw(file: Path, kind: Growth, found: list[tuple[int, float]]) -> None:
    """A line over both axes in logarithms, so that what grows evenly is straight."""
    figure = new_figure(figsize=(4.5, 3.2))
    axes = figure.subplots()
    axes.plot(*zip(*found, strict=True), marker="o")
    axes.set(xscale="log", yscale="log", xlabel=kind.size, ylabel=kind.measure)
    axes.grid(visible=True, alpha=0.3)
    figure.subplots_adjust(0.17, 0.17, 0.97, 0.97)
    save_figure(figure, file)


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds, the median of some rounds after one that warms up."""
    times = []
    for number in range(1 + ROUNDS):
        start = time.process_time()
        work()
        times += [time.process_time() - start] if number else []
    return statistics.median(times)


def batch(images: int) -> float:
    """Answers a second, in batches of so many images."""
    classifier = ImageClassifier(create_model("resnet18"), device="cpu")
    pixels = torch.zeros(images, 3, 224, 224, dtype=torch.uint8)
    return images / seconds(lambda: classifier.scores_of(pixels))


def image_size(side: int) -> float:
    """Milliseconds of an answer at a size of the image."""
    classifier = ImageClassifier(create_model("resnet18"), device="cpu")
    pixels = torch.zeros(1, 3, side, side, dtype=torch.uint8)
    return 1e3 * seconds(lambda: classifier.scores_of(pixels))


def depth(layers: int) -> float:
    """Milliseconds of a training step of 16 small images."""
    model = create_model(f"cifar_resnet{layers}", num_classes=10).train()
    images, targets = torch.randn(16, 3, 32, 32), torch.zeros(16, dtype=torch.long)
    return 1e3 * seconds(lambda: F.cross_entropy(model(images), targets).backward())


def classes(count: int) -> float:
    """Milliseconds of all figures of an evaluation of 500 images, those of each class included."""
    rng = torch.Generator().manual_seed(0)
    logits, targets = torch.randn(500, count, generator=rng), torch.randint(count, (500,), generator=rng)
    names = [f"class {number}" for number in range(count)]

    def evaluate() -> object:
        answers = SingleLabelEvaluation.answers(logits, targets, None)
        found = SingleLabelEvaluation.of(tuple(column.numpy() for column in answers), count)
        return found.summary(), found.by_class(names), found.details()

    return 1e3 * seconds(evaluate)


def workers(count: int) -> float:
    """Images that come a second by the clock, cropped, from so many processes of a loader."""
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), 400)
        split = load_data(FinetuneRecipe(dataset=folder)).train
        transform = TrainTransform(Preprocessing(input_size=(3, 96, 96)), 0.35, 0, flip=True)
        rates = []
        for epoch in range(ROUNDS):
            loader = make_loader(split, transform, batch_size=16, seed=0, workers=count, train=True, processes=1)
            loader.sampler.epoch = epoch
            start = time.perf_counter()
            images = sum(len(to_views(pixels)) for pixels, _, _ in loader)
            rates.append(images / (time.perf_counter() - start))
    return statistics.median(rates)


def write_images(folder: Path, count: int) -> None:
    """Small photographs of noise in two class folders."""
    rng = np.random.default_rng(0)
    for number in range(count):
        (folder / str(number % 2)).mkdir(exist_ok=True)
        rows = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(rows).resize((256, 192)).save(folder / str(number % 2) / f"{number}.jpg")


def rows(count: int) -> float:
    """Megabytes at most, above those before, to read a CSV of so many rows of a thousand files."""
    code = (
        "import sys, datasets; from pathlib import Path; from benchmarks import large_tables as t;"
        "datasets.disable_progress_bars(); folder = sys.argv[2]; datasets.config.HF_DATASETS_CACHE = Path(folder, 'c');"
        "t.measure('warm', t.write_csv(Path(folder, 'w'), 10_000));"
        "t.measure('CSV', t.write_csv(Path(folder, 'r'), int(sys.argv[1]), files=1000))"
    )
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", code, str(count), folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1].partition(" MB")[0].split()[-1].replace(",", ""))


IMAGES, ANSWER = "ResNet-18, 224 px: images a core-second", "ResNet-18: core-ms an answer"
STEP = "CIFAR ResNet, 16 images: core-ms a training step"
FIGURES, CLOCK = "all figures of 500 images: core-ms", "images a second by the clock"
KINDS = {
    "batch": Growth("images in a batch", IMAGES, (1, 2, 4, 8, 16, 32), (1, 2), batch),
    "image-size": Growth("side of the image, pixels", ANSWER, (64, 128, 224, 384, 512), (64, 96), image_size),
    "depth": Growth("layers", STEP, (20, 56, 110, 1202), (20, 32), depth),
    "classes": Growth("classes", FIGURES, (2, 20, 200, 2_000, 20_000), (2, 20), classes),
    "workers": Growth("processes that load", CLOCK, (1, 2, 4), (1,), workers),
    "rows": Growth("rows of a table", "MB at most to read it", (10_000, 100_000, 1_000_000), (10_000,), rows),
}
"""What can be measured, by name."""


if __name__ == "__main__":
    main()

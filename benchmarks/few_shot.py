"""How good are heads of a few images, and is "none of these" said as often as stated? `python -m benchmarks.few_shot`.

Features are computed once; then classes are taught, many times over, with a few images of each drawn at random.

    python -m benchmarks.few_shot --model FOLDER --classes FOLDER/train --test FOLDER/val --outside FOLDER
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from resnet_hub import ImageClassifier
from resnet_hub.few_shot import Examples, FewShotHead, fit_head

IMAGES = {".jpg", ".jpeg", ".png", ".webp"}
MOST_OUTSIDE = 300
"""Images of one set outside."""


def main() -> None:
    """Prints the tables of docs/results.md."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--classes", required=True, type=Path, help="a folder for each class, to draw from")
    parser.add_argument("--test", required=True, type=Path, help="a folder for each class, to test on")
    parser.add_argument("--outside", action="append", type=Path, default=[], help="images of none of the classes")
    parser.add_argument("--leave", default="", help="parts of names of files outside that do show a class, with commas")
    parser.add_argument("--shots", default="3,5,10,20,40")
    parser.add_argument("--draws", type=int, default=50)
    given = parser.parse_args()
    classifier = ImageClassifier.from_pretrained(given.model, device="cpu")
    classifier.warm_up()
    names = tuple(sorted(folder.name for folder in given.classes.iterdir() if folder.is_dir()))
    pools = {name: embedded(classifier, sorted((given.classes / name).iterdir())) for name in names}
    tests = {name: embedded(classifier, sorted((given.test / name).iterdir())) for name in names}
    leave = tuple(part.lower() for part in given.leave.split(",") if part)
    outside = {path.stem: embedded(classifier, list(images_of(path, leave))) for path in given.outside}
    shown = [
        "images of each",
        "accuracy",
        "by leaving one out",
        "in its interval",
        "none: stated",
        "same folder",
        "test images",
    ]
    print("|", " | ".join([*shown, *(f"none: {name}" for name in outside)]), "|")
    print("|", " | ".join(["---"] * (len(shown) + len(outside))), "|")
    for count in map(int, given.shots.split(",")):
        rows = [drawn(names, pools, tests, outside, count, seed) for seed in range(given.draws)]
        told = [f"{100 * value:.1f} %" for value in np.mean(rows, axis=0)]
        print("|", " | ".join([str(count), *told]), "|", flush=True)
    timed(classifier, names, pools)


def images_of(path: Path, leave: tuple[str, ...]) -> Iterator[Path | bytes]:
    """The images of a folder but those whose names have one of these parts, or of a parquet file's first column."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        table = parquet.read_table(path)
        yield from (row["bytes"] for row in table.column(0).slice(0, MOST_OUTSIDE).to_pylist())
        return
    for file in sorted(path.rglob("*"))[:MOST_OUTSIDE]:
        if file.suffix.lower() in IMAGES and not any(part in file.name.lower() for part in leave):
            yield file


def embedded(classifier: ImageClassifier, images: list[Path | bytes] | list[Path]) -> Tensor:
    """Features (N, features)."""
    return torch.from_numpy(classifier.embed(images))


def drawn(
    names: tuple[str, ...],
    pools: dict[str, Tensor],
    tests: dict[str, Tensor],
    outside: dict[str, Tensor],
    count: int,
    seed: int,
) -> list[float]:
    """Accuracy on the test images; that of leaving one out, and whether its interval holds the first; what is none."""
    head = taught(names, pools, count, seed)
    targets = torch.arange(len(names)).repeat_interleave(torch.tensor([len(tests[name]) for name in names]))
    features = torch.cat([tests[name] for name in names])
    right = float((head.linear(features).argmax(1) == targets).double().mean())
    low, high = head.accuracy.interval
    none = [rejected(head, one) for one in (features, *outside.values())]
    return [right, head.accuracy.value, low <= right <= high, head.familiarity.false_alarms, *none]


def taught(names: tuple[str, ...], pools: dict[str, Tensor], count: int, seed: int) -> FewShotHead:
    """The head of so many images of each class."""
    generator = torch.Generator().manual_seed(seed)
    rows = [pools[name][torch.randperm(len(pools[name]), generator=generator)[:count]] for name in names]
    return fit_head(Examples(names, torch.arange(len(names)).repeat_interleave(count), torch.cat(rows)))


def rejected(head: FewShotHead, features: Tensor) -> float:
    """The part of images that are called none of the classes."""
    return float((head.familiarity.similarities(features).max(1).values < head.familiarity.threshold).double().mean())


def timed(classifier: ImageClassifier, names: tuple[str, ...], pools: dict[str, Tensor]) -> None:
    """Prints what fitting takes for five classes of ten images, and for 500 images."""
    every = torch.cat([pools[name] for name in names])
    for classes, count in ((5, 10), (10, 50)):
        places = torch.randperm(classes * count, generator=torch.Generator().manual_seed(0)) % len(every)
        rows = every[places] + 0.01 * torch.randn(classes * count, every.shape[1])
        examples = Examples(tuple(map(str, range(classes))), torch.arange(classes).repeat_interleave(count), rows)
        started, used = time.perf_counter(), time.process_time()
        fit_head(examples)
        took = time.perf_counter() - started, time.process_time() - used
        print(f"fitting {classes} x {count}: {took[0]:.2f} s, {took[1]:.2f} s of processors")
    pixels = torch.zeros(8, *classifier.preprocessing.input_size, dtype=torch.uint8)
    started = time.process_time()
    for _ in range(6):
        classifier.features_of(pixels)
    print(f"features of 48 images, decoded: {time.process_time() - started:.2f} s of processors")


if __name__ == "__main__":
    main()

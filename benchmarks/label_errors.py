"""How many labels planted wrong `resnet-hub check` finds: `python -m benchmarks.label_errors`.

5 % of the labels of hymenoptera and of 2,000 images of CIFAR-10 are made wrong, over five seeds, and searched for by
the features of weights/resnet18-imagenet. Precision and share found are those of the list that the check writes. "At
0.5" is the share found by going down all images, the most doubtful first, while half of those seen are wrong; the lift
is the precision among as many images as are wrong, over that of chance. What was wrong before counts as a false alarm.
"""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.quality import first_images
from resnet_hub import ResNet
from training.data import load_data
from training.doctor import Pool, compute_features, judge
from training.hardware import make_accelerator
from training.settings import FinetuneRecipe

SEEDS = 5
WRONG = 0.05


def main() -> None:
    """Prints a table for each data set."""
    data = Path(os.environ.get("RESNET_HUB_DATA", "../shared/data"))
    with tempfile.TemporaryDirectory() as folder:
        measure("hymenoptera", data / "hymenoptera", data, 224)
        measure("cifar10-2000", first_images(data / "cifar10", Path(folder)), data, 96)


def measure(name: str, dataset: Path, data: Path, side: int) -> None:
    """Prints what is found of the labels planted wrong, seed by seed."""
    accelerator = make_accelerator("no", None)
    loaded = load_data(FinetuneRecipe(str(dataset)))
    network = ResNet.from_pretrained(str(data / "weights" / "resnet18-imagenet"))
    network.preprocessing = replace(network.preprocessing, input_size=(3, side, side))
    pool = Pool.of(loaded) if name == "hymenoptera" else Pool(loaded.splits[:2])
    options = {"batch_size": 32, "workers": None, "images": len(pool)}
    features = torch.cat([compute_features(accelerator, network, split, **options) for split in pool.splits])
    truth, classes = pool.labels, len(loaded.label_names)
    untouched = judge(features, truth, pool.groups, loaded.task, classes).suspects
    print(f"\n{name}: {len(truth)} images at {side} px; none made wrong: {len(untouched)} suspected\n")
    print("| seed | made wrong | suspected | precision | found | found at 0.5 | lift |\n" + "| --- " * 7 + "|")
    rows = []
    for seed in range(SEEDS):
        labels, wrong = planted(truth, classes, seed)
        found = judge(features, labels, pool.groups, loaded.task, classes)
        listed, ranks = wrong[found.suspects.rows], wrong[found.suspects.ranking]
        right = np.cumsum(ranks)
        precise = right / np.arange(1, len(ranks) + 1) >= 0.5
        at_half = right[precise].max(initial=0) / wrong.sum()
        lift = ranks[: wrong.sum()].mean() / WRONG
        rows.append((wrong.sum(), len(listed), listed.mean(), listed.sum() / wrong.sum(), at_half, lift))
        print(f"| {seed} | {line(rows[-1])} |", flush=True)
    print(f"| mean | {line(np.mean(rows, 0))} |\n| worst | | | {' | '.join(f'{x:.2f}' for x in np.min(rows, 0)[2:])} |")


def planted(truth: np.ndarray, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels with some made wrong, and which, bool (N,)."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(truth), round(WRONG * len(truth)), replace=False)
    labels = truth.copy()
    labels[chosen] = (truth[chosen] + rng.integers(1, classes, len(chosen))) % classes
    return labels, labels != truth


def line(row: np.ndarray | tuple) -> str:
    """The cells of a row."""
    return " | ".join([*(f"{count:.0f}" for count in row[:2]), *(f"{share:.2f}" for share in row[2:])])


if __name__ == "__main__":
    main()

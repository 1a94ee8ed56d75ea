"""Errors after three epochs with untouched defaults, over three seeds, beside transformers' Trainer: `make quality`.

`--only hymenoptera` and `--only cifar10-2000` take one of the two data sets. With other flags, those of
training.finetune, it runs them over three seeds alone, without the peer; --help lists them.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from datasets import load_dataset

SEEDS = 3
EPOCHS = 3
IMAGES = 2_000
"""Of CIFAR-10, to train and to test each: a small set."""
NAMES = ("hymenoptera", "cifar10-2000")
"""Of the data sets."""
RUNS = Path("runs") / "quality"
LAUNCH = (
    *(sys.executable, "-m", "accelerate.commands.launch", "--quiet", "--num_processes", "1", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "-m", "training.finetune"),
)


class Race(NamedTuple):
    """One data set that both sides train on from the same weights."""

    name: str
    dataset: Path
    side: int
    """Pixels of the input, in each direction."""
    most: float
    """Our errors, as a share of the peer's, that we mean to stay below."""


def main() -> None:
    """Prints the tables."""
    flags = sys.argv[1:]
    if {"-h", "--help"} & set(flags):
        print(__doc__, flush=True)
        sys.exit(subprocess.run([sys.executable, "-m", "training.finetune", "--help"], check=False).returncode)
    if flags and flags[0] != "--only":
        measure(flags)
        return
    names = flags[1:] if flags else NAMES
    if not names or not set(names) <= set(NAMES):
        sys.exit(f"{' '.join(flags)}: expected --only {' or '.join(NAMES)}")
    data = Path(os.environ.get("RESNET_HUB_DATA", "../shared/data"))
    weights = data / "weights" / "resnet18-imagenet"
    with tempfile.TemporaryDirectory() as folder:
        small = first_images(data / "cifar10", Path(folder))
        races = (Race(NAMES[0], data / "hymenoptera", 224, 0.25), Race(NAMES[1], small, 96, 0.6))
        for race in (race for race in races if race.name in names):
            print(f"\n{race.name}, {race.side} px, {EPOCHS} epochs, from {weights.name}\n", flush=True)
            flags = ["--dataset", str(race.dataset), "--model", str(weights), "--image-size", str(race.side)]
            ours = measure([*flags, "--epochs", str(EPOCHS)])
            theirs = measure_peer([str(race.dataset), str(weights), str(race.side), str(EPOCHS)])
            print(f"\nerrors: ours {ours:.2%}, theirs {theirs:.2%}, ratio {ours / theirs:.2f}; at most {race.most}")


def measure(flags: list[str]) -> float:
    """The mean error of training.finetune over the seeds; prints one row each, then mean and spread."""
    found = []
    print("| seed | top-1 | best epoch | seconds |\n| --- | --- | --- | --- |")
    for seed in range(SEEDS):
        folder = RUNS / str(seed)
        own = ["--seed", str(seed), "--output", str(folder), "--overwrite"]
        start = time.perf_counter()
        subprocess.run([*LAUNCH, *flags, *own], check=True, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        results = json.loads((folder / "results.json").read_text())
        found.append(top1 := results["test"]["top1"] if "test" in results else last_epoch(folder))
        print(f"| {seed} | {top1:.2%} | {results['best_epoch']} | {seconds:.0f} |", flush=True)
    print(f"| mean | {statistics.mean(found):.2%} | spread {min(found):.2%} to {max(found):.2%} | |", flush=True)
    return 1 - statistics.mean(found)


def measure_peer(arguments: list[str]) -> float:
    """The mean error of transformers' Trainer over the seeds; prints one row each, then mean and spread."""
    found = []
    print("\n| seed | top-1 of transformers' Trainer | seconds |\n| --- | --- | --- |", flush=True)
    for seed in range(SEEDS):
        start = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.peer_trainer", *arguments, str(seed)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found.append(top1 := 1 - json.loads(printed.splitlines()[-1])["error"])
        print(f"| {seed} | {top1:.2%} | {time.perf_counter() - start:.0f} |", flush=True)
    print(f"| mean | {statistics.mean(found):.2%}, spread {min(found):.2%} to {max(found):.2%} | |", flush=True)
    return 1 - statistics.mean(found)


def last_epoch(folder: Path) -> float:
    """The accuracy on the validation split after the last epoch: the best one would be chosen by what it is told."""
    return json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])["val_top1"]


def first_images(dataset: Path, folder: Path, images: int = IMAGES) -> Path:
    """A parquet folder with the first images of each split."""
    (folder / "data").mkdir()
    for split, rows in load_dataset(str(dataset)).items():
        rows.select(range(images)).to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


if __name__ == "__main__":
    main()

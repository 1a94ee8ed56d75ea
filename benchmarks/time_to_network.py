"""From images to a saved network: seconds, processor seconds and accuracy of whole commands, in turns: `make race`.

`--only hymenoptera` takes one of the data sets, `--rounds 3` more seeds, `--runs linear-probe Trainer` some of the
contestants. Each is a process of its own that starts with its imports and ends with its accuracy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.quality import LAUNCH, first_images, last_epoch

EPOCHS = 3
SIDES = {"hymenoptera": 224, "cifar10-2000": 96}
"""Pixels of the input of each data set."""
OURS = {"linear-probe": ("--recipe", "linear-probe"), "defaults": ("--epochs", str(EPOCHS))}
"""Flags of ours; nothing else is set."""
TUNED = {"per_device_train_batch_size": 16, "learning_rate": 1e-3, "dataloader_num_workers": 2}
"""What a person who knows the Trainer sets; three epochs of its default rate are far too few for a new head."""


@dataclass
class Runs:
    """What the rounds of one contestant gave."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)

    def row(self, name: str, first: Runs) -> str:
        """A line of the table, with the ratio of processor times to that of the first contestant."""
        seconds, processor = statistics.median(self.seconds), statistics.median(self.processor)
        ratio = processor / statistics.median(first.processor)
        spread = f"{min(self.accuracies):.2%} to {max(self.accuracies):.2%}" if len(self.accuracies) > 1 else "one seed"
        accuracy = statistics.mean(self.accuracies)
        return f"| {name} | {accuracy:.2%} ({spread}) | {seconds:.0f} | {processor:.0f} | {ratio:.1f} |"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SIDES, help="one data set; both where absent")
    parser.add_argument("--rounds", type=int, default=1, help="seeds, from 0")
    parser.add_argument("--runs", nargs="+", help="names of contestants; all where absent")
    asked = parser.parse_args()
    data = Path(os.environ.get("RESNET_HUB_DATA", "../shared/data"))
    weights = data / "weights" / "resnet18-imagenet"
    with tempfile.TemporaryDirectory() as folder:
        for name in [asked.only] if asked.only else SIDES:
            dataset = data / name if (data / name).exists() else first_images(data / "cifar10", Path(folder))
            print(f"\n{name}, {SIDES[name]} px, from {weights.name}\n", flush=True)
            race(contestants(dataset, weights, SIDES[name]), asked.runs, asked.rounds)


def contestants(dataset: Path, weights: Path, side: int) -> dict[str, list[str]]:
    """The command of each contestant, but for its seed."""
    ours = [*LAUNCH, "--dataset", str(dataset), "--model", str(weights), "--image-size", str(side)]
    peer = [str(dataset), str(weights), str(side), str(EPOCHS)]
    return {
        **{name: [*ours, *flags] for name, flags in OURS.items()},
        "Trainer": [sys.executable, "-m", "benchmarks.peer_trainer", *peer, "SEED"],
        "Trainer, tuned": [sys.executable, "-m", "benchmarks.peer_trainer", *peer, "SEED", json.dumps(TUNED)],
        "torchvision loop": [sys.executable, "-m", "benchmarks.plain_loop", *peer, "SEED"],
    }


def race(commands: dict[str, list[str]], chosen: list[str] | None, rounds: int) -> None:
    """Prints a line for each run as it ends, then the table."""
    if unknown := set(chosen or ()) - set(commands):
        sys.exit(f"--runs {' '.join(sorted(unknown))}: expected some of {', '.join(commands)}")
    found = {name: Runs() for name in chosen or commands}
    for seed in range(rounds):
        order = list(found)[:: 1 if seed % 2 == 0 else -1]
        for name in order:
            run(commands[name], seed, found[name])
            runs = found[name]
            print(
                f"seed {seed}  {name}: {runs.accuracies[-1]:.2%} in {runs.seconds[-1]:.1f} s, "
                f"{runs.processor[-1]:.1f} processor seconds",
                flush=True,
            )
    print("\n| command | top-1 | seconds | processor seconds | to the first |\n| --- | --- | --- | --- | --- |")
    first = next(iter(found.values()))
    for name, runs in found.items():
        print(runs.row(name, first))


def run(command: list[str], seed: int, runs: Runs) -> None:
    """Runs a contestant once, and adds what it took and its accuracy after the last epoch."""
    with tempfile.TemporaryDirectory() as folder:
        ours = "training.finetune" in command
        own = ["--seed", str(seed), "--output", f"{folder}/run"] if ours else []
        whole = [str(seed) if part == "SEED" else part for part in command] + own
        cold = {**os.environ, "HF_ASSETS_CACHE": f"{folder}/assets"}  # nothing decoded, nothing looked at before
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        ended = subprocess.run(
            whole, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=cold
        )
        runs.seconds.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        runs.processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        runs.accuracies.append(accuracy_of(Path(folder) / "run") if ours else 1 - last_line(ended.stdout)["error"])


def accuracy_of(folder: Path) -> float:
    """The accuracy on test, and where there is none on validation after the last epoch."""
    results = json.loads((folder / "results.json").read_text())
    return results["test"]["top1"] if "test" in results else last_epoch(folder)


def last_line(printed: str) -> dict[str, float]:
    """What the last line of a peer says."""
    return json.loads(printed.splitlines()[-1])


if __name__ == "__main__":
    main()

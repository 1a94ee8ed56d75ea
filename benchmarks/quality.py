"""Accuracy over three seeds: `python -m benchmarks.quality FLAGS`, the flags being those of training.finetune."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

SEEDS = 3
RUNS = Path("runs") / "quality"


def main() -> None:
    """Runs training.finetune once for each seed and prints one row each, then mean and spread."""
    flags = sys.argv[1:]
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--quiet", "--num_processes", "1"]
    plain = ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    found = []
    print("| seed | top-1 | best epoch | seconds |\n| --- | --- | --- | --- |")
    for seed in range(SEEDS):
        folder = RUNS / str(seed)
        own = ["--seed", str(seed), "--output", str(folder), "--overwrite"]
        start = time.perf_counter()
        subprocess.run(
            [*launcher, *plain, "-m", "training.finetune", *flags, *own], check=True, stderr=subprocess.DEVNULL
        )
        seconds = time.perf_counter() - start
        results = json.loads((folder / "results.json").read_text())
        top1 = results.get("test", results["validation"])["top1"]
        found.append(top1)
        print(f"| {seed} | {top1:.2%} | {results['best_epoch']} | {seconds:.0f} |", flush=True)
    print(f"| mean | {statistics.mean(found):.2%} | spread {min(found):.2%} to {max(found):.2%} | |")


if __name__ == "__main__":
    main()

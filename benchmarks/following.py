"""What it costs that answers follow the network: the look at its parts and weights, beside the call that it precedes.

`OMP_NUM_THREADS=1 python -m benchmarks.following`: processor time of one thread, medians of alternating rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from resnet_hub import create_model
from resnet_hub.runtime.runner import Runner

ROUNDS, LOOKS, CALLS = 9, 20, 3
NETWORKS = {"cifar_resnet20": 32, "resnet18": 224, "resnet50": 224}
"""Networks and the sides of their images, in pixels."""


def milliseconds(work: Callable[[], object], times: int) -> float:
    """Processor time of one call, of several in a row."""
    started = time.process_time()
    for _ in range(times):
        work()
    return 1e3 * (time.process_time() - started) / times


def main() -> None:
    """Prints one row of a table for each network."""
    torch.set_num_threads(1)
    print("| network | look | fused call with one image, look and all | share |\n| --- | --- | --- | --- |")
    for name, side in NETWORKS.items():
        run = Runner(create_model(name).eval(), "fused", "fp32")
        images = torch.randn(1, 3, side, side)
        run(images)
        looks, calls = [], []
        for _ in range(ROUNDS):
            looks.append(milliseconds(run._current_copy, LOOKS))
            calls.append(milliseconds(lambda run=run, images=images: run(images), CALLS))
        look, call = statistics.median(looks), statistics.median(calls)
        print(f"| {name} | {look:.2f} ms | {call:.2f} ms | {look / call:.1%} |")


if __name__ == "__main__":
    main()

"""One network in several runtimes: its own copy here, ONNX Runtime, OpenVINO, timm; and from files, transformers.

`python -m benchmarks.runtimes FOLDER IMAGES [--only WORD] [--threads N] [--rounds N]`. FOLDER is a checkpoint, IMAGES
a folder of 100 photographs or more, on which int8 is calibrated too. Each runtime is prepared as `ImageClassifier` does
it, in the cache of the user, in float32 and int8. All are asked in turns in one process; a row is the median of
milliseconds of processor time for an image, and how many times less that is than the first row.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from itertools import product
from pathlib import Path

import timm
import torch

from resnet_hub import ImageClassifier
from resnet_hub.errors import CheckpointError
from resnet_hub.runtime import native_bf16

BATCHES = (1, 8)
FILES = 16
Work = Callable[[], object]


def runtimes(folder: Path, images: Path, only: str) -> dict[str, ImageClassifier]:
    """Name -> a classifier in that runtime, the network's own copy first; one that is refused is named and left out."""
    found = {"fused fp32": ImageClassifier.from_pretrained(folder, device="cpu", precision="fp32")}
    if native_bf16():
        found["fused bf16"] = ImageClassifier.from_pretrained(folder, device="cpu", precision="bf16")
    for precision, backend in product(("fp32", "int8"), ("onnx", "openvino")):
        if only not in f"{backend} {precision}":
            continue
        how = {"backend": backend, "precision": precision, "calibration": images}
        try:
            found[f"{backend} {precision}"] = ImageClassifier.from_pretrained(folder, **how)
        except CheckpointError as error:
            print(f"left out: {backend} in {precision}, {error}", file=sys.stderr)
            continue
        print(found[f"{backend} {precision}"].taken, file=sys.stderr)
    return found


def network_rows(folder: Path, classifiers: dict[str, ImageClassifier], batch: int) -> dict[str, Work]:
    """Name -> the network alone, on a batch of pixels."""
    peer = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    size = next(iter(classifiers.values())).preprocessing.input_size
    pixels = torch.randint(0, 256, (batch, *size), dtype=torch.uint8)
    given = pixels.float() / 255

    @torch.inference_mode()
    def eager() -> object:
        return peer(given)

    rows: dict[str, Work] = {"timm eager": eager}
    for name, one in classifiers.items():
        rows[name] = partial(one.scores_of, pixels)
    return rows


def file_rows(folder: Path, classifiers: dict[str, ImageClassifier], images: list[Path]) -> dict[str, Work]:
    """Name -> the five best classes of files of photographs."""
    from transformers import pipeline

    peer = pipeline("image-classification", model=str(folder), device="cpu")
    names = [str(path) for path in images]
    rows: dict[str, Work] = {"transformers pipeline": lambda: peer(names, top_k=5, batch_size=8)}
    for name, one in classifiers.items():
        rows[name] = partial(one, names, top_k=5)
    return rows


def timed(title: str, rows: dict[str, Work], count: int, rounds: int) -> list[str]:
    """Lines of a table, of rows that were run in turns."""
    taken: dict[str, list[float]] = {name: [] for name in rows}
    for turn in range(rounds + 1):  # the first does not count
        for name, work in rows.items():
            started = time.process_time()
            work()
            if turn:
                taken[name].append(1e3 * (time.process_time() - started) / count)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    first = next(iter(medians.values()))
    return [f"| {title} | {name} | {value:.1f} | {first / value:.2f} |" for name, value in medians.items()]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--only", default="", metavar="WORD", help="other runtimes with this word alone, such as int8")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(given.threads)
    images = [path for path in sorted(given.images.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg")][:FILES]
    classifiers = runtimes(given.folder, given.images, given.only)
    lines = []
    for batch in BATCHES:
        rows = network_rows(given.folder, classifiers, batch)
        lines += timed(f"network, batch {batch}", rows, batch, given.rounds)
    lines += timed("files to top-5", file_rows(given.folder, classifiers, images), len(images), given.rounds)
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "timm", "transformers", "onnxruntime", "openvino")
    )
    load = os.getloadavg()[0]
    print(f"{packages}; {platform.machine()}, {given.threads} threads, load {load:.1f}", file=sys.stderr)
    print("| work | runtime | ms an image | times the first |", "| --- | --- | ---: | ---: |", *lines, sep="\n")


if __name__ == "__main__":
    main()

"""The rows for one NVIDIA GPU, each measured here and now, and the table of docs/results.md: see benchmarks/gpu.sh.

python -m benchmarks.gpu --data FOLDER --out FILE [--rehearse]    --rehearse runs all of it on the CPU, in tiny sizes
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
import torch.nn.functional as F

from benchmarks.quality import LAUNCH, first_images, last_epoch
from resnet_hub import ImageClassifier, Preprocessing, create_model
from training.loading.augment import TrainTransform, prepare_batch

SECONDS = 540
"""In which all rows are meant to be done; one that would begin later is left out, and said to be."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    device: str
    networks: tuple[str, str]
    side: int
    batch: int
    rounds: int
    images: int
    """Of CIFAR-10, to train and to test each."""
    epochs: int
    sprint: int
    """Epochs of the short recipe for CIFAR-10."""


FULL = Sizes("cuda", ("resnet50", "resnet18"), 224, 256, 9, 50_000, 3, 48)
TINY = Sizes("cpu", ("resnet18", "test_resnet"), 64, 4, 3, 60, 1, 1)
Row = Callable[[], str]
"""Measures, and says what was found."""


def main() -> None:
    """Prints each row as it is measured, and writes the table after each, so that what is cut off keeps the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with hymenoptera, cifar10 and weights/")
    parser.add_argument("--out", type=Path, required=True, help="the table, Markdown")
    parser.add_argument(
        "--rehearse", action="store_true", help="on the CPU, in tiny sizes: shows the path, not a figure"
    )
    given = parser.parse_args()
    if not given.rehearse and not torch.cuda.is_available():
        sys.exit("error: no CUDA device is visible to PyTorch; --rehearse runs the rows on the CPU in tiny sizes")
    sizes, start = TINY if given.rehearse else FULL, time.perf_counter()
    where = platform.processor() or platform.machine() if given.rehearse else torch.cuda.get_device_name()
    head = (
        f"{'Rehearsal: no figure below says anything. ' if given.rehearse else ''}{where}, torch {torch.__version__}, "
    )
    lines = [f"{head}timm {timm.__version__}, on {date.today()}, `bash benchmarks/gpu.sh`.", ""]
    lines += ["| what | one NVIDIA GPU |", "| --- | --- |"]
    with tempfile.TemporaryDirectory() as folder:
        for name, row in rows(sizes, given.data, Path(folder)).items():
            taken = time.perf_counter() - start
            found = measured(row) if taken < SECONDS else f"not run: {taken:.0f} of {SECONDS} s were over"
            lines.append(f"| {name} | {found} |")
            print(lines[-1], flush=True)
            given.out.write_text("\n".join(lines) + "\n")
    print(f"{time.perf_counter() - start:.0f} s; the table is in {given.out}")
    if any("failed: " in line for line in lines):
        sys.exit(1)


def rows(sizes: Sizes, data: Path, folder: Path) -> dict[str, Row]:
    """The rows by what they measure."""
    first, second = sizes.networks
    found: dict[str, Row] = {}
    for batch in (1, sizes.batch):
        found[f"inference, {first}, bfloat16, batch of {batch}"] = lambda batch=batch: inference(sizes, batch)
    for network in (first, second):
        found[f"training step, {network}, bfloat16, batch of {sizes.batch}"] = lambda network=network: step(
            sizes, network
        )
    found[f"crops on the device, {sizes.side} px, RandAugment"] = lambda: views(sizes)
    found["JPEG to tuned weights, ants and bees"] = lambda: tuned(sizes, data, folder)
    found["CIFAR-10, `--recipe short-cifar`"] = lambda: sprint(sizes, data, folder)
    found["CIFAR-10 to 94 %"] = lambda: "not run: no recipe here is known to reach it, and airbench94 is not carried"
    return found


def measured(row: Row) -> str:
    """What a row says, or why it failed."""
    try:
        return row()
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        return f"failed: {str(error).strip().splitlines()[-1][:200]}"


def wait(sizes: Sizes) -> None:
    """Until the device is done."""
    if sizes.device == "cuda":
        torch.cuda.synchronize()


def alternating(sizes: Sizes, ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """The median seconds of each, in turns, after two rounds that warm up."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(2 + sizes.rounds):
        for which in (0, 1) if turn % 2 else (1, 0):
            wait(sizes)
            start = time.perf_counter()
            (ours, theirs)[which]()
            wait(sizes)
            if turn >= 2:
                times[which].append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def memory(sizes: Sizes) -> str:
    """The most that PyTorch has held on the device since the last look."""
    if sizes.device == "cpu":
        return "no memory of a device"
    most = torch.cuda.max_memory_allocated() / 2**30
    torch.cuda.reset_peak_memory_stats()
    return f"{most:.1f} GiB at most"


def compared(mine: float, peer: float, batch: int) -> str:
    """A cell: images a second of both, and the ratio."""
    return f"{batch / mine:,.0f} images/s ({1e3 * mine:.2f} ms), timm {batch / peer:,.0f}: {peer / mine:.2f} times"


def inference(sizes: Sizes, batch: int) -> str:
    """Pixels on the device -> scores, beside timm's network in channels_last and autocast."""
    name = sizes.networks[0]
    classifier = ImageClassifier(create_model(name), device=sizes.device, precision="bf16")
    peer = timm.create_model(name).eval().to(sizes.device, memory_format=torch.channels_last)
    pixels = torch.zeros(batch, 3, sizes.side, sizes.side, dtype=torch.uint8, device=sizes.device)
    images = pixels.float().contiguous(memory_format=torch.channels_last)

    def theirs() -> torch.Tensor:
        with torch.inference_mode(), torch.autocast(sizes.device, torch.bfloat16):
            return peer(images).softmax(1).float().cpu()

    mine, peers = alternating(sizes, lambda: classifier.scores_of(pixels), theirs)
    return f"{compared(mine, peers, batch)}; {memory(sizes)}"


def step(sizes: Sizes, name: str) -> str:
    """Forward, backward and update from images on the device, beside timm's network in the same loop."""
    images = torch.randn(sizes.batch, 3, sizes.side, sizes.side, device=sizes.device)
    images = images.contiguous(memory_format=torch.channels_last)
    targets = torch.zeros(sizes.batch, dtype=torch.long, device=sizes.device)

    def trained(model: torch.nn.Module) -> Callable[[], object]:
        model = model.train().to(sizes.device, memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, fused=sizes.device == "cuda")

        def update() -> None:
            with torch.autocast(sizes.device, torch.bfloat16):
                loss = F.cross_entropy(model(images), targets)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

        return update

    mine, peers = alternating(sizes, trained(create_model(name)), trained(timm.create_model(name)))
    return f"{compared(mine, peers, sizes.batch)}; {memory(sizes)}"


def views(sizes: Sizes) -> str:
    """Crops as they come from the cache -> the network's input: resampled, changed, normalized on the device."""
    side = sizes.side
    transform = TrainTransform(
        Preprocessing(input_size=(3, side, side)), 0.35, 0, flip=True, auto_augment="rand-m9-mstd0.5-inc1"
    )
    transform = TrainTransform(**{**vars(transform), "resampled_on_device": True})
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (round(1.7 * side), round(2.2 * side), 3), dtype=np.uint8)
    draws = np.stack([transform.draw(0, 1, index) for index in range(sizes.batch)])
    crops = transform.gather([transform.cut(image, one) for one in draws], draws)
    there = crops._replace(pixels=crops.pixels.to(sizes.device))
    ours, _ = alternating(sizes, lambda: prepare_batch(there, transform.preprocessing), lambda: None)
    return f"{sizes.batch / ours:,.0f} images/s; {memory(sizes)}"


def command(sizes: Sizes, folder: Path, *flags: str) -> tuple[float, Path]:
    """Runs training.finetune; returns its seconds from the start of the process, and its folder."""
    run = folder / f"run{time.monotonic_ns()}"
    start = time.perf_counter()
    done = subprocess.run([*LAUNCH, *flags, "--output", str(run)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or "the command failed")
    return time.perf_counter() - start, run


def said(seconds: float, run: Path) -> str:
    """A cell: accuracy, seconds, and the speed and the memory of the last epoch."""
    results = json.loads((run / "results.json").read_text())
    top1 = results["test"]["top1"] if "test" in results else last_epoch(run)
    timing: dict[str, Any] = json.loads((run / "timings.jsonl").read_text().splitlines()[-1])
    speed, held = timing["images_per_second"], timing["memory_bytes"] / 2**30
    return (
        f"{top1:.2%} after {seconds:.0f} s, imports included; {speed:,.0f} images/s, {held:.1f} GiB in the last epoch"
    )


def tuned(sizes: Sizes, data: Path, folder: Path) -> str:
    """Untouched defaults on a folder of photographs."""
    weights = data / "weights" / "resnet18-imagenet"
    flags = ["--dataset", str(data / "hymenoptera"), "--model", str(weights), "--epochs", str(sizes.epochs)]
    return said(*command(sizes, folder, *flags, "--image-size", str(sizes.side)))


def sprint(sizes: Sizes, data: Path, folder: Path) -> str:
    """The recipe for small images without published weights."""
    dataset = data / "cifar10"
    if sizes.images < FULL.images:
        (folder / "small").mkdir()
        dataset = first_images(dataset, folder / "small", sizes.images)
    flags = ["--recipe", "short-cifar", "--dataset", str(dataset), "--epochs", str(sizes.sprint)]
    if sizes.sprint < 3:
        flags += ["--warmup-epochs", "0", "--batch-size", "16", "--val-fraction", "0.2"]
    return said(*command(sizes, folder, *flags))


if __name__ == "__main__":
    main()

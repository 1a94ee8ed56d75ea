"""Time of ours and of a peer for the same work, taken in turns in one process.

`python -m benchmarks.ratios [--only WORDS] [--threads N] [--processor-time] [DATA]`. DATA is a folder with
`weights/resnet50-imagenet` and `imagenet_samples`; RESNET_HUB_DATA, else ../shared/data. The rows that load need none:
their weights are random. timm's network runs as its users run it: as it stands, in float32, whatever ours does.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import timm
import torch
from PIL import Image

from benchmarks.bench_history import History
from resnet_hub import ImageClassifier, ResNet, create_model
from resnet_hub.preprocessing.pixels import normalize

ROUNDS = 9
IMAGES = 24
PRECISIONS = {"fp32": "float32", "bf16": "bfloat16"}
BATCHES = (1, 8, 16)
LOADED = ("resnet18", "resnet50", "resnet152")

Work = Callable[[], object]
Row = tuple[Work, Work, float]
"""What we do, what the peer does, and how many milliseconds of the row one second is."""


def compare(row: Row, clock: Callable[[], float]) -> tuple[float, float]:
    """Milliseconds of ours and of the peer: medians of alternating rounds after one warm-up each."""
    ours, theirs, unit = row
    times: tuple[list[float], list[float]] = ([], [])
    ours(), theirs()
    for turn in range(ROUNDS):
        for which in (0, 1) if turn % 2 else (1, 0):
            start = clock()
            (ours, theirs)[which]()
            times[which].append((clock() - start) * unit)
    return statistics.median(times[0]), statistics.median(times[1])


def load_timm(folder: Path) -> torch.nn.Module:
    """The network as timm builds and loads it."""
    return timm.create_model(f"local-dir:{folder}", pretrained=True).eval()


@contextmanager
def loading(name: str) -> Iterator[Row]:
    """A folder with random weights -> a network in evaluation mode, nothing of it in memory before."""
    with TemporaryDirectory() as folder:
        create_model(name).save_pretrained(folder)
        yield lambda: ResNet.from_pretrained(folder), lambda: load_timm(Path(folder)), 1000


@contextmanager
def tensors(data: Path) -> Iterator[Row]:
    """Photographs -> tensors, one by one."""
    classifier, _, transform, files = opened(data, "fp32")
    contents = [file.read_bytes() for file in files]

    def prepare() -> list[torch.Tensor]:
        preprocessing = classifier.preprocessing
        return [normalize(classifier.prepare(content), preprocessing) for content in contents]

    yield prepare, lambda: [transform(Image.open(file).convert("RGB"))[None] for file in files], 1000 / len(files)


@contextmanager
def answers(data: Path, precision: str) -> Iterator[Row]:
    """Photographs -> the five most likely classes, one by one."""
    classifier, model, transform, files = opened(data, precision)

    @torch.inference_mode()
    def classify_timm() -> list[torch.Tensor]:
        images = (transform(Image.open(file).convert("RGB"))[None] for file in files)
        return [model(image).softmax(1).topk(5).values for image in images]

    yield lambda: [classifier(file) for file in files], classify_timm, 1000 / len(files)


@contextmanager
def network(data: Path, precision: str, batch: int) -> Iterator[Row]:
    """Pixels of a batch -> scores: the network and what is a part of every answer; timm's gets what it is given."""
    classifier, model, _, files = opened(data, precision)
    pixels = torch.stack([classifier.prepare(file) for file in files])[torch.arange(batch) % len(files)]
    images = normalize(pixels, classifier.preprocessing)

    @torch.inference_mode()
    def infer() -> torch.Tensor:
        return model(images).softmax(1)

    yield lambda: classifier.scores_of(pixels), infer, 1000 / batch


def opened(data: Path, precision: str) -> tuple[ImageClassifier, torch.nn.Module, Callable[..., Any], list[Path]]:
    """ResNet-50 as a classifier, the same as timm's network with its transform, and photographs."""
    checkpoint = data / "weights" / "resnet50-imagenet"
    model = load_timm(checkpoint)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    classifier = ImageClassifier.from_pretrained(checkpoint, device="cpu", precision=precision)
    return classifier, model, transform, sorted((data / "imagenet_samples").glob("*.JPEG"))[:IMAGES]


def work(data: Path) -> dict[str, Callable[[], AbstractContextManager[Row]]]:
    """The rows by name."""
    rows = {f"load {name} from a folder": partial(loading, name) for name in LOADED}
    rows["photograph to tensor"] = partial(tensors, data)
    for precision, name in PRECISIONS.items():
        rows[f"photograph to top-5, one by one, {name}"] = partial(answers, data, precision)
    for batch in BATCHES:
        for precision, name in PRECISIONS.items():
            rows[f"network alone, batch of {batch}, {name}"] = partial(network, data, precision, batch)
    return rows


def main() -> None:
    """Prints the table."""
    default = os.environ.get("RESNET_HUB_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ratios", description="Ours and timm in turns.")
    parser.add_argument("data", nargs="?", type=Path, default=Path(default), help="weights/ and imagenet_samples/")
    parser.add_argument("--only", default="", metavar="WORDS", help="the rows whose names hold these words")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), metavar="N", help="threads of PyTorch")
    parser.add_argument("--history", type=Path, help="JSON lines to compare each row with and to add it to")
    parser.add_argument("--processor-time", action="store_true", help="of all threads; tells on a machine that is busy")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.process_time if arguments.processor_time else time.perf_counter
    rows = work(arguments.data)
    chosen = {name: row for name, row in rows.items() if arguments.only in name}
    if not chosen:
        sys.exit(f"error: no row has {arguments.only!r} in its name; choose of {', '.join(map(repr, rows))}")
    if not arguments.data.is_dir() and any(not name.startswith("load") for name in chosen):
        sys.exit(f"error: there is no folder {str(arguments.data)!r}; name the one that holds weights/, or --only load")
    logging.disable(logging.WARNING)
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    times = "processor time" if arguments.processor_time else "time"
    print(f"median {times} per network or image, {ROUNDS} alternating rounds; peer: timm {timm.__version__}\n")
    print("| work | resnet_hub | timm | times quicker |\n| --- | --- | --- | --- |")
    slower = []
    for name, row in chosen.items():
        with row() as parts:
            mine, peer = compare(parts, clock)
        print(f"| {name} | {mine:.2f} ms | {peer:.2f} ms | {peer / mine:.2f} |", flush=True)
        if arguments.history and (warning := History(arguments.history).add(name, mine, peer)):
            slower.append(warning)
    if slower:
        sys.exit("\n" + "\n".join(slower))


if __name__ == "__main__":
    main()

"""Time of ours and of a peer for the same work, taken in turns in one process.

`python -m benchmarks.ratios [--only WORDS] [DATA]`. DATA is a folder with `weights/resnet50-imagenet` and
`imagenet_samples`; RESNET_HUB_DATA, else ../shared/data. The rows that load need none: their weights are random.
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
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import timm
import torch
from PIL import Image

from resnet_hub import ImageClassifier, ResNet, create_model
from resnet_hub.preprocessing import normalise, open_image, to_pixels

ROUNDS = 9
PICTURES = 24
LOADED = ("resnet18", "resnet50", "resnet152")

Work = Callable[[], object]
Row = tuple[Work, Work, float]
"""What we do, what the peer does, and how many milliseconds of the row one second is."""


def compare(name: str, ours: Work, theirs: Work, unit: float) -> str:
    """One row: medians of alternating rounds after one warm-up each, and how many times quicker ours is."""
    times: tuple[list[float], list[float]] = ([], [])
    ours(), theirs()
    for turn in range(ROUNDS):
        for which in (0, 1) if turn % 2 else (1, 0):
            start = time.perf_counter()
            (ours, theirs)[which]()
            times[which].append((time.perf_counter() - start) * unit)
    mine, peer = (statistics.median(part) for part in times)
    return f"| {name} | {mine:.2f} ms | {peer:.2f} ms | {peer / mine:.2f} |"


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
def pictures(data: Path, part: str) -> Iterator[Row]:
    """Photographs -> tensors, or with the network -> the five most likely classes, one by one."""
    checkpoint = data / "weights" / "resnet50-imagenet"
    files = sorted((data / "imagenet_samples").glob("*.JPEG"))[:PICTURES]
    contents = [file.read_bytes() for file in files]
    classifier = ImageClassifier.from_pretrained(checkpoint, device="cpu")
    preprocessing = classifier.preprocessing
    model = load_timm(checkpoint)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)

    def prepare() -> list[torch.Tensor]:
        return [normalise(to_pixels(open_image(content), preprocessing), preprocessing) for content in contents]

    def prepare_timm() -> list[torch.Tensor]:
        return [transform(Image.open(file).convert("RGB"))[None] for file in files]

    def classify_timm() -> torch.Tensor:
        with torch.inference_mode():
            return torch.cat([model(image).softmax(1).topk(5).values for image in prepare_timm()])

    per_picture = 1000 / len(files)
    if part == "tensor":
        yield prepare, prepare_timm, per_picture
    else:
        yield lambda: [classifier(file) for file in files], classify_timm, per_picture


def main() -> None:
    """Prints the table."""
    default = os.environ.get("RESNET_HUB_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ratios", description="Ours and timm in turns.")
    parser.add_argument("data", nargs="?", type=Path, default=Path(default), help="weights/ and imagenet_samples/")
    parser.add_argument("--only", default="", metavar="WORDS", help="the rows whose names hold these words")
    arguments = parser.parse_args()
    rows = {f"load {name} from a folder": partial(loading, name) for name in LOADED}
    rows["photograph to tensor"] = partial(pictures, arguments.data, "tensor")
    rows["photograph to top-5, one by one"] = partial(pictures, arguments.data, "top-5")
    chosen = {name: row for name, row in rows.items() if arguments.only in name}
    if not chosen:
        sys.exit(f"error: no row has {arguments.only!r} in its name; choose of {', '.join(map(repr, rows))}")
    if not arguments.data.is_dir() and any(not name.startswith("load") for name in chosen):
        sys.exit(f"error: there is no folder {str(arguments.data)!r}; name the one that holds weights/, or --only load")
    logging.disable(logging.WARNING)
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"median of {ROUNDS} alternating rounds; peer: timm {timm.__version__}\n")
    print("| work | resnet_hub | timm | times quicker |\n| --- | --- | --- | --- |")
    for name, row in chosen.items():
        with row() as (ours, theirs, unit):
            print(compare(name, ours, theirs, unit), flush=True)


if __name__ == "__main__":
    main()

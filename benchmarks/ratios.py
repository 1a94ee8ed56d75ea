"""Time of ours and of a peer for the same work, taken in turns in one process: `python -m benchmarks.ratios [DATA]`.

DATA is a folder with `weights/resnet50-imagenet` and `imagenet_samples`; RESNET_HUB_DATA, else ../shared/data.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import timm
import torch
from PIL import Image

from resnet_hub import ImageClassifier, ResNet
from resnet_hub.preprocessing import normalise, open_image, to_pixels

ROUNDS = 9
PICTURES = 24


def compare(name: str, ours: Callable[[], object], theirs: Callable[[], object], unit: float, label: str) -> str:
    """One row: medians of alternating rounds after one warm-up each, and how many times quicker ours is."""
    times: tuple[list[float], list[float]] = ([], [])
    ours(), theirs()
    for turn in range(ROUNDS):
        for which in (0, 1) if turn % 2 else (1, 0):
            start = time.perf_counter()
            (ours, theirs)[which]()
            times[which].append((time.perf_counter() - start) * unit)
    mine, peer = (statistics.median(part) for part in times)
    return f"| {name} | {mine:.2f} {label} | {peer:.2f} {label} | {peer / mine:.2f} |"


def rows(data: Path) -> list[str]:
    """The table's rows."""
    checkpoint = data / "weights" / "resnet50-imagenet"
    files = sorted((data / "imagenet_samples").glob("*.JPEG"))[:PICTURES]
    contents = [file.read_bytes() for file in files]
    classifier = ImageClassifier.from_pretrained(checkpoint, device="cpu")
    preprocessing = classifier.preprocessing

    def load_timm() -> torch.nn.Module:
        return timm.create_model(f"local-dir:{checkpoint}", pretrained=True).eval()

    model = load_timm()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)

    def prepare() -> list[torch.Tensor]:
        return [normalise(to_pixels(open_image(content), preprocessing), preprocessing) for content in contents]

    def prepare_timm() -> list[torch.Tensor]:
        return [transform(Image.open(file).convert("RGB"))[None] for file in files]

    def classify_timm() -> torch.Tensor:
        with torch.inference_mode():
            return torch.cat([model(image).softmax(1).topk(5).values for image in prepare_timm()])

    per_picture = 1000 / len(files)
    return [
        compare("load ResNet-50 from a folder", lambda: ResNet.from_pretrained(checkpoint), load_timm, 1000, "ms"),
        compare("photograph to tensor", prepare, prepare_timm, per_picture, "ms"),
        compare(
            "photograph to top-5, one by one",
            lambda: [classifier(file) for file in files],
            classify_timm,
            per_picture,
            "ms",
        ),
    ]


def main() -> None:
    """Prints the table."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("RESNET_HUB_DATA", default))
    if not data.is_dir():
        sys.exit(f"error: there is no folder {str(data)!r}; name the one that holds weights/ and imagenet_samples/")
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"median of {ROUNDS} alternating rounds; peer: timm {timm.__version__}\n")
    print("| work | resnet_hub | timm | times quicker |\n| --- | --- | --- | --- |")
    for row in rows(data):
        print(row, flush=True)


if __name__ == "__main__":
    main()

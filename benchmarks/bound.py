"""What one core needs for an image without any page: `python -m benchmarks.bound MODEL IMAGES...`.

`--tiny FOLDER` writes a network there that costs next to nothing, so that what is left of a page's time is HTTP.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import torch

from resnet_hub import create_model
from resnet_hub.demo.serving.networks.model_pool import BATCH
from resnet_hub.demo.serving.networks.open_model import open_classifier
from resnet_hub.demo.settings import PageSettings
from resnet_hub.preprocessing.pixels import open_image, to_pixels

ROUNDS = 7


def quickest(work: Callable[[], object]) -> float:
    """Milliseconds of the quickest of some rounds: what else runs on the machine only ever makes one slower."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    return min(times)


def main() -> None:
    """Prints JSON, in milliseconds: decoding with preprocessing, the network in batches; and what it computes in."""
    torch.set_num_threads(1)
    model, *images = sys.argv[1:]
    if model == "--tiny":
        create_model("cifar_resnet20", num_classes=10).save_pretrained(images[0])
        return
    classifier = open_classifier(model, PageSettings(model=model, device="cpu"))
    prepare = classifier.preprocessing
    pixels = torch.stack([to_pixels(open_image(image), prepare) for image in images[:BATCH]])
    image_ms = quickest(lambda: [to_pixels(open_image(image), prepare) for image in images]) / len(images)
    network_ms = quickest(lambda: classifier.scores_of(pixels)) / len(pixels)
    print(json.dumps({"image": image_ms, "network": network_ms, "precision": classifier.precision}))


if __name__ == "__main__":
    main()

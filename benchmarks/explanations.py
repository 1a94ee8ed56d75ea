"""Are explanations about the network? What covering the places that they name takes from the score, and at what time.

With --data, the folder that holds `imagenet_samples` and `weights`. Also how many blocks can be left out, one by one.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from resnet_hub import ImageClassifier, ResNet
from resnet_hub.explain import METHODS, block_effects, first_losses, gradient_flow, heat_map
from resnet_hub.preprocessing import open_image, to_pixels

COVERED = 0.2
"""Part of the image that is covered."""


def main() -> None:
    """Prints three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", default="resnet18-imagenet", help="a folder of `weights`")
    parser.add_argument("--images", type=int, default=40)
    given = parser.parse_args()
    torch.set_num_threads(1)
    classifier = ImageClassifier.from_pretrained(given.data / "weights" / given.weights, device="cpu")
    files = sorted((given.data / "imagenet_samples").iterdir())[: given.images]
    images = [to_pixels(open_image(file), classifier.preprocessing) for file in files]
    covering(classifier, images)
    leaving_out(given.weights, classifier, images)
    cifar(given.data)
    depth()


def covering(classifier: ImageClassifier, images: list[Tensor]) -> None:
    """The mean drop of the best class's score when a fifth of the image is covered, as each method says."""
    generator = np.random.default_rng(0)
    drops: dict[str, list[float]] = {name: [] for name in (*METHODS, "a square anywhere")}
    seconds = dict.fromkeys(METHODS, 0.0)
    for pixels in images:
        scores = classifier.scores_of(pixels[None])[0]
        best = int(scores.argmax())
        masks = {}
        for method in METHODS:
            started = time.process_time()
            values = heat_map(classifier, pixels, best, method).values
            seconds[method] += time.process_time() - started
            masks[method] = values >= np.quantile(values, 1 - COVERED)
        masks["a square anywhere"] = square(pixels.shape[1:], generator)
        covered = torch.stack([cover(classifier, pixels, mask) for mask in masks.values()])
        for name, score in zip(masks, classifier.scores_of(covered)[:, best].tolist(), strict=True):
            drops[name].append(float(scores[best]) - score)
    print(f"{len(images)} photographs, a fifth of each covered with the mean color")
    for name, values in drops.items():
        took = f"{seconds[name] / len(images):6.2f} s of one core" if name in seconds else ""
        print(f"{name:20} mean drop of the score {np.mean(values):.3f} {took}")


def square(size: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """A mask with a square of the covered area at a random place."""
    side = round((COVERED * size[0] * size[1]) ** 0.5)
    top, left = (generator.integers(0, length - side + 1) for length in size)
    mask = np.zeros(size, dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def cover(classifier: ImageClassifier, pixels: Tensor, mask: np.ndarray) -> Tensor:
    """The pixels with the mean color where the mask says."""
    mean = torch.tensor([round(255 * value) for value in classifier.preprocessing.mean], dtype=torch.uint8)
    return torch.where(torch.from_numpy(mask), mean[:, None, None], pixels)


def leaving_out(name: str, classifier: ImageClassifier, images: list[Tensor]) -> None:
    """How many blocks can be left out alone, for the best class, and the score stays above half."""
    kept = []
    for pixels in images:
        best = int(classifier.scores_of(pixels[None])[0].argmax())
        effects = block_effects(classifier, pixels, best)
        kept.append(np.mean([effect.score_without > effect.score / 2 for effect in effects]))
    print(f"{name}: of {len(effects)} blocks, {len(effects) * np.mean(kept):.1f} can be left out, each alone")


def cifar(data: Path) -> None:
    """The same for published CIFAR networks."""
    with np.load(data / "cifar10_lossless_test1000.npz") as file:
        images = [torch.from_numpy(image.transpose(2, 0, 1).copy()) for image in file["images"][:100]]
    for depth in (20, 32, 44, 56):
        (weights,) = (data / "weights/cifar-akamaster").glob(f"resnet{depth}-*.th")
        model = ResNet.from_pretrained(weights, architecture=f"cifar_resnet{depth}")
        leaving_out(f"cifar_resnet{depth}", ImageClassifier(model, device="cpu"), images)


def depth() -> None:
    """What shortcuts do for training."""
    for layers in (20, 56, 110):
        for shortcuts in (False, True):
            growth = gradient_flow(layers, shortcuts).growth
            *_, loss = first_losses(layers, shortcuts)
            print(f"{layers} layers, shortcuts: {shortcuts!s:5} gradient grows {growth:,.0f} times, loss {loss:.2f}")


if __name__ == "__main__":
    main()

"""Are explanations about the network? What covering the places that they name takes from the score, and at what time.

With --data, the folder that holds `imagenet_samples` and `weights`. Also how often a map is worth the name, how well
the methods agree, and how many blocks can be left out, one by one.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from resnet_hub import ImageClassifier, ResNet
from resnet_hub.explain import (
    METHODS,
    CoverEffect,
    HeatMap,
    Verdict,
    agreement,
    block_effects,
    cover_effect,
    evidence,
    first_losses,
    gradient_flow,
    heat_map,
)
from resnet_hub.preprocessing.pixels import open_image, to_pixels

COVERED = 0.2
"""Part of the image that is covered."""


def main() -> None:
    """Prints all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", default="resnet18-imagenet", help="a folder of `weights`")
    parser.add_argument("--images", type=int, default=40)
    given = parser.parse_args()
    torch.set_num_threads(1)
    classifier = ImageClassifier.from_pretrained(given.data / "weights" / given.weights, device="cpu")
    files = sorted((given.data / "imagenet_samples").iterdir())[: given.images]
    images = [to_pixels(open_image(file), classifier.preprocessing) for file in files]
    maps = covering(classifier, images)
    places(maps)
    worth(classifier, images, maps)
    agreeing(maps)
    leaving_out(given.weights, classifier, images)
    cifar(given.data)
    depth()


def covering(classifier: ImageClassifier, images: list[Tensor]) -> list[dict[str, HeatMap]]:
    """The mean drop of the best class's score when a fifth of the image is covered, as each method says; the maps."""
    maps = []
    generator = np.random.default_rng(0)
    drops: dict[str, list[float]] = {name: [] for name in (*METHODS, "a square anywhere")}
    seconds = dict.fromkeys(METHODS, 0.0)
    for pixels in images:
        scores = classifier.scores_of(pixels[None])[0]
        best = int(scores.argmax())
        masks: dict[str, np.ndarray] = {}
        maps.append({})
        for method in METHODS:
            started = time.process_time()
            found = maps[-1][method] = heat_map(classifier, pixels, best, method)
            seconds[method] += time.process_time() - started
            values = found.values
            masks[method] = values >= np.quantile(values, 1 - COVERED)
        masks["a square anywhere"] = square(pixels.shape[1:], generator)
        covered = torch.stack([cover(classifier, pixels, mask) for mask in masks.values()])
        for name, score in zip(masks, classifier.scores_of(covered)[:, best].tolist(), strict=True):
            drops[name].append(float(scores[best]) - score)
    print(f"{len(images)} photographs, a fifth of each covered with the mean color")
    for name, values in drops.items():
        took = f"{seconds[name] / len(images):6.2f} s of one core" if name in seconds else ""
        print(f"{name:20} mean drop of the score {np.mean(values):.3f} {took}")
    return maps


def places(maps: list[dict[str, HeatMap]]) -> None:
    """How many places a map names, and how often the strongest is at the edge."""
    for method in ("hires-cam", "occlusion"):
        found = [evidence(one[method]) for one in maps]
        several, edge = np.mean([bool(one.others) for one in found]), np.mean([one.at_edge for one in found])
        print(f"{method:20} several places {several:.0%}, strongest up to the edge {edge:.0%}")


def worth(classifier: ImageClassifier, images: list[Tensor], maps: list[dict[str, HeatMap]]) -> None:
    """How often covering what a map names takes more than covering random places, by class and method."""
    effects: dict[str, list[CoverEffect]] = {}
    for pixels, found in zip(images, maps, strict=True):
        least = int(classifier.scores_of(pixels[None])[0].argmin())
        for method in ("hires-cam", "occlusion"):
            effects.setdefault(f"best, {method}", []).append(cover_effect(classifier, pixels, found[method]))
        wrong = heat_map(classifier, pixels, least)
        effects.setdefault("least likely", []).append(cover_effect(classifier, pixels, wrong))
    for name, found_effects in effects.items():
        rate = np.mean([one.is_worth_the_name for one in found_effects])
        whole, without, elsewhere = (
            np.mean([getattr(one, part) for one in found_effects])
            for part in ("score", "score_without", "score_without_random")
        )
        print(f"{name:20} {whole:.3f} covered {without:.3f} random {elsewhere:.3f} worth the name {rate:.0%}")
    others = [one.scores_elsewhere for one in effects["best, hires-cam"]]
    chance = np.mean([np.mean(scores[1:]) - scores[0] > 1e-3 for scores in others if scores])
    print(f"{'a random place':20} worth the name {chance:.0%}")


def agreeing(maps: list[dict[str, HeatMap]]) -> None:
    """How well HiResCAM and occlusion agree on one image, beside maps of two different images."""
    one, other = [found["hires-cam"] for found in maps], [found["occlusion"] for found in maps]
    # As if all were of one class: what is compared are places.
    as_first = [replace(found, class_index=0) for found in (*one, *other)]
    one, other = as_first[: len(maps)], as_first[len(maps) :]
    pairs = [(left, right) for left in range(len(maps)) for right in range(len(maps))]
    for name, chosen in (
        ("one image", [pair for pair in pairs if pair[0] == pair[1]]),
        ("different images", [pair for pair in pairs if pair[0] != pair[1]]),
    ):
        found = [agreement(one[left], other[right]) for left, right in chosen]
        rates = {verdict: np.mean([pair.verdict is verdict for pair in found]) for verdict in Verdict}
        middle = np.median([pair.overlap for pair in found])
        print(f"{name:20} median overlap {middle:.2f}", *(f"{verdict} {rate:.0%}" for verdict, rate in rates.items()))


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

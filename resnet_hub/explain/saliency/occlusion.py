"""Occlusion: how far the score of a class falls when a part of the image is covered."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from resnet_hub.explain.saliency.target import Target

PATCHES = 64
"""Most places that are covered, one after the other, whatever the size of the image."""
BATCH_SIZE = 8
"""Most images in one pass through the network; whoever waits hears of each pass."""

Patch = tuple[slice, slice]


def score_drops(
    target: Target, give_up: Callable[[], bool] | None = None, progress: Callable[[int, int], None] | None = None
) -> tuple[Tensor, float]:
    """How far the score falls for each covered place, and the score of the whole image.

    The map is float32 (rows, columns) on the CPU, about 8 x 8 for a square image, negative where the score rises. A
    patch is twice as wide and high as its place, so neighbors overlap. It is filled with the mean color of the
    images the network was trained on. Images go through the network as those to be classified do, fast and in the
    classifier's precision.

    Args:
        target: The class, the pixels and the network.
        give_up: Asked before each pass; true where nobody waits for the answer any more.
        progress: Told after each pass how many places have been covered, and how many there are.

    Raises:
        CheckpointError: The network's answer is not finite.
        TimeoutError: It was given up.

    Source: Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2.
    """
    with torch.inference_mode():
        height, width = target.pixels.shape[1:]
        rows, columns = _grid(height, width)
        patches: list[Patch | None] = [None, *_patches(height, width, rows, columns)]
        scores = []
        for start in range(0, len(patches), BATCH_SIZE):
            if give_up is not None and give_up():
                raise TimeoutError
            batch = [_covered(target, patch) for patch in patches[start : start + BATCH_SIZE]]
            scores.append(target.classifier.scores_of(torch.stack(batch))[:, target.class_index])
            if progress is not None:
                progress(min(start + BATCH_SIZE, len(patches)) - 1, len(patches) - 1)
        every = torch.cat(scores)
        drops = every[0] - every[1:]
        drops[drops.abs() < target.rounding * every[0].abs()] = 0
        return drops.reshape(rows, columns), float(every[0])


def occlusion_places(pixels: Tensor) -> int:
    """How many places of an image (C, H, W) are covered, one after the other."""
    rows, columns = _grid(*pixels.shape[1:])
    return rows * columns


def _grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of places, nearly square each, at most one for each pixel and `PATCHES` in all."""
    rows = max(1, min(PATCHES, height, round(math.sqrt(PATCHES * height / width))))
    return rows, max(1, min(width, PATCHES // rows))


def _patches(height: int, width: int, rows: int, columns: int) -> list[Patch]:
    """The patches, row by row: each place with half a place around it."""
    tall, wide = (
        [
            slice(max(0, math.floor((index - 0.5) * side / count)), min(side, math.ceil((index + 1.5) * side / count)))
            for index in range(count)
        ]
        for side, count in ((height, rows), (width, columns))
    )
    return [(vertical, horizontal) for vertical in tall for horizontal in wide]


def _covered(target: Target, patch: Patch | None) -> Tensor:
    """The pixels (C, H, W), with the patch covered where there is one."""
    mask = torch.zeros(target.pixels.shape[1:], dtype=torch.bool)
    if patch is not None:
        mask[patch] = True
    return target.covered(mask)

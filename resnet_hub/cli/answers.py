"""Files -> ranked answers, in order: decoded in threads a little ahead of the network, so that memory stays flat."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from resnet_hub.classifier import ImageClassifier, Prediction
from resnet_hub.errors import ImageError

from .image_files import ImageFile

Loaded = Tensor | ImageError | None
"""What becomes of a file: pixels uint8 (C, H, W), why it cannot be read, or nothing where it is no image."""
BATCHES_AHEAD = 2
"""Batches of images that are decoded and not answered yet, at most."""
MOST_DECODERS = 8
"""Threads that decode; one photograph of the largest size takes some 300 MB while it is decoded."""


@dataclass(frozen=True)
class Answer:
    """What the network says of one image, or why it cannot say anything."""

    file: str
    """Its path, as `ImageFile` has it."""
    predictions: Sequence[Prediction]
    """The best classes, best first; none where there is a problem."""
    problem: ImageError | None = None
    """Why it cannot be read."""


def answers(
    classifier: ImageClassifier, files: Iterable[ImageFile], top_k: int, done: Callable[[], object]
) -> Generator[Answer]:
    """An answer for each file in its order, but for those in folders that are no images, which their folder counts.

    Args:
        classifier: Its `batch_size` images are answered at a time.
        files: Taken up as they are needed.
        top_k: Classes of each answer.
        done: Called once for each file, images or not.

    Raises:
        CheckpointError: The network's answers are not finite.
    """

    def load(file: ImageFile) -> Loaded:
        if not file.seems_an_image():
            return None
        try:
            return classifier.prepare(file.path)
        except ImageError as error:
            return error

    batch: list[tuple[ImageFile, Tensor | ImageError]] = []
    for file, loaded in _ahead(files, load, BATCHES_AHEAD * classifier.batch_size):
        done()
        if loaded is not None:
            batch.append((file, loaded))
        elif file.folder is not None:
            file.folder.no_images.add(file.path)
        if len(batch) == classifier.batch_size:
            yield from _answered(classifier, batch, top_k)
            batch = []
    yield from _answered(classifier, batch, top_k)


def _answered(
    classifier: ImageClassifier, batch: Sequence[tuple[ImageFile, Tensor | ImageError]], top_k: int
) -> Iterator[Answer]:
    """The answers to one batch, computed at once."""
    pixels = [loaded for _, loaded in batch if isinstance(loaded, Tensor)]
    ranked = iter(_ranked(classifier, torch.stack(pixels), top_k) if pixels else [])
    for file, loaded in batch:
        if isinstance(loaded, Tensor):
            yield Answer(file.path, next(ranked))
        else:
            yield Answer(file.path, (), loaded)


def _ranked(classifier: ImageClassifier, pixels: Tensor, top_k: int) -> list[list[Prediction]]:
    """The best classes of each image, of uint8 pixels (N, C, H, W)."""
    indices, scores = classifier.rank(classifier.scores_of(pixels), top_k)
    names = classifier.label_names
    return [
        [Prediction(names[index], index, score) for index, score in zip(*row, strict=True)]
        for row in zip(indices.tolist(), scores.tolist(), strict=True)
    ]


def _ahead(
    files: Iterable[ImageFile], load: Callable[[ImageFile], Loaded], most: int
) -> Iterator[tuple[ImageFile, Loaded]]:
    """Each file with what `load` makes of it, in order, while at most `most` others are loaded in threads."""
    pool = ThreadPoolExecutor(min(MOST_DECODERS, max(2, os.cpu_count() or 2)), "decode ahead")
    waiting: deque[tuple[ImageFile, Future[Loaded]]] = deque()
    try:
        for file in files:
            waiting.append((file, pool.submit(load, file)))
            if len(waiting) > most:
                first, loading = waiting.popleft()
                yield first, loading.result()
        while waiting:
            first, loading = waiting.popleft()
            yield first, loading.result()
    finally:
        pool.shutdown(cancel_futures=True)

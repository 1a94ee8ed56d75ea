"""Files -> ranked answers or features, in order: decoded a little ahead of the network, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np

from resnet_hub.classifier import ImageClassifier, Prediction
from resnet_hub.cli.inference.image_files import ImageFile
from resnet_hub.errors import ImageError
from resnet_hub.preprocessing import BATCHES_AHEAD, Compute, Row, batch_rows, decoded_ahead

Loaded = np.ndarray | ImageError | None
"""What becomes of a file: pixels uint8 (C, H, W), why it cannot be read, or nothing where it is no image."""


@dataclass(frozen=True)
class Answer:
    """What the network says of one image, or why it cannot say anything."""

    file: str
    """Its path, as `ImageFile` has it."""
    predictions: Sequence[Prediction]
    """The best classes, best first; none where there is a problem."""
    problem: ImageError | None = None
    """Why it cannot be read."""


@dataclass(frozen=True)
class Embedding:
    """The features of one image, or why it has none."""

    file: str
    """Its path, as `ImageFile` has it."""
    features: np.ndarray | None
    """(features,), float32; None where there is a problem."""
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
    for file, row in _rows(classifier, files, partial(_ranked, classifier, top_k), done):
        yield Answer(file, (), row) if isinstance(row, ImageError) else Answer(file, row)


def embeddings(
    classifier: ImageClassifier, files: Iterable[ImageFile], done: Callable[[], object]
) -> Generator[Embedding]:
    """The features of each file in its order, as `answers`, with the features in place of the classes."""
    for file, row in _rows(classifier, files, classifier.features_of, done):
        yield Embedding(file, None, row) if isinstance(row, ImageError) else Embedding(file, row)


def _rows(
    classifier: ImageClassifier, files: Iterable[ImageFile], compute: Compute[Row], done: Callable[[], object]
) -> Iterator[tuple[str, Row | ImageError]]:
    """The path of each image, and what is computed of it or why it cannot be read."""

    def load(file: ImageFile) -> Loaded:
        if not file.seems_an_image():
            return None
        try:
            return classifier.pixels_of(file.path)
        except ImageError as error:
            return error

    batch: list[tuple[str, np.ndarray | ImageError]] = []

    def computed() -> Iterator[tuple[str, Row | ImageError]]:
        rows = batch_rows([loaded for _, loaded in batch], compute)
        return zip([file for file, _ in batch], rows, strict=True)

    with closing(decoded_ahead(files, load, BATCHES_AHEAD * classifier.batch_size)) as ahead:
        for file, loaded in ahead:
            done()
            if loaded is not None:
                batch.append((file.path, loaded))
            elif file.folder is not None:
                file.folder.no_images.add(file.path)
            if len(batch) == classifier.batch_size:
                yield from computed()
                batch = []
        yield from computed()


def _ranked(classifier: ImageClassifier, top_k: int, pixels: np.ndarray) -> list[list[Prediction]]:
    """The best classes of each image, of uint8 pixels (N, C, H, W)."""
    indices, scores = classifier.rank(classifier.scores_of(pixels), top_k)
    names = classifier.label_names
    return [
        [Prediction(names[index], index, score) for index, score in zip(*row, strict=True)]
        for row in zip(indices.tolist(), scores.tolist(), strict=True)
    ]

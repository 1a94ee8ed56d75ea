"""What a network answers on the images of a split, part by part, the same on any number of processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from resnet_hub import ImageClassifier
from resnet_hub.errors import CheckpointError, DataError, ImageError

from ..data import SHOWN, shown_files
from ..loading import UNREADABLE, EvalTransform, make_loader, prepare_batch
from ..loop import gather, show_progress, unique_rows
from ..push import Answers
from ..settings import PredictionSettings
from ..splits import Split
from ..tables import refuse_stranger

PART_ROWS, PART_SECONDS = 8192, 30.0
"""How many rows, or how long, answers are held before they are given out."""


def answer(
    settings: PredictionSettings,
    classifier: ImageClassifier,
    split: Split,
    accelerator: Accelerator,
    *,
    done: int,
    bad: int,
) -> Iterator[tuple[int, Answers]]:
    """The network's ranked classes for the rows from `done` on, a part at a time, with the number of its first row.

    They are given to the main process alone.

    Args:
        settings: Of the prediction.
        classifier: Answers.
        split: All images.
        accelerator: Of this process.
        done: How many rows are answered already, from the first on.
        bad: How many of them cannot be decoded.

    Raises:
        DataError: More images cannot be decoded than are allowed.
        CheckpointError: The network's answers are not finite.
    """
    left = split.select(np.arange(done, len(split)))
    loader = accelerator.prepare(
        make_loader(
            left,
            EvalTransform(classifier.preprocessing),
            batch_size=settings.images_per_batch,
            seed=0,
            workers=settings.workers,
            train=False,
            processes=accelerator.num_processes,
            lenient=True,
        )
    )
    network = classifier.model.to(memory_format=torch.channels_last)
    part = Part(done)
    unreadable: set[int] = set()
    for pixels, labels, rows in show_progress(loader, "predicting", accelerator) if len(left) else ():
        with torch.inference_mode(), accelerator.autocast():
            logits = network(prepare_batch(pixels, classifier.preprocessing))
        ranked = classifier.rank(classifier.scores(logits.float()), settings.top_k)
        # Copies, since parts that are kept hold the scores of all classes in memory.
        kept = (column.clone() for column in ranked)
        rows, labels, indices, scores = gather(accelerator, rows, labels, *kept)
        rows = rows + done
        unreadable |= set(rows[labels == UNREADABLE].tolist())
        refuse_bad(split, sorted(unreadable), bad, settings.max_bad_images)
        if not scores.isfinite().all():
            raise CheckpointError("predictions.not_finite", model=settings.model)
        if accelerator.is_main_process:
            part.add(rows, indices, scores)
            if part.is_due:
                yield part.first, part.answers(unreadable, partial(problem, split, settings, classifier))
                part = Part(part.end)
    if part.end > part.first:
        yield part.first, part.answers(unreadable, partial(problem, split, settings, classifier))


class Part:
    """The answers to rows that follow each other, as they come."""

    def __init__(self, first: int) -> None:
        self.first = self.end = first
        self._found: list[list[Tensor]] = []
        self._since = time.monotonic()

    def add(self, rows: Tensor, *columns: Tensor) -> None:
        """Adds a batch of all processes; those that only pad it are passed over."""
        new = rows >= self.end
        if new.any():
            self._found.append([rows[new], *(column[new] for column in columns)])
            self.end = int(rows.max()) + 1

    @property
    def is_due(self) -> bool:
        """Whether it is worth a file."""
        return self.end - self.first >= PART_ROWS or time.monotonic() - self._since >= PART_SECONDS

    def answers(self, unreadable: Collection[int], problem: Callable[[int], str]) -> Answers:
        """All of them, with why some cannot be decoded, by their place in the part."""
        outputs, values = unique_rows(self._found)
        bad = [row for row in unreadable if self.first <= row < self.end]
        return Answers(outputs, values, {row - self.first: problem(row) for row in bad})


def refuse_bad(split: Split, rows: Sequence[int], before: int, allowed: int) -> None:
    """Raises: DataError on every process where more images cannot be decoded than are allowed."""
    if before + len(rows) > allowed:
        names = "; ".join(split.image(row)[1] for row in rows[:SHOWN]) + ("; ..." if len(rows) > SHOWN else "")
        raise DataError("predictions.undecodable_images", count=before + len(rows), images=names, allowed=allowed)


def problem(split: Split, settings: PredictionSettings, classifier: ImageClassifier, row: int) -> str:
    """Why the image of a row cannot be decoded, without the folders of this machine."""
    content, name = split.image(row)
    try:
        refuse_stranger(content, name)
        classifier.prepare(content, name=shown_files([name], settings.dataset)[0] or name)
    except ImageError as error:
        return str(error)
    return "it could not be decoded when it was its turn"

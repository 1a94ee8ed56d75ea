"""held_out/ -> the images that a run kept, with what is true and what was answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resnet_hub.demo.run_report.run_files import count, json_object, line, part_of, share
from resnet_hub.errors import CheckpointError

FOLDER = "held_out"
INDEX_FILE = f"{FOLDER}/images.json"
MAX_BYTES = 1_000_000
MAX_IMAGE_BYTES = 4_000_000
MOST_IMAGES = 2000
_NAME = re.compile(r"[0-9A-Za-z_-]{1,80}\.webp")


@dataclass(frozen=True)
class HeldImage:
    """An image that the run kept."""

    file: str
    """Its path in the run folder."""
    truth: tuple[int, ...]
    """The true classes."""
    answer: tuple[int, ...]
    """The classes that the network gave."""
    score: float
    """How sure it was, 0 to 1."""

    @property
    def wrong(self) -> bool:
        """Whether the answer is another than the true one."""
        return self.truth != self.answer


@dataclass(frozen=True)
class HeldOut:
    """The images, the surest mistakes first."""

    split: str | None
    """Which split they are from; untrusted text."""
    images: tuple[HeldImage, ...]
    left_out: int
    """Rows of the index that are none, or name a file elsewhere."""

    def mistakes(self, most: int) -> list[tuple[int, HeldImage]]:
        """The surest wrong answers with their numbers, the surest first."""
        wrong = [(place, image) for place, image in enumerate(self.images) if image.wrong]
        return sorted(wrong, key=lambda pair: -pair[1].score)[:most]

    def of_cell(self, true: int, answer: int) -> list[tuple[int, HeldImage]]:
        """The images of one class that were answered with one class, with their numbers."""
        cell = (true,), (answer,)
        return [(place, image) for place, image in enumerate(self.images) if (image.truth, image.answer) == cell]


def parse_held_out(content: bytes, classes: int) -> HeldOut:
    """The index of the images of a network with so many classes. Raises: CheckpointError where it names none."""
    values = json_object(content, INDEX_FILE)
    rows = values.get("images")
    if not isinstance(rows, list) or len(rows) > MOST_IMAGES:
        raise CheckpointError("run_report.other_form", file=INDEX_FILE)
    found = [image for row in rows if (image := _image(row, classes)) is not None]
    return HeldOut(line(values.get("split")), tuple(found), len(rows) - len(found))


def _image(row: object, classes: int) -> HeldImage | None:
    name, score = part_of(row, "file"), share(part_of(row, "score"))
    truth, answer = (_indices(part_of(row, key), classes) for key in ("truth", "answer"))
    if not isinstance(name, str) or not _NAME.fullmatch(name) or None in (score, truth, answer):
        return None
    return HeldImage(f"{FOLDER}/{name}", truth or (), answer or (), score or 0.0)


def _indices(values: object, classes: int) -> tuple[int, ...] | None:
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) > classes:
        return None
    found = tuple(index for value in values if (index := count(value, classes - 1)) is not None)
    return found if len(found) == len(values) else None

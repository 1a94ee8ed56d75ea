"""Files sent for a class -> images of a lesson, batch by batch, so that others get answers between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from resnet_hub.config import Preprocessing
from resnet_hub.demo.intake import FailedImage, NamedImage, images_in
from resnet_hub.demo.serving.batch_inference import archive_limits, thumbnail_of
from resnet_hub.demo.serving.inference import Inference
from resnet_hub.demo.serving.lessons import LearnedImage, Lesson
from resnet_hub.demo.serving.networks import OpenModel
from resnet_hub.errors import ImageError
from resnet_hub.few_shot import FewShotAnswer, digest_of
from resnet_hub.preprocessing import open_image, to_pixels

TOGETHER = 8
"""Images whose features are computed together, while the next ones are decoded."""
SIDE = 96
"""Longest side of a thumbnail in pixels."""


@dataclass(frozen=True, eq=False)
class _Read:
    """An image that was decoded."""

    name: str
    pixels: Tensor
    """uint8 (C, H, W)."""
    thumbnail: bytes


async def taught(
    inference: Inference, model: OpenModel, lesson: Lesson, files: Sequence[tuple[str, Path]], label: str
) -> AsyncGenerator[list[FailedImage], None]:
    """Adds the images of the files to a lesson, and learns; after each batch it gives what failed so far.

    It ends at once where the lesson is over.

    Args:
        inference: Where images are decoded, and the network is run.
        model: The network of the lesson.
        lesson: What is added to.
        files: Names and places of images and zips.
        label: The class of all of them; where empty, the folder that each lies in.
    """
    found, failed = images_in(files, archive_limits(inference.settings)), list[FailedImage]()
    preprocessing = model.classifier.preprocessing
    try:
        coming = asyncio.ensure_future(inference.aside(_read, found, preprocessing))
        while batch := await coming:
            coming = asyncio.ensure_future(inference.aside(_read, found, preprocessing))
            read = [one for one in batch if isinstance(one, _Read)]
            failed += [one for one in batch if isinstance(one, FailedImage)]
            if read:
                pixels = torch.stack([one.pixels for one in read])
                features = await inference.explained(model.classifier.features_of, pixels)
                if lesson.is_over:
                    return
                failed += _added(lesson, read, features, label)
            yield failed
        await inference.aside(lesson.learn)
        yield failed
    finally:
        coming.cancel()
        with suppress(ValueError):  # a thread is still reading; it ends with this batch
            found.close()


def _read(found: Iterator[NamedImage | FailedImage], preprocessing: Preprocessing) -> list[_Read | FailedImage]:
    """The next images; empty at the end."""
    read: list[_Read | FailedImage] = []
    for one in islice(found, TOGETHER):
        if isinstance(one, FailedImage):
            read.append(one)
            continue
        try:
            opened = open_image(one.data, preprocessing=preprocessing)
            read.append(_Read(one.name, to_pixels(opened, preprocessing), thumbnail_of(opened, SIDE)))
        except ImageError as error:
            read.append(FailedImage(one.name, error))
    return read


def _added(lesson: Lesson, read: Sequence[_Read], features: Tensor, label: str) -> list[FailedImage]:
    """What a lesson did not take."""
    failed = []
    for one, row in zip(read, features, strict=True):
        try:
            own = label or one.name.rpartition("/")[0]
            if not own:
                raise ImageError("tabs.no_class_name")
            lesson.add(LearnedImage(one.name, own, row, digest_of(one.pixels), one.thumbnail))
        except ImageError as error:
            failed.append(FailedImage(one.name, error))
    return failed


async def taught_answer(inference: Inference, model: OpenModel, lesson: Lesson, image: bytes) -> FewShotAnswer | None:
    """What the classes of a lesson say of an image, a file's bytes; None while nothing is learned.

    Raises: ImageError, PageError.
    """
    head = lesson.head
    if head is None:
        return None
    inference.check_size(len(image))
    pixels = await inference.aside(model.classifier.prepare, image)
    features = await inference.explained(model.classifier.features_of, pixels[None])
    return head.answers(features)[0]

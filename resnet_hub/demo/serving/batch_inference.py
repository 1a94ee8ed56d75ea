"""Many images of one visitor -> an answer for each, in order, without taking the network from the others."""

from __future__ import annotations

import asyncio
import io
import os
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from resnet_hub.classifier import Prediction
from resnet_hub.config import Preprocessing
from resnet_hub.demo.intake import ArchiveLimits, FailedImage, NamedImage, images_in
from resnet_hub.demo.serving.inference import Inference
from resnet_hub.demo.serving.networks import BATCH, OpenModel
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.text import sentence_of
from resnet_hub.images import Opened, visible
from resnet_hub.preprocessing import open_image, to_channels, to_pixels

AHEAD = 2 * BATCH
"""Images of one run in flight: one batch in the network, and one being collected."""
DECODERS = max(1, (os.cpu_count() or 2) // 2)
"""Images of one run that are decoded at the same time, and whose files are in memory; the rest is for others."""
THUMBNAIL = 128
"""Longest side of a thumbnail in pixels."""
MOST_THUMBNAILS = 300
"""Images of a run that are shown; of further ones there are names and answers."""


@dataclass(frozen=True)
class ImageAnswer:
    """What came of one file."""

    name: str
    """Its name for display: untrusted text."""
    predictions: tuple[Prediction, ...] = ()
    """The best classes, best first; empty where there is a problem."""
    problem: str | None = None
    """A sentence, in the visitor's language."""
    thumbnail: bytes = b""
    """A small JPEG; empty where none was wanted."""


def archive_limits(settings: PageSettings) -> ArchiveLimits:
    """How much one visitor may send together."""
    return ArchiveLimits(
        images=settings.max_images,
        image_bytes=settings.max_file_mb * 1_000_000,
        archive_bytes=settings.max_zip_mb * 1_000_000,
        # A zip of photographs is no smaller than they are; one that fits should not fail at the sum.
        total_bytes=max(ArchiveLimits.total_bytes, 2 * settings.max_zip_mb * 1_000_000),
    )


async def image_answers(
    inference: Inference,
    model: OpenModel,
    files: Sequence[tuple[str, Path]],
    top_k: int,
    *,
    language: str,
    thumbnails: int = 0,
) -> AsyncGenerator[ImageAnswer, None]:
    """The answers to all images of the files, in their order. Closed or cancelled, it leaves every queue it waits in.

    Args:
        inference: Where images are decoded.
        model: The network that is asked.
        files: Names and places of images and zips.
        top_k: Classes of an answer at most.
        language: That of the problems.
        thumbnails: How many of the first images get one.
    """
    images = images_in(files, archive_limits(inference.settings))
    decoders = asyncio.Semaphore(DECODERS)
    under_way: deque[asyncio.Task[ImageAnswer]] = deque()
    count = 0
    try:
        while True:
            await decoders.acquire()
            found = await inference.aside(next, images, None)
            if found is None:
                break
            work = _answer(inference, model, found, top_k, decoders, language, count < thumbnails)
            under_way.append(asyncio.get_running_loop().create_task(work))
            count += 1
            while under_way and (under_way[0].done() or len(under_way) >= AHEAD):
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        with suppress(ValueError):  # a thread is still reading; it ends with this image
            images.close()


async def _answer(
    inference: Inference,
    model: OpenModel,
    found: NamedImage | FailedImage,
    top_k: int,
    decoders: asyncio.Semaphore,
    language: str,
    thumbnail: bool,
) -> ImageAnswer:
    try:
        try:
            if isinstance(found, FailedImage):
                raise found.error
            preprocessing = model.classifier.preprocessing
            pixels, small = await inference.aside(_prepared, found.data, preprocessing, thumbnail)
        finally:
            name = found.name
            del found  # a file may be large, and the wait long
            decoders.release()
        scores = await inference.in_time(model.batcher.scores(pixels))
    except Exception as error:
        return ImageAnswer(name, problem=sentence_of(error, language))
    return ImageAnswer(name, tuple(model.classifier.ranked(scores, top_k)), thumbnail=small)


def _prepared(image: bytes, preprocessing: Preprocessing, thumbnail: bool) -> tuple[Tensor, bytes]:
    """What the network sees of a file, and the image in small. Raises: ImageError."""
    opened = open_image(image, preprocessing=preprocessing)
    return to_pixels(opened, preprocessing), thumbnail_of(opened) if thumbnail else b""


def thumbnail_of(image: Opened, side: int = THUMBNAIL) -> bytes:
    """A JPEG of a copy of which no side is longer, in pixels."""
    small = visible(image).copy()
    small.thumbnail((side, side))
    file = io.BytesIO()
    visible(to_channels(small, 3)).save(file, "JPEG", quality=90)
    return file.getvalue()

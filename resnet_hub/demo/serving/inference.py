"""A visitor's image and the name of a network -> an answer: what every tab and the API ask."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from torch import Tensor

from resnet_hub.classifier import Classification
from resnet_hub.demo.intake import UrlLimits, fetch_image, uploaded_bytes, uploaded_path
from resnet_hub.demo.serving.lessons import Lessons
from resnet_hub.demo.serving.networks import ModelPool, OpenModel
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.text import PageError, names_in, predictions_in
from resnet_hub.errors import ImageError
from resnet_hub.explain import HeatMap
from resnet_hub.predictions import Prediction

Result = TypeVar("Result")
FETCHERS = 4
"""Images that are fetched from the web at the same time."""
MOST_CLASSES = 20
"""Classes of an answer at most."""


@dataclass(frozen=True)
class Answer:
    """What a network says of one image."""

    model: OpenModel
    """The network that was asked."""
    pixels: Tensor
    """What it saw: uint8 (C, H, W)."""
    scores: Tensor
    """Its score for each class: float32 (num_classes,)."""
    classification: Classification
    """The best classes, the times, and what it saw as an image."""

    def names_in(self, language: str) -> tuple[str, ...]:
        """The names of all classes of the network that was asked, for readers of a language."""
        return names_in(self.model.classifier.label_names, language)

    def predictions_in(self, language: str) -> list[Prediction]:
        """The best classes, best first, with these names."""
        return predictions_in(self.classification.predictions, self.model.classifier.label_names, language)

    def map_in(self, found: HeatMap, language: str) -> HeatMap:
        """A heat map of this answer, with the name of its class among these."""
        return replace(found, label=self.names_in(language)[found.class_index])


class Inference:
    """Serves many visitors at once: images are decoded in parallel, networks run one batch at a time."""

    def __init__(self, settings: PageSettings, pool: ModelPool) -> None:
        """Answers with the networks of a pool."""
        self.settings = settings
        self.pool = pool
        self.lessons = Lessons()
        self._decoders = ThreadPoolExecutor(max(2, os.cpu_count() or 2), "decode")
        self._fetchers = ThreadPoolExecutor(FETCHERS, "fetch")
        self._explainer = ThreadPoolExecutor(1, "explain")

    async def classify(self, image: bytes, source: str | None, top_k: object = 5, name: str | None = None) -> Answer:
        """The best classes of an image, a file's bytes.

        Args:
            image: The file.
            source: The name of the network; the page's own where empty.
            top_k: Classes wanted, 1 or more; all there are where there are fewer.
            name: What a refusal calls the image.

        Raises:
            PageError: The image, the network or the number is invalid, or the answer timed out.
        """
        most = checked_top_k(top_k)
        self.check_size(len(image))
        return await self.answer(await self.open(source), image, most, name)

    async def answer(self, model: OpenModel, image: bytes, top_k: int, name: str | None = None) -> Answer:
        """What `classify` returns, from a network that is open already, also when the pool has evicted it since."""
        return await self.in_time(self._classify(model, image, top_k, name))

    def uploaded(self, file: Mapping[str, Any] | None) -> bytes | None:
        """The bytes of the file in an image field, or None where there is none.

        Uploads may be larger than an image, because zips are, so that the size is looked at before anything is read.

        Raises:
            PageError: The file was not uploaded to this page, or has been cleared away since.
            ImageError: It is above the page's limit.
        """
        if file is not None:
            self.check_size(uploaded_path(file).stat().st_size)
        return uploaded_bytes(file)

    def check_size(self, size: int) -> None:
        """Raises: ImageError for an image of so many bytes, where that is above the page's limit."""
        if size > self.settings.max_file_mb * 1_000_000:
            raise ImageError("serving.image_large", most=self.settings.max_file_mb)

    async def fetch(self, address: object) -> bytes:
        """The image at a public address on the web, a file's bytes. Raises: ImageError, PageError."""
        if not isinstance(address, str) or not address.strip():
            raise PageError("serving.no_address")
        limits = UrlLimits(max_bytes=self.settings.max_file_mb * 1_000_000)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._fetchers, fetch_image, address.strip(), limits)

    async def open(self, source: str | None) -> OpenModel:
        """The network of this name. Raises: PageError, and what `ModelPool.open` raises."""
        try:
            return await self.pool.open(source)
        except TimeoutError as error:
            raise PageError("serving.loading", seconds=self.settings.load_seconds) from error

    async def in_time(self, work: Awaitable[Result]) -> Result:
        """The result of some work. Raises: PageError after `answer_seconds`; the work is then given up."""
        try:
            return await asyncio.wait_for(work, self.settings.answer_seconds)
        except TimeoutError as error:
            raise PageError("serving.slow", seconds=self.settings.answer_seconds) from error

    async def aside(self, work: Callable[..., Result], *arguments: object) -> Result:
        """The result of a slow function, run in a thread while other visitors are served."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, work, *arguments)

    async def explained(self, work: Callable[..., Result], *arguments: object) -> Result:
        """The result of a function that runs a network for seconds: one at a time, in time, beside all answers.

        Raises: PageError after `answer_seconds`.
        """
        return await self.in_time(asyncio.get_running_loop().run_in_executor(self._explainer, work, *arguments))

    async def _classify(self, model: OpenModel, image: bytes, top_k: int, name: str | None) -> Answer:
        """As `ImageClassifier.classify`, with the network's part in a batch with other visitors' images."""
        classifier = model.classifier
        pixels, timings = await self.aside(partial(classifier.prepare_timed, image, name=name))
        started = perf_counter()
        scores = await model.batcher.scores(pixels)
        timings = replace(timings, network_ms=1e3 * (perf_counter() - started))
        return Answer(model, pixels, scores, classifier.classification(pixels, scores, timings, top_k))


def checked_top_k(top_k: object) -> int:
    """The number of classes that a visitor or a program asked for. Raises: PageError."""
    if isinstance(top_k, bool) or not isinstance(top_k, int | float) or not top_k >= 1:
        raise PageError("serving.top_k")
    return int(min(top_k, MOST_CLASSES))

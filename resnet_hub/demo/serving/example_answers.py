"""What the page's own network says of the example images, computed once and not once a visitor."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

from resnet_hub.demo.intake import uploaded_path
from resnet_hub.demo.serving.inference import Answer, Inference, checked_top_k
from resnet_hub.demo.text import PageError
from resnet_hub.errors import ResNetHubError
from resnet_hub.explain import HeatMap, heat_map

METHOD = "hires-cam"
"""What finds the evidence: it takes one pass, so that it can follow every answer."""

log = logging.getLogger(__name__)


class ExampleAnswers:
    """Answers to images; those to the examples by the page's own network are kept, of others nothing is."""

    def __init__(self, inference: Inference, paths: Sequence[Path]) -> None:
        """Nothing is kept yet.

        Args:
            inference: What answers.
            paths: The example images.
        """
        self.first = paths[0] if paths else None
        """The example that the page opens with."""
        self._inference = inference
        self.paths = paths
        self._examples = {sha256(path.read_bytes()).digest(): path for path in paths}
        self._sizes = {path.stat().st_size for path in paths}
        self._answers: dict[bytes, Answer] = {}
        self._maps: dict[bytes, HeatMap | None] = {}

    def opening(self, path: Path, top_k: int) -> Answer | None:
        """The answer to an example, by the page's own network as it stands, before visitors come; None where it fails.

        Unlike all other answers it is computed here and now: no page is served yet that could wait for it.
        """
        model, image = self._inference.pool.own, path.read_bytes()
        classifier = model.classifier
        try:
            pixels, timings = classifier.prepare_timed(image)
            started = perf_counter()
            scores = classifier.scores_of(pixels[None])[0]
            timings = replace(timings, network_ms=1e3 * (perf_counter() - started))
            answer = Answer(model, pixels, scores, classifier.classification(pixels, scores, timings, top_k))
        except ResNetHubError as error:
            log.warning("the page opens without an example: %s", error)
            return None
        self._answers[sha256(image).digest()] = answer
        return answer

    def opening_evidence(self, path: Path, answer: Answer) -> HeatMap | None:
        """The heat map of `opening`'s answer; None where this network has none."""
        key = sha256(path.read_bytes()).digest()
        self._maps[key] = _evidence(answer)
        return self._maps[key]

    def example(self, file: Mapping[str, Any] | None) -> Path | None:
        """Which of the examples is in an image field; None where it is another image."""
        try:
            path = None if file is None else uploaded_path(file)
        except PageError:
            return None
        if path is None or path.stat().st_size not in self._sizes:
            return None
        return self._examples.get(sha256(path.read_bytes()).digest())

    async def classify(self, image: bytes, source: str | None, top_k: object) -> Answer:
        """As `Inference.classify`."""
        most = checked_top_k(top_k)
        self._inference.check_size(len(image))
        model = await self._inference.open(source)
        key = self._key(image, model is self._inference.pool.own)
        kept = self._answers.get(key)
        if kept is not None and kept.model is model:
            timings = kept.classification.timings
            return replace(
                kept, classification=model.classifier.classification(kept.pixels, kept.scores, timings, most)
            )
        answer = await self._inference.answer(model, image, most)
        if key:
            self._answers[key] = answer
            self._maps.pop(key, None)
        return answer

    async def evidence(self, image: bytes, answer: Answer) -> HeatMap | None:
        """Where the evidence for the best class of an answer to this image is; None where its network has no map."""
        key = self._key(image, answer.model is self._inference.pool.own)
        kept = self._answers.get(key)
        if kept is not None and kept.model is answer.model and key in self._maps:
            return self._maps[key]
        found = await self._inference.explained(_evidence, answer)
        if key:
            self._maps[key] = found
        return found

    def _key(self, image: bytes, by_own_network: bool) -> bytes:
        """What the answer to an image is kept under; empty where it is not."""
        digest = sha256(image).digest() if by_own_network else b""
        return digest if digest in self._examples else b""


def _evidence(answer: Answer) -> HeatMap | None:
    best = answer.classification.predictions[0].index
    try:
        return heat_map(answer.model.classifier, answer.pixels, best, METHOD)
    except ResNetHubError:  # a network of another build may have no last feature map
        return None

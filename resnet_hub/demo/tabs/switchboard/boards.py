"""The switchboards of visitors: an image in a network whose blocks they pass over, kept while they do."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from resnet_hub.checkpoint import BUNDLED
from resnet_hub.classifier import ImageClassifier, Prediction
from resnet_hub.demo.serving import Inference
from resnet_hub.demo.text import PageError, names_in, predictions_in, say
from resnet_hub.explain import INTACT, StageView, StageViews, Switchboard, Wired, Wiring

SMALL_NETWORKS = {
    "cifar_resnet20": "ResNet-20",
    "lab_residual20": "Lab-20",
    "lab_plain20": "Lab-20",
    "lab_residual56": "Lab-56",
    "lab_plain56": "Lab-56",
}
"""Small networks for ten classes that come with the package -> what visitors call them."""
TWINS = {
    "lab_residual20": "lab_plain20",
    "lab_plain20": "lab_residual20",
    "lab_residual56": "lab_plain56",
    "lab_plain56": "lab_residual56",
}
"""Small networks -> those that differ from them in their shortcuts alone."""
KEPT = 6
"""Boards that are kept, each of some ten megabytes; who comes back later waits for one run more."""
SHOWN = 5
"""Classes that are shown."""


class BoardKey(NamedTuple):
    """Whose board it is, of which image and network."""

    visitor: str | None
    path: str
    network: str
    small: str
    """One of `small_networks()`; the network itself where empty."""


@dataclass(frozen=True, eq=False)
class Board:
    """An image in a network that can be taken apart."""

    name: str
    """What the network is called; one of `SMALL_NETWORKS` or what the page calls it."""
    switchboard: Switchboard
    views: StageViews

    @property
    def best(self) -> int:
        """The class that the whole network finds."""
        return int(self.switchboard.intact.scores.argmax())

    def called(self, language: str) -> str:
        """What visitors call the network."""
        if self.name not in SMALL_NETWORKS:
            return self.name
        return small_name(self.name, self.switchboard.blocks[0].has_shortcut, language)

    def predictions(self, scores: Tensor, language: str) -> list[Prediction]:
        """The best classes by these scores, best first, with the names of a language."""
        classifier = self.switchboard.classifier
        return predictions_in(classifier.ranked(scores, SHOWN), classifier.label_names, language)

    def label(self, language: str) -> str:
        """The name of the best class of the whole network."""
        return names_in(self.switchboard.classifier.label_names, language)[self.best]

    def says_of_gray(self, wiring: Wiring) -> int:
        """The class that the network finds in an evenly gray image when it is wired so."""
        classifier = self.switchboard.classifier
        gray = torch.full(classifier.preprocessing.input_size, 128, dtype=torch.uint8)
        board = Switchboard(classifier, gray, self.switchboard.blocks)
        return int(board.scores([wiring])[0].argmax())

    def run(self, wiring: Wiring = INTACT) -> tuple[Wired, tuple[StageView, ...]]:
        """The answer of the network when it is wired so, and the image as each stage then sees it."""
        wired = self.switchboard.run(wiring)
        return wired, self.views.of(wired)


def small_name(name: str, has_shortcuts: bool, language: str) -> str:
    """What visitors call one of the small networks."""
    key = "switch.with_shortcuts" if has_shortcuts else "switch.without_shortcuts"
    return say(key, language, name=SMALL_NETWORKS[name])


@cache
def small_networks() -> Mapping[str, Path]:
    """The small networks that are there, by name."""
    folders = {name: BUNDLED.with_name(name) for name in SMALL_NETWORKS}
    return {name: folder for name, folder in folders.items() if folder.is_dir()}


@cache
def small_classifier(name: str) -> ImageClassifier:
    """One of them, opened once; it is small enough to stay."""
    return ImageClassifier.from_pretrained(small_networks()[name], device="cpu", precision="fp32")


class Boards:
    """The boards of all visitors, the least recently used of which makes room."""

    def __init__(self, inference: Inference) -> None:
        """None yet."""
        self._inference = inference
        self._boards: OrderedDict[BoardKey, Board] = OrderedDict()
        self._lock = threading.Lock()

    async def board(self, visitor: str | None, photo: Mapping[str, Any], network: str, small: str) -> Board:
        """The board of a visitor's image.

        Args:
            visitor: Whose.
            photo: The file in the image field.
            network: The name of the network in use; the page's own where empty.
            small: One of `small_networks()` in its place; empty for none.

        Raises:
            PageError: The image is not there any more, there is no such small network, or it took too long.
            ConfigError: None of the network's blocks can be passed over.
            ImageError: The image cannot be read.
        """
        inference = self._inference
        if small and small not in small_networks():
            raise PageError("tabs.no_small_network", known=", ".join(small_networks()))
        key = BoardKey(visitor, str(photo.get("path")), network, small)
        with self._lock:
            if key in self._boards:
                self._boards.move_to_end(key)
                return self._boards[key]
        image = inference.uploaded(photo) or b""
        if small:
            classifier, name = await inference.aside(small_classifier, small), small
        else:
            model = await inference.open(network)
            classifier, name = model.classifier, model.name
        made = await inference.in_time(inference.aside(_made, name, classifier, image))
        with self._lock:
            self._boards[key] = made
            while len(self._boards) > KEPT:
                self._boards.popitem(last=False)
        return made


def _made(name: str, classifier: ImageClassifier, image: bytes) -> Board:
    switchboard = Switchboard(classifier, classifier.prepare(image))
    return Board(name, switchboard, StageViews(switchboard))

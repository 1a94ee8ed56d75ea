"""The networks that a page holds in memory: opened when a visitor asks for one, the least used put back first."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from resnet_hub import checkpoint
from resnet_hub.address import repo_address
from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.batcher import Batcher
from resnet_hub.demo.settings import PageSettings
from resnet_hub.errors import ConfigError, HubError
from resnet_hub.model_facts import ModelFacts, model_facts

SHOWN_TASKS = ("single_label", "multi_label")
BATCH = 16
"""Pictures of several visitors that go through a network together at most."""
LOADERS = 2
"""Networks that are loaded at the same time."""
MOST_LOADS = 8
"""Networks that are loaded or wait for it; a load goes on when nobody waits for it any more, so they could pile up."""


@dataclass(frozen=True)
class OpenModel:
    """A network that answers."""

    name: str
    """What visitors call it, and what opens it again."""
    classifier: ImageClassifier
    batcher: Batcher
    facts: ModelFacts


class Shelf:
    """Up to `max_models` open networks, by name; the page's own stays, others make room.

    A name is "owner/name", "owner/name@revision", a published name, or the name of a folder that the page's owner put
    here. A visitor's text is never taken for a path.
    """

    def __init__(self, settings: PageSettings) -> None:
        """The shelf of a page, still empty."""
        self.settings = settings
        self.folders = _folders(settings)
        own = checkpoint.local_path(settings.model)
        self.default = str(repo_address(settings.model)) if own is None else own.resolve().name
        self._own: OpenModel
        self._open: OrderedDict[str, OpenModel] = OrderedDict()
        self._opening: dict[str, asyncio.Task[OpenModel]] = {}
        self._loaders = ThreadPoolExecutor(LOADERS, "load")
        self._askers = ThreadPoolExecutor(LOADERS, "ask")  # whoever asks for facts waits for nobody's download
        self._network = ThreadPoolExecutor(1, "network")

    def put(self, classifier: ImageClassifier, facts: ModelFacts, name: str | None = None) -> OpenModel:
        """Puts an open network on the shelf, as the page's own where no name is given."""
        model = OpenModel(
            self.default if name is None else name,
            classifier,
            Batcher(classifier.scores_of, self._network, BATCH),
            facts,
        )
        if name is None or name == self.default:
            self._own = model
            return model
        self._open[name] = model
        while len(self._open) > self.settings.max_models - 1:
            self._open.popitem(last=False)
        return model

    @property
    def own(self) -> OpenModel:
        """The page's own network, which never makes room for others."""
        return self._own

    async def open(self, source: str | None) -> OpenModel:
        """The network of this name, the page's own where empty; loaded, if need be, while others are answered.

        Raises:
            ConfigError: It is no name, visitors may not choose it, or the page cannot show what it answers.
            CheckpointError: What is there does not load, or answers with numbers that are not finite.
            HubError: The Hub refused or could not be reached, the weights are too large, or many others are being loaded.
            TimeoutError: It is still being loaded.
        """
        name = self.name_of(source)
        if name == self.default:
            return self._own
        if name in self._open:
            self._open.move_to_end(name)
            return self._open[name]
        if name not in self._opening:
            if len(self._opening) >= MOST_LOADS:
                raise HubError(
                    f"{MOST_LOADS} other networks are being loaded for visitors; please ask for {name!r} in a minute"
                )
            task = asyncio.get_running_loop().create_task(self._load(name))
            self._opening[name] = task
            task.add_done_callback(lambda done: (self._opening.pop(name), done.cancelled() or done.exception()))
        # Whoever gives up waiting does not stop the loading, which others may wait for.
        return await asyncio.wait_for(asyncio.shield(self._opening[name]), self.settings.load_seconds)

    async def facts(self, source: str | None) -> ModelFacts:
        """What is known of a network before it is loaded; raises as `open` does."""
        name = self.name_of(source)
        if name == self.default:
            return self._own.facts
        if name in self._open:
            return self._open[name].facts
        return await asyncio.get_running_loop().run_in_executor(self._askers, self._facts, name)

    def offers(self, name: str) -> bool:
        """Whether visitors may choose the network of this name on the Hub."""
        return name == self.default or name in self.folders or self._is_allowed(name)

    def name_of(self, source: str | None) -> str:
        """What this text of a visitor's names. Raises: ConfigError."""
        name = (source or "").strip() or self.default
        if name != self.default and name not in self.folders:
            name = str(repo_address(name))
        if not self.offers(name):
            raise ConfigError(f"this page does not offer the model {name!r}; choose one of the list")
        return name

    def _is_allowed(self, name: str) -> bool:
        short = name.partition("@")[0]
        patterns = [pattern.strip() for pattern in self.settings.models.split(",") if pattern.strip()]
        return any(fnmatchcase(short, pattern) or fnmatchcase(short, f"timm/{pattern}") for pattern in patterns)

    async def _load(self, name: str) -> OpenModel:
        loop = asyncio.get_running_loop()
        classifier, facts = await loop.run_in_executor(self._loaders, self._read, name)
        return self.put(classifier, facts, name)

    def _facts(self, name: str) -> ModelFacts:
        return model_facts(self._place(name), public_only=True)

    def _place(self, name: str) -> str:
        """Where the network is: a folder of the owner's, else the Hub, whatever files of that name may lie here."""
        return str(self.folders[name]) if name in self.folders else f"hf-hub:{name}"

    def _read(self, name: str) -> tuple[ImageClassifier, ModelFacts]:
        facts = self._facts(name)
        most = self.settings.max_model_mb * 1_000_000
        if facts.weights_bytes is not None and facts.weights_bytes > most:
            raise HubError(
                f"the weights of {name!r} are {facts.weights_bytes / 1e6:,.0f} MB, and this page loads at most "
                f"{self.settings.max_model_mb:,} MB; choose a smaller model"
            )
        return open_classifier(self._place(name), self.settings), facts


def own_shelf(settings: PageSettings) -> Shelf:
    """A shelf with the page's own network on it. Raises: ResNetHubError."""
    shelf = Shelf(settings)
    shelf.put(open_classifier(settings.model, settings), model_facts(settings.model))
    return shelf


def open_classifier(source: str, settings: PageSettings) -> ImageClassifier:
    """The network behind `source`, set up and tried out. Raises: ResNetHubError."""
    classifier = ImageClassifier.from_pretrained(source, device=settings.device, precision=settings.precision)
    task = classifier.model.config.task
    if task not in SHOWN_TASKS:
        raise ConfigError(f"the page shows classes, but this network is for {task!r}; ask it from Python instead")
    classifier.warm_up()
    return classifier


def _folders(settings: PageSettings) -> dict[str, Path]:
    """The folders that the owner named, by the name that visitors read."""
    named = [settings.model, *(part.strip() for part in settings.models.split(","))]
    folders: dict[str, Path] = {}
    for text in named:
        if text and "*" not in text and os.path.isdir(text):  # noqa: PTH112  # "" and odd texts are no error here
            path = Path(text).resolve()
            folders.setdefault(path.name, path)
    return folders

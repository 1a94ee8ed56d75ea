"""The networks that a page holds in memory: opened when a visitor asks for one, least recently used evicted first."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import monotonic

from resnet_hub.checkpoint import BUNDLED, local_path
from resnet_hub.checks import check_choice
from resnet_hub.classifier import PRECISIONS, ImageClassifier
from resnet_hub.demo.model_facts import ModelFacts, model_facts
from resnet_hub.demo.serving.batcher import Batcher
from resnet_hub.demo.serving.networks.offer import free_name, is_offered, owner_folders
from resnet_hub.demo.serving.networks.open_model import (
    OpenModel,
    errors_for_visitors,
    facts_of,
    most_together,
    open_classifier,
)
from resnet_hub.demo.serving.networks.visitor_disk import VisitorDisk
from resnet_hub.demo.serving.networks.zero_gpu import network_run
from resnet_hub.demo.settings import VARIABLES, PageSettings
from resnet_hub.errors import ConfigError, HubError, HubUnreachableError
from resnet_hub.hub import repo_address
from resnet_hub.runtime import CLASSIFIER_BACKENDS

LONGEST_NAME = 200
"""Characters of a network's name at most."""
LOADERS = 2
"""Networks that are loaded concurrently."""
MOST_LOADS = 8
"""Networks that are loaded or wait for it; a load goes on when nobody waits for it any more, so they could pile up."""
AGAIN_SECONDS = 60.0
"""Backoff before the Hub is asked again for a missing network, in seconds."""

log = logging.getLogger(__name__)


class ModelPool:
    """An LRU cache of up to `max_models` open networks, by name; the page's own is never evicted.

    While the Hub does not give the network that the owner wants, the one that comes with the page stands in for it; the
    Hub is asked again while there are visitors, and what then arrives is the page's own from there on.

    A name is "owner/name", "owner/name@revision", a published name, or the name of a folder that the page's owner put
    here. A visitor's text is never taken for a path.
    """

    def __init__(self, settings: PageSettings) -> None:
        """The pool of a page, still empty."""
        self.settings = settings
        self.folders = owner_folders(settings)
        own = local_path(settings.model)
        self.wanted = str(repo_address(settings.model)) if own is None else own.resolve().name
        """What the owner wants to be the page's own network."""
        self.default = self.wanted
        """What is the page's own network now."""
        self._disk = VisitorDisk(settings.visitor_disk_mb, settings.visitor_hours, self._evict)
        self._asked = monotonic()
        self._own: OpenModel
        self._open: OrderedDict[str, OpenModel] = OrderedDict()
        self._opening: dict[str, asyncio.Task[OpenModel]] = {}
        self._dropping: asyncio.TimerHandle | None = None
        self._loaders = ThreadPoolExecutor(LOADERS, "load")
        self._askers = ThreadPoolExecutor(LOADERS, "ask")  # whoever asks for facts waits for nobody's download
        self._network = ThreadPoolExecutor(1, "network")

    def put(self, classifier: ImageClassifier, facts: ModelFacts, name: str | None = None) -> OpenModel:
        """Puts an open network into the pool, as the page's own where no name is given."""
        model = OpenModel(
            self.default if name is None else name,
            classifier,
            Batcher(network_run(classifier), self._network, most_together(classifier)),
            facts,
        )
        if model.name == self.default:
            self._own = model
            return model
        self._open[model.name] = model
        while len(self._open) > self.settings.max_models - 1:
            self._open.popitem(last=False)
        return model

    @property
    def own(self) -> OpenModel:
        """The page's own network, which never makes room for others."""
        return self._own

    @property
    def missing(self) -> str | None:
        """The name of the network that another one stands in for; None where nothing is missing."""
        return self.wanted if self.default != self.wanted else None

    def stand_in(self, folder: Path) -> None:
        """Makes the network of this folder the page's own until the wanted one arrives. Raises: ResNetHubError."""
        others = [name for name, place in self.folders.items() if place != folder.resolve()]
        self.default = free_name(folder.name, [*others, self.wanted])
        self.folders[self.default] = folder
        self.put(open_classifier(str(folder), self.settings), replace(model_facts(str(folder)), name=self.default))

    def look_again(self) -> None:
        """Asks the Hub for the missing network, if the last time is long enough ago; nobody waits for it."""
        if self.missing is not None and monotonic() - self._asked > AGAIN_SECONDS:
            self._begin(self.wanted).add_done_callback(_log_failure)

    async def open(self, source: str | None) -> OpenModel:
        """The network of this name, the page's own where empty; loaded, if need be, while others are answered.

        Raises:
            ConfigError: It is no name, visitors may not choose it, or the page cannot show what it answers.
            CheckpointError: What is there does not load, or its outputs are not finite.
            HubError: The Hub refused or could not be reached, the weights are too large, or many others are loaded.
            TimeoutError: It is still being loaded.
        """
        name = self.name_of(source)
        if name == self.default:
            self.look_again()
            return self._own
        if (model := self._open.get(name)) is not None:
            with suppress(KeyError):  # its files make room at this moment
                self._open.move_to_end(name)
            self._disk.used(name.partition("@")[0])
            return model
        # Whoever gives up waiting does not stop the loading, which others may wait for.
        return await asyncio.wait_for(asyncio.shield(self._begin(name)), self.settings.load_seconds)

    async def facts(self, source: str | None) -> ModelFacts:
        """What is known of a network before it is loaded; raises as `open` does."""
        name = self.name_of(source)
        known = self._own if name == self.default else self._open.get(name)
        if known is not None:
            return known.facts
        return await asyncio.get_running_loop().run_in_executor(self._askers, self._facts, name)

    async def is_free(self, seconds: float) -> bool:
        """Whether the thread that runs all networks takes up work within so many seconds."""
        try:
            await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(self._network, int), seconds)
        except TimeoutError:
            return False
        return True

    def offers(self, name: str) -> bool:
        """Whether visitors may choose the network of this name on the Hub."""
        return name in (self.default, self.wanted) or name in self.folders or is_offered(name, self.settings)

    def name_of(self, source: str | None) -> str:
        """What this text of a visitor's names. Raises: ConfigError."""
        if source is not None and not isinstance(source, str):
            raise ConfigError("serving.name_kind", kind=type(source).__name__)
        name = (source or "").strip() or self.default
        if len(name) > LONGEST_NAME:
            raise ConfigError("serving.name_long", most=LONGEST_NAME)
        if name not in (self.default, self.wanted) and name not in self.folders:
            name = str(repo_address(name))
        if not self.offers(name):
            raise ConfigError("serving.not_offered", name=name)
        return name

    def _begin(self, name: str) -> asyncio.Task[OpenModel]:
        """The loading of a network, begun now unless it is under way."""
        if name == self.wanted:
            self._asked = monotonic()
        if name not in self._opening:
            if len(self._opening) >= MOST_LOADS:
                raise HubError("serving.busy", count=MOST_LOADS, name=name)
            task = asyncio.get_running_loop().create_task(self._load(name))
            self._opening[name] = task
            task.add_done_callback(lambda done: (self._opening.pop(name), done.cancelled() or done.exception()))
        return self._opening[name]

    async def _load(self, name: str) -> OpenModel:
        loop = asyncio.get_running_loop()
        classifier, facts = await loop.run_in_executor(self._loaders, self.read, name)
        if name == self.missing:
            log.warning("%s is loaded, and is the page's network from now on", name)
            self.default = name
            self._open[self._own.name] = self._own
        self._drop_old()
        return self.put(classifier, facts, name)

    def _drop_old(self) -> None:
        """Drops what visitors have not asked for in time, now and again when the next is due."""
        if self._dropping is not None:
            self._dropping.cancel()
        due = self._disk.drop_old()
        self._dropping = None if due is None else asyncio.get_running_loop().call_later(due + 1, self._drop_old)

    def _evict(self, repo_id: str) -> None:
        """Closes the networks of a repository whose files go: an open one would keep them on the disk."""
        for name in list(self._open):  # the loaders' threads come here too
            if name.partition("@")[0] == repo_id and name not in self.folders:
                self._open.pop(name, None)

    def _facts(self, name: str) -> ModelFacts:
        with errors_for_visitors(name, self.place_of(name)):
            own = name == self.wanted or self.settings.visitor_token == "on"
            return model_facts(self.place_of(name), public_only=not own)

    def place_of(self, name: str) -> str:
        """Where the network is: where the owner said, else the Hub, whatever files of that name may lie here."""
        if name == self.wanted:
            return self.settings.model
        return str(self.folders[name]) if name in self.folders else f"hf-hub:{name}"

    def read(self, name: str) -> tuple[ImageClassifier, ModelFacts]:
        """The network of this name and what is known of it. Raises: ResNetHubError."""
        if name == self.wanted:
            return self._read_wanted()
        facts = self._facts(name)
        most = self.settings.max_model_mb * 1_000_000
        if facts.weights_bytes is not None and facts.weights_bytes > most:
            size = facts.weights_bytes / 1e6
            raise HubError("serving.too_large", name=name, size=size, most=self.settings.max_model_mb)
        with errors_for_visitors(name, self.place_of(name)):
            if name in self.folders:
                return open_classifier(self.place_of(name), self.settings), facts
            with self._disk.room_for(name.partition("@")[0], facts.weights_bytes or most) as folder:
                return self._read_for_visitors(name, folder), facts

    def _read_for_visitors(self, name: str, folder: Path) -> ImageClassifier:
        """A network of the Hub in the cache `folder`; in the owner's cache where the Hub is away and it is public."""
        token = None if self.settings.visitor_token == "on" else False
        try:
            return open_classifier(self.place_of(name), self.settings, cache_dir=folder, token=token)
        except HubUnreachableError as away:
            try:
                return open_classifier(self.place_of(name), self.settings, local_files_only=True, token=token)
            except HubError:
                raise away from None

    def _read_wanted(self) -> tuple[ImageClassifier, ModelFacts]:
        """The owner's network: of any size, private or public, and cached where the Hub is away."""
        classifier = open_classifier(self.settings.model, self.settings)
        try:
            return classifier, self._facts(self.wanted)
        except HubUnreachableError:
            return classifier, facts_of(self.wanted, classifier)


def start_pool(settings: PageSettings) -> ModelPool:
    """A pool with the page's own network in it.

    Where the Hub cannot be reached or takes longer than `load_seconds`, the network that comes with the page stands in,
    and the log says so.

    Raises:
        ConfigError: An invalid setting or name.
        CheckpointError: What is there does not load.
        HubError: The Hub has no such network, or it cannot be reached and no other network came with the page.
    """
    check_choice(VARIABLES["precision"], settings.precision, PRECISIONS)
    check_choice(VARIABLES["backend"], settings.backend, CLASSIFIER_BACKENDS)
    pool = ModelPool(settings)
    try:
        pool.put(*_read_in_time(pool))
    except HubUnreachableError as error:
        if not BUNDLED.is_dir():
            raise
        log.warning("%s; until then, %s, which comes with the page, stands in for it", error, BUNDLED.name)
        pool.stand_in(BUNDLED)
    return pool


def _read_in_time(pool: ModelPool) -> tuple[ImageClassifier, ModelFacts]:
    """The wanted network. Raises: HubUnreachableError after `load_seconds`, and what reading it raises."""
    if local_path(pool.settings.model) is not None:
        return pool.read(pool.wanted)
    found: Future[tuple[ImageClassifier, ModelFacts]] = Future()

    def read() -> None:
        try:
            found.set_result(pool.read(pool.wanted))
        except BaseException as error:
            found.set_exception(error)

    # A daemon, so that Ctrl-C need not wait for a Hub that is silent. What arrives too late is in the cache.
    Thread(target=read, daemon=True).start()
    try:
        return found.result(pool.settings.load_seconds)
    except TimeoutError as error:
        seconds = pool.settings.load_seconds
        raise HubUnreachableError("serving.slow_start", name=pool.wanted, seconds=seconds) from error


def _log_failure(loading: asyncio.Task[OpenModel]) -> None:
    if not loading.cancelled() and (error := loading.exception()) is not None:
        log.warning("%s", error)

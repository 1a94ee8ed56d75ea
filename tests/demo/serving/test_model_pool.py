"""The networks that a page holds: opened when a visitor asks, one load for all who ask, the least used put back."""

import asyncio
import threading

import pytest
import torch

from resnet_hub import create_model
from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.model_facts import ModelFacts
from resnet_hub.demo.serving.networks import model_pool as shelf_module
from resnet_hub.demo.serving.networks.model_pool import start_pool
from resnet_hub.demo.settings import PageSettings
from resnet_hub.errors import CheckpointError, ConfigError, HubError
from resnet_hub.hub.address import repo_address
from resnet_hub.hub.upload import push_checkpoint

MB = 1_000_000


class Loader:
    """Stands in for the Hub: which names were loaded, how large they are, which fail, and when they may go on."""

    def __init__(self):
        self.loaded, self.sizes, self.failures, self.go = [], {}, {}, threading.Event()
        self.go.set()
        self.classifier = ImageClassifier(create_model("cifar_resnet20", num_classes=2), device="cpu")

    def facts(self, place, public_only=False):
        return ModelFacts(place, self.sizes.get(place, MB), None, None, 2)

    def open(self, place, settings, **_):
        assert self.go.wait(60)
        self.loaded.append(place)
        if place in self.failures:
            raise self.failures.pop(place)
        return self.classifier


@pytest.fixture
def loader(monkeypatch, fixed_seed):
    loader = Loader()
    monkeypatch.setattr(shelf_module, "model_facts", loader.facts)
    monkeypatch.setattr(shelf_module, "open_classifier", loader.open)
    return loader


@pytest.fixture
def pool(loader):
    """Gives a pool whose own network is a/own, with these settings."""

    def new(**settings):
        made = start_pool(PageSettings(model="a/own", **settings))
        loader.loaded.clear()
        return made

    return new


def opened(pool, *names):
    """Opens networks one after the other, in one event loop."""

    async def visitor():
        return [await pool.open(name) for name in names]

    return asyncio.run(visitor())


@pytest.mark.parametrize("text", [None, "", "  ", "a/own"])
def test_the_page_s_own_network_needs_no_loading(pool, loader, text):
    made = pool()
    assert opened(made, text)[0] is made.own
    assert loader.loaded == []


def test_a_network_is_loaded_once(pool, loader):
    first, second = opened(pool(), "a/b", "a/b")
    assert first is second
    assert loader.loaded == ["hf-hub:a/b"]


def test_all_who_ask_at_once_share_one_load(pool, loader):
    made = pool()

    async def visitors():
        return await asyncio.gather(*(made.open("a/b") for _ in range(20)))

    assert len({id(model) for model in asyncio.run(visitors())}) == 1
    assert loader.loaded == ["hf-hub:a/b"]


def test_the_one_asked_longest_ago_makes_room(pool, loader):
    opened(pool(max_models=3), "a/b", "a/c", "a/b", "a/d", "a/b", "a/c")
    assert [place.removeprefix("hf-hub:") for place in loader.loaded] == ["a/b", "a/c", "a/d", "a/c"]


def test_the_page_s_own_network_never_makes_room(pool, loader):
    made = pool(max_models=1)
    opened(made, "a/b", "a/c", "")
    assert loader.loaded == ["hf-hub:a/b", "hf-hub:a/c"]


def test_a_failing_load_is_told_and_tried_again_next_time(pool, loader):
    made = pool()
    loader.failures["hf-hub:a/b"] = CheckpointError("checkpoint.no_architecture")
    with pytest.raises(CheckpointError, match="names no architecture"):
        opened(made, "a/b")
    assert opened(made, "a/b")[0].name == "a/b"


def test_a_failing_load_is_told_to_all_who_wait(pool, loader):
    made = pool()
    loader.failures["hf-hub:a/b"] = CheckpointError("checkpoint.no_architecture")

    async def visitors():
        return await asyncio.gather(*(made.open("a/b") for _ in range(3)), return_exceptions=True)

    found = asyncio.run(visitors())
    assert [(error.fields["name"], error.fields["reason"].code) for error in found] == [
        ("a/b", "checkpoint.no_architecture")
    ] * 3
    assert loader.loaded == ["hf-hub:a/b"]


def test_a_visitor_who_gives_up_does_not_stop_the_load(pool, loader):
    made = pool()
    loader.go.clear()

    async def visitors():
        hasty, patient = (asyncio.ensure_future(made.open("a/b")) for _ in range(2))
        await asyncio.sleep(0.01)
        hasty.cancel()
        await asyncio.gather(hasty, return_exceptions=True)
        loader.go.set()
        return await patient

    assert asyncio.run(visitors()).name == "a/b"
    assert loader.loaded == ["hf-hub:a/b"]


def test_a_load_that_all_gave_up_on_is_there_for_the_next(pool, loader):
    made = pool(load_seconds=1)
    loader.go.clear()

    async def visitors():
        with pytest.raises(TimeoutError):
            await made.open("a/b")
        loader.go.set()
        return await made.open("a/b")

    assert asyncio.run(visitors()).name == "a/b"
    assert loader.loaded == ["hf-hub:a/b"]


@pytest.mark.parametrize(
    "text",
    ["/etc", "../..", "./net", "~/net", "net\0", "a/b/c", "a\\b", "file:///etc/passwd", "https://x.org/a/b"],
)
def test_a_visitor_s_text_is_never_a_path(pool, loader, text):
    with pytest.raises(ConfigError):
        opened(pool(), text)
    assert loader.loaded == []


def test_a_folder_that_happens_to_lie_there_is_not_what_a_visitor_names(pool, loader, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)
    opened(pool(), "a/b")
    assert loader.loaded == ["hf-hub:a/b"]


def test_the_owner_s_folders_go_by_their_name(pool, loader, tmp_path):
    (tmp_path / "mine").mkdir()
    opened(pool(models=f"a/*, {tmp_path / 'mine'}"), "mine")
    assert loader.loaded == [str((tmp_path / "mine").resolve())]


@pytest.mark.parametrize(
    ("allowed", "name", "offered"),
    [
        ("*", "a/b", True),
        ("a/*", "a/b", True),
        ("a/*", "b/a", False),
        ("a/b", "a/b@old", True),
        ("a/b", "a/bc", False),
        ("resnet*", "resnet18.a1_in1k", True),
        ("resnet18*", "resnet50.a1_in1k", False),
        ("", "a/b", False),
        ("", "a/own", True),
    ],
)
def test_visitors_choose_from_what_the_owner_allows(pool, allowed, name, offered):
    made = pool(models=allowed)
    if offered:
        assert opened(made, name)[0].name == str(repo_address(name))
    else:
        with pytest.raises(ConfigError, match="does not offer the model"):
            opened(made, name)


def test_what_is_too_large_is_refused_before_the_download(pool, loader):
    loader.sizes["hf-hub:a/huge"] = 5 * MB
    with pytest.raises(HubError, match="5 MB, and this page loads at most 4 MB"):
        opened(pool(max_model_mb=4), "a/huge")
    assert loader.loaded == []


def test_facts_come_without_a_load(pool, loader):
    assert asyncio.run(pool().facts("a/b")).weights_bytes == MB
    assert loader.loaded == []


def test_facts_do_not_wait_for_slow_loads(pool, loader):
    made = pool()
    loader.go.clear()

    async def visitors():
        loads = [asyncio.ensure_future(made.open(f"a/slow{number}")) for number in range(4)]
        await asyncio.sleep(0.01)
        facts = await asyncio.wait_for(made.facts("a/b"), 60)
        loader.go.set()
        await asyncio.gather(*loads)
        return facts

    assert asyncio.run(visitors()).name == "hf-hub:a/b"


def test_a_page_that_loads_many_networks_takes_no_more(pool, loader, monkeypatch):
    monkeypatch.setattr(shelf_module, "MOST_LOADS", 2)
    made = pool()
    loader.go.clear()

    async def visitors():
        loads = [asyncio.ensure_future(made.open(name)) for name in ("a/b", "a/c")]
        await asyncio.sleep(0.01)
        same = asyncio.ensure_future(made.open("a/c"))
        with pytest.raises(HubError, match="2 other networks are being loaded"):
            await made.open("a/d")
        loader.go.set()
        await asyncio.gather(*loads, same)
        return await made.open("a/d")

    assert asyncio.run(visitors()).name == "a/d"


def test_a_network_from_the_hub_answers(fake_hub, tiny_checkpoint):
    push_checkpoint(tiny_checkpoint, "alice/net")
    made = start_pool(PageSettings(model=str(tiny_checkpoint), device="cpu"))

    async def visitor():
        model = await made.open("alice/net")
        return await model.batcher.scores(torch.zeros(3, 32, 32, dtype=torch.uint8))

    assert asyncio.run(visitor()).sum().item() == pytest.approx(1, abs=1e-5)


def test_too_large_weights_on_the_hub_are_not_downloaded(fake_hub, tiny_checkpoint):
    push_checkpoint(tiny_checkpoint, "alice/net")
    made = start_pool(PageSettings(model=str(tiny_checkpoint), device="cpu", max_model_mb=1))
    with pytest.raises(HubError, match="loads at most 1 MB"):
        opened(made, "alice/net")
    assert not [path for _, path in fake_hub.state.requests if "/resolve/" in path]


def test_a_network_for_numbers_is_not_shown(tmp_path, fixed_seed):
    create_model("cifar_resnet20", num_classes=1, task="regression").save_pretrained(tmp_path / "age")
    with pytest.raises(ConfigError, match="regression"):
        start_pool(PageSettings(model=str(tmp_path / "age"), device="cpu"))

"""What visitors choose is read as a stranger would, into a cache of its own that is bounded in bytes and in time."""

import asyncio
import gc
import os
from pathlib import Path

import pytest
from error_facts import code_and_fields
from huggingface_hub import constants

from resnet_hub import ImageClassifier, create_model
from resnet_hub.demo.serving.networks import visitor_disk
from resnet_hub.demo.serving.networks.model_pool import start_pool
from resnet_hub.demo.serving.networks.visitor_disk import MB, VisitorDisk
from resnet_hub.demo.settings import PageSettings
from resnet_hub.errors import HubError
from resnet_hub.hub.upload import push_checkpoint


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def disk(tmp_path, monkeypatch, clock):
    """A cache of ten megabytes and two hours, and what it has dropped."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    made = VisitorDisk(10, 2, lambda repo_id: dropped.append(repo_id), clock)
    made.dropped = dropped = []
    return made


def load(disk, repo_id, megabytes, *, told=None):
    """Downloads so many megabytes, of which the Hub has told."""
    with disk.room_for(repo_id, MB * (megabytes if told is None else told)) as folder:
        place = folder / f"models--{repo_id.replace('/', '--')}"
        place.mkdir(exist_ok=True)
        (place / "weights").write_bytes(bytes(int(MB * megabytes)))
    return place


def test_the_network_that_was_asked_for_longest_ago_makes_room(disk):
    places = {name: load(disk, name, 4) for name in ("a/one", "a/two")}
    disk.used("a/one")
    places["a/three"] = load(disk, "a/three", 4)
    assert disk.dropped == ["a/two"]
    assert [place.exists() for place in places.values()] == [True, False, True]


def test_one_that_never_fits_is_refused_and_a_failed_download_takes_no_room(disk):
    with pytest.raises(HubError) as refused, disk.room_for("a/big", 11 * MB):
        pass
    assert code_and_fields(refused.value) == ("serving.no_disk", {"name": "a/big", "size": 11.0, "most": 10})
    with pytest.raises(OSError, match="cut"), disk.room_for("a/cut", 9 * MB):
        raise OSError("cut")
    load(disk, "a/one", 9)
    assert disk.dropped == []


def test_a_network_that_is_being_loaded_does_not_make_room(disk):
    with disk.room_for("a/one", 6 * MB):
        with pytest.raises(HubError), disk.room_for("a/two", 6 * MB):
            pass
        disk.drop_old()
    assert disk.dropped == []


def test_more_than_was_told_is_counted_as_it_came(disk):
    load(disk, "a/one", 6, told=1)
    load(disk, "a/two", 6, told=6)
    assert disk.dropped == ["a/one"]


def test_what_is_free_of_the_disk_bounds_it_too(disk, monkeypatch):
    load(disk, "a/one", 1)
    usage = visitor_disk.shutil.disk_usage("/")
    monkeypatch.setattr(visitor_disk.shutil, "disk_usage", lambda _: usage._replace(free=2 * MB))
    with pytest.raises(HubError), disk.room_for("a/two", 3 * MB):
        pass
    load(disk, "a/three", 1)


def test_what_nobody_asked_for_in_time_is_dropped(disk, clock):
    old = load(disk, "a/old", 1)
    clock.now = 3600.0
    load(disk, "a/new", 1)
    assert disk.drop_old() == 3600.0
    clock.now = 7200.0
    assert disk.drop_old() == 3600.0
    assert disk.dropped == ["a/old"]
    assert not old.exists()
    disk.used("a/new")
    clock.now = 14_000.0
    assert disk.drop_old() == 400.0
    clock.now = 15_000.0
    assert disk.drop_old() is None


def test_what_a_killed_page_has_left_is_removed_when_it_is_old(disk, tmp_path):
    for name, age in (("old", 8000), ("new", 7000)):
        left = tmp_path / f"{visitor_disk.PREFIX}{name}"
        left.mkdir()
        os.utime(left, (left.stat().st_mtime - age,) * 2)
    load(disk, "a/one", 1)
    assert not (tmp_path / f"{visitor_disk.PREFIX}old").exists()
    assert (tmp_path / f"{visitor_disk.PREFIX}new").exists()


def opened(pool, *names):
    async def visitor():
        return [await pool.open(name) for name in names]

    return asyncio.run(visitor())


def cached(folder):
    return {path.name for path in Path(folder).glob("models--*")}


@pytest.fixture
def hub(fake_hub, tiny_checkpoint):
    """The fake Hub with a public and a private network of alice's, who owns the page."""
    push_checkpoint(tiny_checkpoint, "alice/open")
    push_checkpoint(tiny_checkpoint, "alice/secret", private=True)
    return fake_hub


def page(tiny_checkpoint, **settings):
    return start_pool(PageSettings(model=str(tiny_checkpoint), device="cpu", **settings))


def test_visitors_reach_nothing_through_the_owner_s_token(hub, tiny_checkpoint, monkeypatch):
    pool = page(tiny_checkpoint)
    with pytest.raises(HubError):
        opened(pool, "alice/secret")
    monkeypatch.setenv("HF_TOKEN", "hf_nobody knows it")  # one that the owner's own requests would be refused for
    assert opened(pool, "alice/open")[0].classifier.model.num_classes == 3


def test_the_owner_may_lend_visitors_the_token(hub, tiny_checkpoint):
    pool = page(tiny_checkpoint, visitor_token="on")
    assert opened(pool, "alice/secret")[0].classifier.label_names == ("cat", "dog", "bird")


def test_what_visitors_choose_lies_apart_and_goes_with_its_network_though_nobody_asks(hub, tiny_checkpoint):
    pool = page(tiny_checkpoint, visitor_hours=1)

    async def visitor():
        model = await pool.open("alice/open")
        (home,) = Path(constants.HF_HUB_CACHE).parent.glob(f"{visitor_disk.PREFIX}*")
        before = cached(constants.HF_HUB_CACHE), cached(home)
        pool._disk.seconds = 0.0
        pool._drop_old()
        after = cached(home)
        return before, after, await pool.open("alice/open") is model

    assert asyncio.run(visitor()) == ((set(), {"models--alice--open"}), set(), False)


def test_the_next_to_go_is_not_waited_for_by_anybody(hub, tiny_checkpoint, monkeypatch):
    pool = page(tiny_checkpoint)
    pool._disk.seconds = 0.2

    async def visitor():
        await pool.open("alice/open")
        (home,) = Path(constants.HF_HUB_CACHE).parent.glob(f"{visitor_disk.PREFIX}*")
        deadline = asyncio.get_running_loop().time() + 60
        while cached(home) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
        return cached(home), "alice/open" in pool._open

    assert asyncio.run(visitor()) == (set(), False)


def test_all_of_it_goes_with_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    disk = VisitorDisk(10, 1, print)
    place = load(disk, "a/one", 1)
    del disk
    gc.collect()
    assert not place.parent.exists()


def test_while_the_hub_is_away_the_owner_s_cache_is_read(hub, tiny_checkpoint, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", hub.state.add_account("timm"))
    create_model("test_resnet").push_to_hub("timm/test_resnet.r160_in1k")
    ImageClassifier.from_pretrained("timm/test_resnet.r160_in1k")
    pool = page(tiny_checkpoint)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert opened(pool, "timm/test_resnet.r160_in1k")[0].facts.classes == 1000

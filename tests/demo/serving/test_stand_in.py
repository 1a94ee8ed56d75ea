"""A page whose own network cannot be had from the Hub: what stands in for it, and how the page gets its own again."""

import asyncio
import json
import logging
import re
from time import monotonic, sleep
from urllib.request import urlopen

import pytest
from browsing import served_page, unfold, upload
from color_network import COLORS, solid
from fake_hub.faults import Fault
from huggingface_hub import constants
from playwright.sync_api import expect

from resnet_hub import create_model
from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.examples import find_examples
from resnet_hub.demo.page import describe_model
from resnet_hub.demo.serving.networks import model_pool
from resnet_hub.demo.serving.networks.model_pool import start_pool
from resnet_hub.demo.settings import PageSettings
from resnet_hub.errors import CheckpointError, ConfigError, HubError, HubUnreachableError

WANTED = "alice/letters"
LETTERS = tuple("abcde")

# gradio's queue sets an option of pandas that pandas 4 will drop, when it sums up its failures.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def hub(fake_hub, monkeypatch):
    """The fake Hub with the wanted network on it, and a page that asks it again at once."""
    create_model("cifar_resnet20", num_classes=len(LETTERS), label_names=LETTERS).push_to_hub(WANTED)
    monkeypatch.setattr(model_pool, "AGAIN_SECONDS", -1.0)
    return fake_hub


@pytest.fixture
def bundled(tiny_checkpoint, monkeypatch):
    """A small network that comes with the page."""
    monkeypatch.setattr(model_pool, "BUNDLED", tiny_checkpoint)
    return tiny_checkpoint


def shut(hub):
    hub.state.faults += [Fault(method, "*", 503) for method in ("HEAD", "GET", "POST")]


def settings(model=WANTED, **chosen):
    return PageSettings(model=str(model), device="cpu", **chosen)


def health(address):
    with urlopen(f"{address}/health", timeout=300) as answer:
        return json.load(answer)


@pytest.mark.parametrize(
    "outage",
    [{"status": 503}, {"status": 429}, {"drop": True}, {"status": 200}],
    ids=["down", "too many requests", "hangs up", "a stranger answers"],
)
def test_while_the_hub_does_not_answer_another_network_stands_in_and_the_log_says_so(hub, bundled, caplog, outage):
    hub.state.faults += [Fault(method, "*", **outage) for method in ("HEAD", "GET")]
    pool = start_pool(settings())
    assert (pool.own.name, pool.missing, pool.own.facts.classes) == ("tiny", WANTED, 3)
    (record,) = (one for one in caplog.records if one.name == model_pool.__name__)
    assert record.levelno == logging.WARNING
    assert f"could not read model {WANTED!r}" in record.message
    assert "tiny, which comes with the page, stands in for it" in record.message


def test_offline_another_network_stands_in_for_one_that_is_not_cached(hub, bundled, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert start_pool(settings()).missing == WANTED


def test_what_is_cached_needs_no_stand_in(hub, bundled):
    ImageClassifier.from_pretrained(WANTED)
    shut(hub)
    pool = start_pool(settings())
    assert (pool.own.name, pool.missing) == (WANTED, None)
    assert (pool.own.facts.classes, pool.own.facts.weights_bytes) == (5, None)


def test_what_the_owner_s_login_has_cached_is_not_given_to_visitors_while_nobody_can_say_whether_it_is_public(
    hub, bundled
):
    create_model("cifar_resnet20", num_classes=2).push_to_hub("alice/secret", private=True)
    ImageClassifier.from_pretrained("alice/secret")
    pool = start_pool(settings())
    shut(hub)
    with pytest.raises(HubUnreachableError):
        asyncio.run(pool.open("alice/secret"))


def test_a_hub_that_is_silent_is_not_waited_for(hub, bundled):
    hub.state.faults.append(Fault("HEAD", "*", delay=4.0, times=1))
    pool = start_pool(settings(load_seconds=1))
    assert pool.missing == WANTED  # whoever waits finds it


@pytest.mark.parametrize(
    ("model", "error", "sentence"),
    [
        ("alice/leters", HubError, "model 'alice/leters' was not found"),
        ("no name", ConfigError, "'no name'"),
        ("damaged", CheckpointError, "damaged"),
    ],
    ids=["nobody has it", "no name", "a damaged folder"],
)
def test_a_mistake_is_told_and_nothing_stands_in_for_it(hub, bundled, tmp_path, monkeypatch, model, error, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "config.json").write_text((bundled / "config.json").read_text())
    (tmp_path / "damaged" / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(error, match=sentence) as caught:
        start_pool(settings(model))
    assert not isinstance(caught.value, HubUnreachableError)


def test_where_no_network_came_with_the_page_the_outage_is_told(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(model_pool, "BUNDLED", tmp_path / "absent")
    shut(hub)
    with pytest.raises(HubUnreachableError, match="answered 503; try again later"):
        start_pool(settings())


def test_what_stands_in_is_told_apart_from_a_folder_of_the_owner_s_with_the_same_name(hub, bundled, tmp_path):
    create_model("cifar_resnet20", num_classes=2).save_pretrained(tmp_path / "owner" / "tiny")
    shut(hub)
    pool = start_pool(settings(models=str(tmp_path / "owner" / "tiny")))
    assert (pool.own.name, pool.own.facts.name, pool.own.facts.classes) == ("tiny-2", "tiny-2", 3)
    assert asyncio.run(pool.open("tiny")).facts.classes == 2
    assert start_pool(settings(models=str(bundled))).own.name == "tiny"


def test_a_visitor_who_chooses_the_missing_network_again_gets_it_once_the_hub_is_back(hub, bundled):
    shut(hub)
    pool = start_pool(settings(models=""))

    async def visit():
        with pytest.raises(HubUnreachableError, match="answered 503; try again later"):
            await pool.open(WANTED)
        hub.state.faults.clear()
        chosen = await pool.open(WANTED)
        return chosen, await pool.open(None), await pool.open("tiny")

    chosen, own, stand_in = asyncio.run(visit())
    assert own is chosen
    assert (own.name, own.classifier.model.num_classes, pool.missing) == (WANTED, 5, None)
    assert stand_in.name == "tiny"


def test_visitors_of_the_stand_in_have_the_hub_asked_again_and_do_not_wait(hub, bundled, caplog):
    shut(hub)
    pool = start_pool(settings())
    hub.state.faults[:] = [Fault("HEAD", "*", delay=1.0, times=1)]

    async def visit():
        started = monotonic()
        first = await pool.open(None)
        while pool.missing is not None and monotonic() - started < 60:
            await asyncio.sleep(0.05)
        return first, await pool.open("")

    first, then = asyncio.run(visit())
    assert (first.name, then.name) == ("tiny", WANTED)  # whoever waits finds the other one
    assert f"{WANTED} is loaded, and is the page's network from now on" in caplog.messages


def test_the_hub_is_left_alone_between_two_tries(hub, bundled, monkeypatch):
    shut(hub)
    pool = start_pool(settings())
    monkeypatch.setattr(model_pool, "AGAIN_SECONDS", 60.0)
    seen = -1
    while seen < len(hub.state.requests):  # pools of other tests may still ask
        seen = len(hub.state.requests)
        sleep(0.5)
    hub.state.requests.clear()

    async def visit():
        await pool.open(None)
        await asyncio.sleep(0.2)

    asyncio.run(visit())
    assert hub.state.requests == []


def test_the_examples_are_of_classes_that_the_stand_in_knows(hub):
    shut(hub)
    pool = start_pool(settings())
    examples = find_examples(pool.place_of(pool.default), pool.own.classifier.label_names)
    assert [path.stem for path in examples.paths] == ["2-cat", "4-airplane", "5-taxi", "6-dog", "7-horse", "8-eagle"]


def test_the_facts_tell_what_the_network_stands_in_for(hub, bundled):
    shut(hub)
    pool = start_pool(settings())
    assert f"<dd>tiny, in place of {WANTED}</dd>" in describe_model(pool.own, "en", pool.missing)


def test_on_a_phone_the_verdict_of_the_stand_in_is_in_view_below_the_notice(hub, open_page):
    shut(hub)
    with served_page(WANTED) as chosen:
        for locale, words in (("en-US", "10: airplane"), ("zh-CN", "飞机、汽车")):
            page = open_page(chosen.address, width=390, locale=locale)
            expect(page.locator("#notice")).to_contain_text(words)
            expect(page.locator("#verdict p").first).to_contain_text("%")
            box = page.locator("#verdict").bounding_box()
            assert box["y"] + box["height"] <= 844, locale


def test_visitors_read_of_the_stand_in_and_later_find_the_network_itself(hub, bundled, open_page, tmp_path):
    solid(COLORS[0]).save(tmp_path / "photo.png")
    shut(hub)
    with served_page(WANTED) as chosen:
        page = open_page(chosen.address)
        expect(page.locator("#notice")).to_contain_text(f"The network {WANTED} could not be loaded from the Hub")
        expect(page.locator("#notice")).to_contain_text("tiny answers")
        expect(page.locator("#notice")).to_contain_text("it knows only its classes (3: cat, dog, bird)")
        chinese = open_page(chosen.address, locale="zh-CN")
        expect(chinese.locator("#notice")).to_contain_text(f"暂时无法从 Hub 加载网络 {WANTED}")
        page.get_by_text("About this network").click()
        expect(page.locator(".facts")).to_contain_text(f"tiny, in place of {WANTED}")
        upload(page, tmp_path / "photo.png")
        expect(page.locator("#verdict")).to_contain_text(re.compile(r"^\s*Most likely (cat|dog|bird), "))
        unfold(page, "#others")
        page.locator("#network input").fill(WANTED)
        page.keyboard.press("Enter")
        page.locator("#use-network").click()
        refusal = page.locator("#network-facts").get_by_role("alert")
        expect(refusal).to_contain_text(f"{WANTED} could not be loaded; tiny still answers.")
        expect(refusal).to_contain_text("answered 503; try again later")
        expect(page.locator("#network input")).to_have_value("tiny")
        assert health(chosen.address) == {"status": "stand-in", "model": "tiny", "missing": WANTED}

        hub.state.faults.clear()
        started = monotonic()
        while (found := health(chosen.address))["status"] != "ok" and monotonic() - started < 60:
            page.wait_for_timeout(100)
        assert found == {"status": "ok", "model": WANTED, "missing": None}
        page.locator("#network input").fill(WANTED)
        page.keyboard.press("Enter")
        page.locator("#use-network").click()
        expect(page.locator("#notice")).not_to_contain_text("could not be loaded")
        later = open_page(chosen.address)
        upload(later, tmp_path / "photo.png")
        expect(later.locator("#verdict")).to_contain_text(re.compile(r"^\s*Most likely [a-e], "))
        for drawer in ("#details", "#others"):
            unfold(later, drawer)
        expect(later.locator("#top-k input[type=range]")).to_have_attribute("max", "5")
        expect(later.locator("#notice")).not_to_contain_text("could not be loaded")
        expect(later.locator("#network input")).to_have_value(WANTED)

"""The tab that compares networks, in a browser: who agrees, who fails, and what is seen of it on a phone."""

import json
import re
import shutil
from functools import partial

import pytest
from browsing import awaited, served_page, upload, wait_until_asked
from color_network import COLORS, MARKUP, save_color_network, solid
from playwright.sync_api import expect

from resnet_hub import create_model
from resnet_hub.classifier import Prediction
from resnet_hub.demo.serving.inference import Inference
from resnet_hub.demo.serving.networks.model_pool import start_pool
from resnet_hub.demo.settings import PageSettings
from resnet_hub.demo.tabs import comparison
from resnet_hub.demo.tabs.comparison import Compared, agreement, compared, do_agree
from resnet_hub.demo.text.words import say

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network of colors, the same under another name, one of other classes, and one that does not load."""
    place = tmp_path_factory.mktemp("compared")
    save_color_network(place / "colors")
    shutil.copytree(place / "colors", place / "same")
    create_model("cifar_resnet20", num_classes=2, label_names=(MARKUP, "<b>cold")).save_pretrained(place / "two")
    (place / "broken").mkdir()
    (place / "broken" / "config.json").write_text("{}")
    for index, color in enumerate(COLORS):
        solid(color).save(place / f"{index}.png")
    return place


@pytest.fixture(scope="module")
def models(folder):
    return ", ".join(str(folder / name) for name in ("same", "two", "broken"))


@pytest.fixture(scope="module")
def address(folder, models):
    with served_page(folder / "colors", models=models) as settings:
        yield settings.address


@pytest.fixture
def visit(open_page, address):
    return partial(open_page, address)


def open_compare(page, *names, tab="Compare"):
    """Opens the tab and adds these networks to those that are chosen."""
    page.get_by_role("tab", name=tab, exact=True).click()
    for name in names:
        page.locator("#compared input").fill(name)
        page.keyboard.press("Enter")


def send(page, path):
    """Uploads an image and waits until it is there."""
    upload(page, path)
    expect(page.locator("#verdict")).to_contain_text("%")


def columns(page):
    return page.locator("#comparison .network")


def boxes(page):
    """Where the columns stand, all at one moment."""
    return columns(page).evaluate_all("found => found.map(column => column.getBoundingClientRect().toJSON())")


def says(page, words):
    expect(page.locator("#comparison .agreement")).to_contain_text(words)


def test_two_networks_answer_side_by_side_and_agree(visit, folder):
    page = visit()
    send(page, folder / "0.png")
    open_compare(page)
    page.locator("#compare").click()
    says(page, "They agree: crimson.")
    expect(columns(page)).to_have_count(2)
    for column, name in zip(columns(page).all(), ("colors", "same"), strict=True):
        expect(column.get_by_role("heading")).to_have_text(name)
        expect(column).to_contain_text(re.compile(r"Most likely crimson, .*%"))
        expect(column.locator(".bars li")).to_have_count(3)
        expect(column).to_contain_text("0.3 million")
        expect(column).to_contain_text("32 x 32 px")
        expect(column).to_contain_text(re.compile(r"\d\.\d ms"))
    left, right = boxes(page)
    assert left["top"] == right["top"]


def test_one_that_fails_and_one_that_differs_do_not_keep_the_others_from_answering(visit, folder):
    page = visit()
    send(page, folder / "0.png")
    open_compare(page, "broken", "two")
    page.locator("#compare-maps input").check()
    page.locator("#compare").click()
    says(page, "They do not agree: colors, same say crimson; two says ")
    expect(columns(page)).to_have_count(4)
    expect(columns(page).nth(2)).to_contain_text("onfig.json names no architecture")
    expect(page.locator("#comparison img")).to_have_count(3)
    for image in page.locator("#comparison img").all():
        assert image.get_attribute("alt").startswith("Heat map for ")
    expect(columns(page).nth(3)).to_contain_text(MARKUP)
    assert page.alerts == []


def test_another_image_is_compared_at_once_where_the_old_comparison_is_in_view(visit, folder):
    page = visit()
    send(page, folder / "0.png")
    open_compare(page)
    page.locator("#compare").click()
    says(page, "They agree: crimson.")
    page.locator("#examples img").nth(2).click()
    says(page, f"They agree: {MARKUP}.")
    page.get_by_role("tab", name="Answer", exact=True).click()
    expect(page.locator("#verdict")).to_contain_text(MARKUP)
    page.locator("#examples img").nth(1).click()
    expect(page.locator("#verdict")).to_contain_text("crimson")
    says(page, "Choose a picture and at least two networks")
    open_compare(page)
    expect(page.locator("#comparison .agreement")).to_be_visible()
    says(page, "Choose a picture and at least two networks")


def test_a_comparison_stands_when_the_answer_about_an_image_before_it_is_late(visit, folder):
    page = visit()
    late = []

    def hold(route):
        values = json.loads(route.request.post_data or "{}").get("data", [])
        is_held = not late and len(values) == 3 and not values[1] and values[2] is False
        late.append(route) if is_held else route.continue_()

    page.route("**/queue/join*", hold)
    send(page, folder / "0.png")
    open_compare(page)
    wait_until_asked(page, late)
    page.locator("#compare").click()
    says(page, "They agree: crimson.")
    with page.expect_response("**/queue/join*"):
        late[0].continue_()
    page.locator("#examples img").nth(2).click()
    says(page, f"They agree: {MARKUP}.")


def test_a_single_network_gets_a_sentence(visit, folder):
    page = visit()
    send(page, folder / "0.png")
    open_compare(page)
    page.locator("#compared input").press("Backspace")
    page.keyboard.press("Escape")  # the list of networks, which opened over the button
    page.locator("#compare").click()
    refusal = page.locator("#comparison").get_by_role("alert")
    expect(refusal).to_contain_text("Choose 2 to 4 different models to compare, not 1.")


def test_on_a_phone_the_columns_stand_one_below_the_other(visit, folder):
    page = visit(width=390, locale="zh-CN")
    send(page, folder / "0.png")
    open_compare(page, tab="比较")
    page.locator("#compare").click()
    says(page, say("compare.agree", "zh-CN", label="crimson"))
    first, second = boxes(page)
    assert second["top"] >= first["bottom"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def answered(inference, image, names, **options):
    """What is said of the image at last."""

    async def last():
        return [found async for found in compared(inference, image, names, 5, **options)][-1]

    return awaited(last())


@pytest.fixture
def inference(folder, models):
    settings = PageSettings(model=str(folder / "colors"), models=models, device="cpu", max_models=1)
    return Inference(settings, start_pool(settings))


def test_more_networks_are_compared_than_the_page_keeps_in_memory(inference, folder):
    image = (folder / "0.png").read_bytes()
    found = answered(inference, image, ["two", "colors", "same"])
    assert [column.name for column in found] == ["two", "colors", "same"]
    assert all(column.answer is not None for column in found)
    assert agreement(found[1:], "en") == "They agree: crimson."


def test_a_map_that_fails_leaves_the_answer(inference, folder, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("/home/owner/secret")

    monkeypatch.setattr(comparison, "heat_map", fail)
    found = answered(inference, (folder / "0.png").read_bytes(), ["colors", "same"], with_maps=True)
    assert all(column.answer is not None and "went wrong" in str(column.problem) for column in found)
    assert do_agree(found)


def test_a_broken_image_is_a_sentence_for_each_network(inference):
    found = answered(inference, b"no picture", ["colors", "same"])
    assert all("in no image format" in str(column.problem) for column in found)
    assert do_agree(found) is None
    assert agreement(found, "en") == "No network has answered, so there is nothing to compare."


class Said:
    """As much of an answer as a comparison looks at."""

    def __init__(self, names, index):
        self.model = self.classifier = self
        self.label_names = names
        self.classification = self
        self.predictions = [Prediction(names[index], index, 0.9)]

    def predictions_in(self, language):
        return self.predictions


@pytest.mark.parametrize(
    ("answers", "agree", "sentence"),
    [
        ([("ab", 0), ("ab", 0)], True, "They agree: a."),
        ([("ab", 0), ("ba", 1)], True, "They agree: a."),
        ([("ab", 0), ("ab", 1)], False, "They do not agree: 0 says a; 1 says b."),
        ([("ab", 0), ("bc", 0), ("bx", 0)], False, "They do not agree: 1, 2 say b; 0 says a."),
        ([(("tench, Tinca tinca",), 0), (("Tench",), 0)], True, "They agree: tench, Tinca tinca."),
        ([(("crane", "crane"), 0), (("crane", "crane"), 1)], False, "They do not agree: 0 says crane; 1 says crane."),
        ([("ab", 0)], None, "Only one network has answered, so there is nothing to compare."),
    ],
    ids=["same", "other order", "different", "the most first", "several names", "two of one name", "alone"],
)
def test_networks_agree_where_their_best_classes_are_the_same(answers, agree, sentence):
    found = [Compared(str(place), Said(names, index)) for place, (names, index) in enumerate(answers)]
    assert do_agree(found) is agree
    assert agreement(found, "en") == sentence

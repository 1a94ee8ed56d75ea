"""The tabs that explain, in a browser: a network that learned where to look, and a visitor who looks."""

import base64
import io
import re
import threading
from functools import partial

import numpy as np
import pytest
from broken_images import cut_jpeg
from browsing import served_page, upload
from color_network import MARKUP
from explained import COLORS, square, square_classifier
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect

from resnet_hub.demo.fields import effect_words
from resnet_hub.demo.tabs import explanation
from resnet_hub.explain.covering import cover_effect
from resnet_hub.explain.heat_maps import heat_map
from resnet_hub.explain.rendering import OPACITY, glow, overlay
from resnet_hub.explain.stage_maps import feature_maps
from resnet_hub.preprocessing import to_pixels

# gradio's queue sets an option of pandas that pandas 4 will drop, when it sums up its failures.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
LABELS = ("red", MARKUP)
HINT = "Choose a picture, and the explanation appears here."


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("squares")
    square_classifier(LABELS).model.save_pretrained(folder)
    with served_page(folder) as settings:
        yield settings.address


@pytest.fixture
def visit(open_page, address):
    return partial(open_page, address)


@pytest.fixture
def images(tmp_path):
    """Saves an image of a square and returns its path."""

    def save(color, left, top):
        path = tmp_path / f"{left}-{top}.png"
        square(COLORS[color], left, top).save(path)
        return path

    return save


def open_why(page, name="Why"):
    page.get_by_role("tab", name=name, exact=True).click()


def settled(page):
    """How many requests the page has made, once it has made no more for a second."""
    seen = -1
    while seen < len(page.requests):
        seen = len(page.requests)
        page.wait_for_timeout(1000)
    return seen


def alternative(page):
    return page.locator("#why-map img.colors")


def shown(page):
    """The colors of the map, as an array."""
    content = alternative(page).get_attribute("src").partition(",")[2]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def pixels_of(image):
    return to_pixels(image, square_classifier(LABELS).preprocessing)


def expected_map(image, index, method="hires-cam"):
    return heat_map(square_classifier(LABELS), pixels_of(image), index, method)


def expected_effect(image, index):
    return cover_effect(square_classifier(LABELS), pixels_of(image), expected_map(image, index))


def test_the_map_says_in_words_where_the_evidence_is(visit, images):
    page = visit()
    upload(page, images(0, 1, 1))
    open_why(page)
    words = "Heat map for red: strongest in the upper left."
    expect(alternative(page)).to_have_attribute("alt", words)
    expect(page.locator("#why-sentence")).to_contain_text(re.compile(re.escape(words) + r" The network gives .*%\."))


def test_another_image_gets_other_words_while_one_looks(visit, images):
    page = visit()
    upload(page, images(0, 1, 1))
    open_why(page)
    expect(alternative(page)).to_have_attribute("alt", re.compile("red: .* upper left"))
    page.get_by_label("Remove Image").click()
    expect(page.locator("#why-sentence")).to_contain_text(HINT)
    expect(alternative(page)).to_have_count(0)
    upload(page, images(1, 20, 20))
    expect(alternative(page)).to_have_attribute("alt", f"Heat map for {MARKUP}: strongest in the lower right.")
    assert page.alerts == []


def test_the_colors_lose_nothing(visit, images):
    page = visit()
    upload(page, images(1, 10, 10))
    open_why(page)
    expect(alternative(page)).to_be_visible()
    assert np.array_equal(shown(page), glow(expected_map(square(COLORS[1], 10, 10), 1)))


def test_another_class_gets_its_own_map(visit, images):
    page = visit()
    upload(page, images(1, 10, 10))
    open_why(page)
    expect(alternative(page)).to_have_attribute("alt", re.compile(re.escape(MARKUP)))
    page.locator("#why-class input").click()
    page.get_by_role("option", name="red").click()
    expect(page.locator("#why-sentence")).to_contain_text("Heat map for red")
    expect(alternative(page)).to_have_attribute("alt", re.compile("Heat map for red"))
    assert np.array_equal(shown(page), glow(expected_map(square(COLORS[1], 10, 10), 0)))


def test_occlusion_says_how_far_the_score_falls(visit, images):
    page = visit()
    upload(page, images(1, 10, 10))
    open_why(page)
    expect(alternative(page)).to_be_visible()
    page.locator("#why-method").get_by_text("Occlusion", exact=True).click()
    drop = 100 * expected_map(square(COLORS[1], 10, 10), 1, "occlusion").largest_drop
    expect(page.locator("#why-sentence")).to_contain_text(f"takes {drop:.1f} percentage points away")


def test_the_visitor_reads_what_the_map_is_worth_and_what_an_occlusion_would_cost_before_it_is_chosen(visit, images):
    page = visit()
    upload(page, images(0, 1, 1))
    open_why(page)
    told = page.locator("#why-sentence p")
    expect(told).to_have_count(3)
    expect(told.nth(1)).to_have_text(effect_words(expected_effect(square(COLORS[0], 1, 1), 0), "en"))
    expect(told.nth(2)).to_have_text(re.compile(r"covers 64 places one by one, which takes about \d+ s here"))
    page.locator("#why-method").get_by_text("Occlusion", exact=True).click()
    agree = re.compile("HiResCAM and occlusion agree: over 99")
    expect(told.nth(2)).to_have_text(agree)
    page.locator("#why-method").get_by_text("HiResCAM", exact=True).click()
    expect(told.first).not_to_contain_text("Covering the place that matters most")
    expect(told.nth(2)).to_have_text(agree)  # once both are known it stays said


def test_a_map_for_a_wrong_class_is_said_to_be_no_evidence(visit, images):
    page = visit()
    upload(page, images(0, 10, 10))
    open_why(page)
    expect(alternative(page)).to_be_visible()
    page.locator("#why-class input").click()
    page.get_by_role("option", name=MARKUP).click()
    expect(page.locator("#why-sentence p").first).to_contain_text("No evidence worth the name")
    expect(alternative(page)).to_have_attribute("alt", re.compile("upper left, up to the edge of what the network saw"))
    assert page.alerts == []


@pytest.fixture
def slow_occlusion(monkeypatch):
    """The occlusions that are asked for wait after each pass until the test lets them go on; how many passes began."""
    passes, go_on = [], threading.Semaphore(0)

    def slowly(*given, give_up, progress):
        def counted():
            passes.append(1)
            return give_up()

        def told(*heard):
            progress(*heard)
            go_on.acquire(timeout=60)

        return heat_map(*given, give_up=counted, progress=told)

    monkeypatch.setattr(
        explanation, "heat_map", lambda *given, **named: (slowly if named else heat_map)(*given, **named)
    )
    yield passes, go_on
    go_on.release(100)


def test_an_occlusion_shows_how_far_it_is_and_stops_when_the_visitor_wants_something_else(
    visit, images, slow_occlusion
):
    passes, go_on = slow_occlusion
    page = visit()
    upload(page, images(0, 1, 1))
    open_why(page)
    told = page.locator("#why-sentence p")
    expect(told).to_have_count(3)
    page.locator("#why-method").get_by_text("Occlusion", exact=True).click()
    far = re.compile(r"^\s*Covering the picture place by place: 7 of 64\. About \d+ s to go\.\s*$")
    expect(page.locator("#why-sentence")).to_have_text(far, timeout=60_000)
    expect(page.locator("#why-sentence progress")).to_have_attribute("value", "7")
    expect(alternative(page)).to_be_visible()  # the map that was there
    page.locator("#why-method").get_by_text("Grad-CAM", exact=True).click()
    page.wait_for_timeout(500)
    go_on.release(100)
    expect(told.first).to_contain_text("Heat map for red")
    expect(told).to_have_count(3)
    assert len(passes) <= 2


def test_an_occlusion_stops_when_its_visitor_leaves(visit, images, slow_occlusion):
    passes, go_on = slow_occlusion
    page = visit()
    upload(page, images(0, 1, 1))
    open_why(page)
    page.locator("#why-method").get_by_text("Occlusion", exact=True).click()
    expect(page.locator("#why-sentence progress")).to_have_attribute("value", "7")
    page.goto("about:blank")
    page.wait_for_timeout(1500)  # the server sees within a second that nobody listens
    go_on.release(100)
    page.wait_for_timeout(500)
    assert len(passes) <= 2


def test_the_tab_never_asks_for_an_image_that_it_has(visit, images, monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(explanation, "feature_maps", lambda *given: (held.wait(60), feature_maps(*given))[1])
    page = visit()
    page.evaluate("""() => { window.told = new Set();
        new MutationObserver(() => window.told.add(document.querySelector('#why-sentence')?.textContent.trim()))
            .observe(document.body, {subtree: true, childList: true, characterData: true}) }""")
    upload(page, images(0, 1, 1))
    expect(page.locator("#verdict")).to_contain_text("red")
    page.evaluate("window.told.clear()")
    open_why(page)
    expect(alternative(page)).to_be_visible()
    page.get_by_text("What the stages see").click()
    page.get_by_text("What each block adds").click()
    for drawer in ("#why-stages", "#why-blocks"):
        expect(page.locator(drawer)).to_have_text("Still computing …")
    held.set()
    expect(page.locator("#why-stages img")).to_have_count(4)
    expect(page.get_by_role("rowheader").first).to_have_text("stage 1, block 1 layer1.0")
    assert not any(HINT in told for told in page.evaluate("[...window.told].filter(Boolean)"))


def test_the_opacity_changes_at_once_and_asks_nobody(visit, images):
    page = visit()
    upload(page, images(0, 10, 10))
    open_why(page)
    expect(alternative(page)).to_have_css("opacity", f"{OPACITY}")
    page.get_by_text("What each block adds").click()
    expect(page.get_by_role("rowheader")).to_have_count(9)  # the last part of the explanation
    before = settled(page)
    page.locator("#why-opacity input[type=range]").focus()
    page.keyboard.press("End")
    expect(alternative(page)).to_have_css("opacity", "1")
    page.keyboard.press("Home")
    expect(alternative(page)).to_have_css("opacity", "0")
    assert page.requests[before:] == []


def test_stages_and_blocks_are_there_to_unfold(visit, images):
    page = visit()
    upload(page, images(0, 10, 10))
    open_why(page)
    page.get_by_text("What the stages see").click()
    expect(page.locator("#why-stages img")).to_have_count(4)
    expect(page.get_by_alt_text("8 feature maps of stage 3")).to_be_visible()
    page.get_by_text("What each block adds").click()
    expect(page.get_by_role("rowheader")).to_have_count(9)
    expect(page.locator("#why-blocks")).to_contain_text(re.compile(r"Of its 9 blocks, \d can each be left out"))


def test_a_broken_file_gets_a_sentence_and_the_tab_lives_on(visit, images, tmp_path):
    page = visit()
    (tmp_path / "photo.jpg").write_bytes(cut_jpeg())
    upload(page, tmp_path / "photo.jpg")
    open_why(page)
    expect(page.locator("#why-sentence")).to_contain_text("The image is damaged or cut short")
    page.get_by_label("Remove Image").click()
    upload(page, images(0, 1, 1))
    expect(alternative(page)).to_be_visible()


def test_a_tab_that_nobody_looks_at_explains_nothing(visit, images, monkeypatch):
    asked = []
    monkeypatch.setattr(
        explanation, "heat_map", lambda *given, **named: (asked.append(1), heat_map(*given, **named))[1]
    )
    page = visit()
    upload(page, images(0, 1, 1))
    expect(page.locator("#verdict")).to_contain_text("red")
    page.wait_for_timeout(500)
    assert asked == []
    open_why(page)
    expect(alternative(page)).to_be_visible()
    assert asked == [1]


def test_every_control_is_reached_by_keyboard(visit, images):
    page = visit()
    upload(page, images(0, 1, 1))
    open_why(page)
    page.get_by_text("What each block adds").click()
    expect(page.get_by_role("rowheader")).to_have_count(9)
    page.get_by_role("tab", name="Why", exact=True).focus()
    reached = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('[id^=why]')?.id || 'other'"))
    assert reached >= {"why-class", "why-method", "why-opacity", "why-map", "why-blocks"}


def test_a_visitor_from_china_reads_chinese(visit, images):
    page = visit(locale="zh-CN")
    upload(page, images(0, 1, 1))
    open_why(page, "为什么")
    expect(alternative(page)).to_have_attribute("alt", re.compile("^red 的热力图.最强处在左上方.$"))
    expect(page.locator("#why-method")).to_contain_text("遮挡法")


def test_a_phone_needs_no_sideways_scrolling(visit, images):
    page = visit(width=390)
    upload(page, images(1, 1, 1))
    open_why(page)
    page.get_by_text("What the stages see").click()
    page.get_by_text("What each block adds").click()
    expect(page.get_by_role("rowheader")).to_have_count(9)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_depth_is_explained_by_two_networks_measured_now(visit):
    page = visit(width=390)
    page.get_by_role("tab", name="Why depth works").click()
    expect(page.locator("#gradients")).to_contain_text("With 56 layers and no shortcuts, the gradient at the first")
    page.locator("#depth").get_by_text("20").click()
    chart = page.locator("#gradients .chart svg")
    expect(chart).to_have_attribute("aria-label", re.compile("With 20 layers .* the first block is 1. times as large"))
    page.locator("#train").click()
    losses = re.compile(r"After 29 steps with 20 layers, the loss is 1\.\d\d without shortcuts and 0\.0\d with them")
    expect(page.locator("#losses p")).to_have_text(losses, timeout=60_000)
    assert page.locator("#losses polyline.line-1").get_attribute("points").count(",") == 30
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture(scope="module")
def client(address):
    return Client(address, verbose=False)


def image_in(address):
    return Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,"))))


@pytest.mark.parametrize("name", ["", "RED", "0"])
def test_a_program_gets_the_map_and_what_it_means(client, images, name):
    answer = client.predict(handle_file(images(0, 1, 1)), name, api_name="/explain")
    found = expected_map(square(COLORS[0], 1, 1), 0)
    assert (answer["label"], answer["index"], answer["place"], answer["method"]) == (
        "red",
        0,
        "upper_left",
        "hires-cam",
    )
    assert answer["score"] == pytest.approx(found.score)
    effect = expected_effect(square(COLORS[0], 1, 1), 0)
    assert answer["score_without"] == pytest.approx(effect.score_without, abs=1e-5)
    assert answer["score_without_random"] == pytest.approx(effect.score_without_random, abs=1e-5)
    assert (answer["is_evidence"], answer["covered"]) == (True, 0.25)
    assert (answer["other_places"], answer["at_edge"]) == ([], False)
    assert (answer["largest_drop"], answer["overlap"]) == (None, None)
    assert answer["sentence"].startswith("Heat map for red: strongest in the upper left.")
    assert answer["sentence"].endswith(effect_words(effect, "en"))
    assert np.array_equal(image_in(answer["map"]), found.image())
    assert np.array_equal(image_in(answer["overlay"]), overlay(square(COLORS[0], 1, 1), found))


REFUSED = {
    "class": (("yellow", "hires-cam", ""), "The model has no class 'yellow'; expected a number from 0 to 1, or a name"),
    "number": (("7", "hires-cam", ""), "The model has no class '7'"),
    "method": (("", "magic", ""), "Method='magic' is not known; choose one of 'grad-cam', 'hires-cam', 'occlusion'"),
    "model": (("", "hires-cam", "../etc"), "'../etc' is no Hub id"),
}


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_program_reads_what_is_wrong(client, images, arguments, sentence):
    with pytest.raises(AppError, match=re.escape(sentence)):
        client.predict(handle_file(images(0, 1, 1)), *arguments, api_name="/explain")


def test_a_program_without_an_image_is_told_so(client):
    with pytest.raises(AppError, match="There is no picture yet"):
        client.predict(None, api_name="/explain")

"""The tabs that explain, in a browser: a network that learned where to look, and a visitor who looks."""

import base64
import io
import re
import threading
from functools import partial

import numpy as np
import pytest
from broken_images import cut_jpeg
from browsing import upload, wait_until_asked
from color_network import MARKUP
from explained import COLORS, square
from PIL import Image
from playwright.sync_api import expect
from square_page import alternative, expected_map, open_why, saved_square, served_squares

from resnet_hub.demo.tabs.explaining import explanation
from resnet_hub.explain.blocks.stage_maps import feature_maps
from resnet_hub.explain.saliency.heat_maps import heat_map
from resnet_hub.explain.saliency.rendering import OPACITY, glow

# gradio's queue sets an option of pandas that pandas 4 will drop, when it sums up its failures.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
HINT = "Choose a picture, and the explanation appears here."


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served_squares(tmp_path_factory.mktemp("squares")) as address:
        yield address


@pytest.fixture
def visit(open_page, address):
    return partial(open_page, address)


@pytest.fixture
def images(tmp_path):
    """Saves an image of a square and returns its path."""
    return partial(saved_square, tmp_path)


def settled(page):
    """How many requests the page has made, once it has made no more for a second."""
    seen = -1
    while seen < len(page.requests):
        seen = len(page.requests)
        page.wait_for_timeout(1000)
    return seen


def shown(page):
    """The colors of the map, as an array."""
    content = alternative(page).get_attribute("src").partition(",")[2]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


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


def test_what_a_browser_asks_for_twice_at_once_is_explained_once(visit, images, monkeypatch):
    asked = []
    monkeypatch.setattr(
        explanation, "heat_map", lambda *given, **named: (asked.append(1), heat_map(*given, **named))[1]
    )
    page = visit()
    upload(page, images(0, 1, 1))
    expect(page.locator("#verdict")).to_contain_text("red")
    page.evaluate(
        """async () => { for (const tab of ['why', 'compare', 'why']) {
            document.querySelector(`#tab-${tab}-button`).click();
            await new Promise(requestAnimationFrame); } }"""
    )
    page.get_by_text("What each block adds").click()
    expect(page.get_by_role("rowheader")).to_have_count(9)
    settled(page)
    assert asked == [1]


def test_a_stop_that_comes_late_ends_nothing_that_was_asked_for_after_it(visit, images, monkeypatch):
    begun, gate = threading.Event(), threading.Event()

    def slow(*given, **named):
        begun.set()
        gate.wait(60)
        return heat_map(*given, **named)

    page = visit()
    open_why(page)
    expect(page.locator("#why-map img").first).to_be_visible()
    late = []

    def hold_the_first(route):
        data = route.request.post_data_json["data"]
        if late or len(data) != 5 or data[3] != "hires-cam":
            route.continue_()
        else:
            late.append(route)

    page.route(re.compile("/gradio_api/run/"), hold_the_first)
    monkeypatch.setattr(explanation, "heat_map", slow)
    upload(page, images(0, 1, 1))
    wait_until_asked(page, late)
    page.get_by_label("Grad-CAM", exact=True).click()  # another wish, while the stop of the first one is on its way
    while not begun.is_set():
        page.wait_for_timeout(50)
    upload(page, images(1, 20, 20))
    with page.expect_response(lambda response: response.request == late[0].request):
        late[0].continue_()
    gate.set()
    expect(alternative(page)).to_have_attribute("alt", f"Heat map for {MARKUP}: strongest in the lower right.")


def test_every_control_is_reached_by_keyboard(visit, images):
    page = visit()
    upload(page, images(0, 1, 1))
    open_why(page)
    page.get_by_text("What each block adds").click()
    expect(page.get_by_role("rowheader")).to_have_count(9)
    expect(page.locator("#why-opacity")).to_be_visible()
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

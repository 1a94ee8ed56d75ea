"""What an explanation is worth and what it takes, as a visitor reads it and as programs get it by /explain."""

import base64
import io
import re
import threading
from functools import partial

import numpy as np
import pytest
from browsing import upload
from explained import COLORS, square
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect
from square_page import alternative, expected_effect, expected_map, open_why, saved_square, served_squares

from resnet_hub.demo.fields import effect_words
from resnet_hub.demo.tabs.explaining import explanation
from resnet_hub.explain.saliency.heat_maps import heat_map
from resnet_hub.explain.saliency.rendering import overlay

# gradio's queue sets an option of pandas that pandas 4 will drop, when it sums up its failures.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


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


@pytest.fixture
def slow_occlusion(monkeypatch):
    """The occlusions that are asked for wait after each pass until the test lets them go on; how many passes began."""
    passes, go_on = [], threading.Semaphore(0)

    def slowly(*given, give_up, progress):
        def counted():
            passes.append(give_up)
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
    expect(page.locator("#why-sentence")).to_contain_text("Looking for the evidence")
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
    for _ in range(600):  # the server looks whether anybody listens
        if passes[0]():
            break
        page.wait_for_timeout(100)
    go_on.release(100)
    page.wait_for_timeout(500)
    assert len(passes) <= 2


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


UNREADABLE = ["", "null", "[]", "{", "[1, 2, 3, 4, 5, 6]", '["a", "b", "c", "d", 1, 0.5]', "[" * 100_000]


@pytest.mark.parametrize("text", UNREADABLE, ids=lambda text: text[:20])
def test_a_key_that_no_page_wrote_is_none(text):
    assert explanation.Key.read(text) is None


@pytest.mark.parametrize("overlap", ["NaN", "-1.0", "1.5", "true", '"0.5"'])
def test_a_key_keeps_no_agreement_that_there_cannot_be(overlap):
    read = explanation.Key.read(f'["a.png", "", 3, "magic", 1, {overlap}]')
    assert read == explanation.Key("a.png", "", 3, None, 1)


def test_a_key_is_read_as_it_was_written():
    key = explanation.Key("a.png", "alice/net", 3, "occlusion", 1, 0.5)
    assert explanation.Key.read(key.text) == key
    assert (key.chosen, key._replace(class_index=1).chosen) == (3, None)

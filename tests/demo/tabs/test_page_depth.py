"""The tab "Why depth works" in a browser: gradients measured now, the race that was measured once, and less motion."""

import re
from functools import partial

import pytest
from playwright.sync_api import expect

from resnet_hub.demo.tabs import depth

# gradio's queue sets an option of pandas that pandas 4 will drop, when it sums up its failures.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def visit(open_page, address):
    return partial(open_page, address)


def test_depth_is_explained_by_two_networks_measured_now(visit, monkeypatch):
    monkeypatch.setattr(depth, "STEPS", 30)  # fewer than visitors see, to spare time
    page = visit(width=390)
    page.get_by_role("tab", name="Why depth works").click()
    expect(page.locator("#gradients")).to_contain_text("With 56 layers and no shortcuts, the gradient at the first")
    page.locator("#depth").get_by_text("20").click()
    chart = page.locator("#gradients .chart svg")
    expect(chart).to_have_attribute("aria-label", re.compile("With 20 layers .* the first block is 1. times as large"))
    page.locator("#train").click()
    losses = re.compile(r"At step 30 with 20 layers, the loss is 1\.\d\d without shortcuts and 0\.0\d with them")
    expect(page.locator("#losses p")).to_have_text(losses, timeout=60_000)
    assert page.locator("#losses polyline.line-1").get_attribute("points").count(",") == 30
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_race_of_depths_is_whole_at_first_and_moves_under_the_keyboard_and_the_button(visit):
    page = visit(width=390)
    page.get_by_role("tab", name="Why depth works").click()
    race = page.locator("#race")
    expect(race).to_contain_text("of the training pictures are wrong in the end with 20 layers")
    lines = race.locator("polyline")
    whole = [line.get_attribute("points").count(",") for line in lines.all()]
    assert min(whole) > 50
    slider = race.get_by_role("slider", name="Updates")
    slider.press("Home")
    expect(race.locator("output")).to_have_text(slider.get_attribute("data-unit"))
    assert {line.get_attribute("points").count(",") for line in lines.all()} == {1}
    race.get_by_role("button", name="Replay").click()
    expect(race.locator("output")).to_have_text(re.compile("1,5.."), timeout=60_000)
    expect(race.get_by_role("button", name="Replay")).to_have_attribute("aria-pressed", "false")
    assert [line.get_attribute("points").count(",") for line in lines.all()] == whole
    expect(page.locator("#surfaces img")).to_have_count(4)
    page.get_by_text("Other networks, other rates, more time").click()
    expect(page.locator("#endings")).to_contain_text("three times as long")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_who_wants_less_motion_gets_the_slider_alone(visit):
    page = visit(width=1000)
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("tab", name="Why depth works").click()
    expect(page.locator("#race input")).to_be_visible()
    expect(page.locator("#race button")).to_be_hidden()

"""The image is changed by a slider and the camera is answered live, in a browser."""

import re

import pytest
from browsing import served_page, upload
from color_network import COLORS, save_color_network, solid
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("shaken")
    save_color_network(place / "colors")
    solid(COLORS[0]).save(place / "crimson.png")
    (place / "notes.png").write_text("no picture")
    return place


@pytest.fixture(scope="module")
def address(folder):
    with served_page(folder / "colors") as settings:
        yield settings.address


def scores(page, place):
    return page.locator(f"{place} .bars li").all_inner_texts()


def test_the_keyboard_alone_moves_the_slider_and_the_answer_and_the_mark_follow(open_page, address, folder):
    page = open_page(f"{address}?tab=shake&shake=brightness", width=390)
    expect(page.locator("#shake-curve svg")).to_be_visible()
    expect(page.locator("#shake-sentence [role=status]")).to_be_visible()
    upload(page, folder / "crimson.png")
    expect(page.locator("#shake-sentence [role=status]")).to_contain_text("Most likely crimson")
    slider = page.locator("#shake-amount input[type=range]")
    expect(slider).to_have_value("100")
    still = scores(page, "#shake-bars")
    page.get_by_role("tab", name="Answer").click()
    expect(page.locator("#verdict")).to_contain_text("Most likely crimson")
    assert scores(page, "#labels") == still
    page.get_by_role("tab", name="Shake it").click()
    seen = page.locator("#shake-figure img").get_attribute("src")
    mark = page.locator("#shake-curve .marked").get_attribute("d")
    page.get_by_label("range slider for How much").or_(slider).first.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_value("0")
    expect(page.locator("#shake-figure img")).not_to_have_attribute("src", seen)
    assert scores(page, "#shake-bars") != still
    expect(page.locator("#shake-curve .marked")).not_to_have_attribute("d", mark)
    expect(page.locator("#shake-curve p")).to_contain_text(re.compile("crimson .* best answer .*Brightness, percent"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_each_change_has_its_curve_and_stands_in_the_link(open_page, address):
    page = open_page(f"{address}?tab=shake", locale="zh-CN")
    expect(page.locator("#shake-curve svg")).to_be_visible()
    page.locator("#shake-kind").get_by_text("JPEG 质量").click()
    expect(page.locator("#shake-curve p")).to_contain_text("JPEG 质量")
    expect(page.locator("#shake-amount input[type=range]")).to_have_value("100")
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("shake=jpeg"))


def test_what_is_no_image_is_refused_where_the_answer_would_stand(open_page, address, folder):
    page = open_page(f"{address}?tab=shake")
    upload(page, folder / "notes.png")
    expect(page.locator("#shake-sentence").get_by_role("alert")).to_contain_text("no image format")


def test_the_camera_is_answered_live(open_page, address):
    page = open_page(f"{address}?tab=shake", permissions=["camera"])
    expect(page.locator("#shake-figure img")).to_be_visible()
    still = page.locator("#shake-figure img").get_attribute("src")
    page.locator("#shake-live > button.label-wrap").click()
    camera = page.locator("#shake-camera")
    camera.get_by_text("Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#shake-camera video')?.videoWidth > 0")
    record = camera.get_by_label("capture photo")
    record.dispatch_event("click")  # beside a picture that moves, a busy machine never finds the button at rest
    expect(page.locator("#shake-figure img")).not_to_have_attribute("src", still)
    seen = page.locator("#shake-figure img").get_attribute("src")
    expect(page.locator("#shake-figure img")).not_to_have_attribute("src", seen)  # and again
    record.dispatch_event("click")

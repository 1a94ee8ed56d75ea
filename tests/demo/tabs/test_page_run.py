"""The tab of a run, in a browser: figures, mistakes one click from why, numbers that open their images."""

import json
import re

import pytest
from browsing import served_page
from color_network import COLORS, MARKUP, TEMPLATE, save_color_network
from playwright.sync_api import expect
from run_folders import save_run

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
LONG = "w" * 300
NAMES = (MARKUP, TEMPLATE, LONG)
COUNTS = [[8, 2, 0], [0, 10, 0], [1, 0, 9]]
# The network knows what these show, so that it is right where they say that it was wrong.
IMAGES = [(COLORS[1], 0, 1, 0.9), (COLORS[0], 2, 0, 0.97), (COLORS[1], 1, 1, 0.8)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "colors"
    save_color_network(folder, NAMES)
    return save_run(folder, NAMES, COUNTS, IMAGES)


@pytest.fixture(scope="module")
def address(run):
    with served_page(run) as settings:
        yield settings.address


@pytest.fixture(scope="module")
def page(new_visitor, address):
    """A visitor who came by a link to the tab."""
    page = new_visitor(f"{address}?tab=run")
    expect(page.locator("#run-rest h2").first).to_be_visible()
    return page


def test_a_link_opens_the_tab_with_the_figure_its_interval_and_what_it_is_of(page):
    expect(page.get_by_role("tab", name="Run")).to_have_attribute("aria-selected", "true")
    headline = page.locator("#run-headline")
    expect(headline).to_contain_text(re.compile(r"90.0\s%"))
    expect(headline).to_contain_text(re.compile(r"30 pictures .* between 80.0\s% and 100\s% \(95\s% interval\)"))
    rest = page.locator("#run-rest")
    for told in ("insects", "40 pictures", "timm/resnet18.a1_in1k", "3, the best was 2", "mixup", "0.2"):
        expect(rest).to_contain_text(told)
    assert rest.locator("svg").count() == 2


def test_the_page_speaks_of_what_the_run_learned(page):
    expect(page.locator("#lead")).to_contain_text("trained on insects and tells 3 classes apart: <img")


def test_names_of_strangers_are_text_and_do_not_widen_the_page(page):
    assert page.alerts == []
    assert page.locator("#run-confusion img").count() == 0
    expect(page.locator("#run-confusion")).to_contain_text(MARKUP[:20])
    expect(page.locator("#run-mistakes")).to_contain_text(TEMPLATE)
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        name = page.locator("#run-rest .bars b").first.bounding_box()
        assert name["width"] > 100  # a name of one letter a line would be narrower


def test_the_surest_mistakes_come_first(page):
    first, second = page.locator("#run-mistakes button").all()
    expect(first).to_contain_text(re.compile(r"97.0\s%"))
    expect(second).to_contain_text(re.compile(r"90.0\s%"))


def test_a_number_opens_its_pictures_and_the_arrow_keys_move_between_numbers(page):
    page.locator("#run-confusion td button[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    opened = page.locator("#run-cell")
    expect(opened.locator("h3")).to_have_text(f"2 of 10 pictures of “{MARKUP}” named “{TEMPLATE}”")
    expect(opened.locator("button")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(opened.locator("h3")).to_have_text(f"10 of 10 pictures of “{TEMPLATE}” named right")
    page.keyboard.press("ArrowLeft")  # there is no number any further, so that the focus stays
    assert page.evaluate("document.activeElement.dataset.cell") == "1-1"
    assert page.locator("#run-confusion td button[tabindex='0']").count() == 1


def test_a_pair_that_was_confused_opens_the_same(page):
    page.locator(".run-pairs button").nth(1).click()
    expect(page.locator("#run-cell h3")).to_have_text(f"1 of 10 pictures of “{LONG}” named “{MARKUP}”")


def test_a_link_opens_the_number_that_is_open(open_page, address):
    page = open_page(f"{address}?tab=run&cell=1-1")
    right = f"10 of 10 pictures of “{TEMPLATE}” named right"
    expect(page.locator("#run-cell h3")).to_have_text(right)
    page.locator("#run-confusion td button").first.click()
    expect(page.locator("#run-cell h3")).not_to_have_text(right)
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("tab=run&cell=0-0$"))


def test_a_link_to_a_number_that_is_not_there_says_so(open_page, address):
    page = open_page(f"{address}?tab=run&cell=9-9")
    expect(page.locator("#link-told")).to_contain_text("cell=9-9")
    expect(page.locator("#run-cell h3")).to_have_count(0)


def test_a_mistake_is_one_click_from_why(open_page, address):
    page = open_page(f"{address}?tab=run")
    page.locator("#run-mistakes button").first.click()
    expect(page.get_by_role("tab", name="Why", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#why-map img").first).to_be_visible()
    expect(page.locator("#why-sentence")).to_contain_text(MARKUP)
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("tab=why"))


def test_what_anybody_sends_in_place_of_a_click_is_answered_with_nothing(open_page, address):
    page = open_page(f"{address}?tab=run")
    number = page.locator("#run-confusion td button").first
    for sent in ("9999-0", "../../etc/passwd", "0-0-0", "-1-0"):
        number.evaluate("(button, sent) => { button.dataset.cell = sent }", sent)
        number.click()
    mistake = page.locator("#run-mistakes button").first
    mistake.evaluate("button => { button.dataset.why = '4711' }")
    mistake.click()
    expect(page.locator("#run-cell .refusal")).to_contain_text("no such picture")


def test_in_chinese_all_of_it_is_chinese(open_page, address):
    page = open_page(f"{address}?tab=run", locale="zh-CN")
    expect(page.locator("#run-headline")).to_contain_text("90.0% 的图片认对了")
    expect(page.locator("#run-rest")).to_contain_text("与默认值不同的设置")
    expect(page.locator("#lead")).to_contain_text("能分辨 3 个类别")


def test_parts_that_cannot_be_shown_say_so_and_the_others_stand(open_page, address, run):
    whole = {name: (run / name).read_text() for name in ("results.json", "held_out/images.json")}
    (run / "results.json").write_text(whole["results.json"][:200])
    rows = json.loads(whole["held_out/images.json"])
    rows["images"][0]["file"] = "../../secret.webp"
    (run / "held_out" / "images.json").write_text(json.dumps(rows))
    (run / "held_out" / "1.webp").rename(run / "gone.webp")
    try:
        page = open_page(f"{address}?tab=run")
        expect(page.locator("#run-headline")).to_contain_text("results.json in the run folder is damaged")
        mistakes = page.locator("#run-mistakes")
        expect(mistakes).to_contain_text("were left out: 1")
        expect(mistakes).to_contain_text("Pictures that cannot be shown: 1")
        expect(page.locator("#run-confusion td.right")).to_have_count(3)
        assert page.locator("#run-rest svg").count() == 2
    finally:
        (run / "gone.webp").rename(run / "held_out" / "1.webp")
        for name, text in whole.items():
            (run / name).write_text(text)

"""The first seconds on the page: it opens answered, stands still, and shows the answer wherever it is opened."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import clear, served_page, unfold, upload, wait_until_asked, wait_until_settled
from color_network import COLORS, LABELS, TEMPLATE, save_color_network, solid
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
# How far what was painted already moved, as Chromium counts it; that which follows a click is not counted.
SHIFTED = """() => new Promise(done => {
let moved = 0;
const add = entry => { if (!entry.hadRecentInput) moved += entry.value };
new PerformanceObserver(list => list.getEntries().forEach(add)).observe({type: 'layout-shift', buffered: true});
setTimeout(() => done(moved), 500) })"""  # what has been seen already is told in a moment, and nothing of what is not
EDGES = "() => { const box = document.querySelector('main').getBoundingClientRect(); return [box.left, box.width] }"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A network that knows colors, and a text under the name of an image."""
    folder = tmp_path_factory.mktemp("first")
    save_color_network(folder / "colors")
    (folder / "colors" / "examples" / "c.png").rename(folder / "colors" / "examples" / "cat.png")
    (folder / "notes.png").write_text("no picture")
    solid(COLORS[0]).resize((60, 60)).save(folder / "crimson.png")  # none of the examples
    return folder


@pytest.fixture(scope="module")
def address(place):
    with served_page(place / "colors") as settings:
        yield settings.address


def says(page, label):
    expect(page.locator("#verdict [role=status]")).to_contain_text(label)


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def asked(page):
    """What the address of the window asks for, by name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_address(page, pattern):
    expect(page).to_have_url(re.compile(pattern))


@pytest.mark.parametrize(
    ("locale", "sentence", "network", "examples"),
    [
        ("en-US", "Most likely ", "Answered by colors", ["a", "b", "cat"]),
        ("zh-CN", "最可能是 ", "由 colors 回答", ["a", "b", "猫"]),
    ],
)
def test_the_page_opens_with_an_answer_its_evidence_and_the_network_that_gave_it(
    open_page, address, locale, sentence, network, examples
):
    page = open_page(address, locale=locale)
    says(page, sentence + TEMPLATE)
    expect(page.locator("#answered-by")).to_have_text(network)
    assert [image.get_attribute("alt") for image in page.locator("#examples img:visible").all()] == examples
    expect(page.locator("#photo img")).to_be_visible()
    expect(page.locator("#glow img.colors")).to_have_attribute("alt", re.compile(re.escape(TEMPLATE)))
    expect(page.locator("#labels li")).to_have_count(3)
    assert page.alerts == []


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_on_a_phone_the_answer_is_in_view_after_a_tap_on_an_example(open_page, address, locale):
    page = open_page(address, width=390, locale=locale)
    page.set_viewport_size({"width": 390, "height": 844})
    for place, label in ((1, LABELS[0]), (2, LABELS[1])):
        page.locator("#examples button").nth(place).click()
        says(page, label)
        box = page.locator("#verdict").bounding_box()
        assert page.evaluate("scrollY") == 0
        assert box["y"] > 0
        assert box["y"] + box["height"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_on_a_narrow_phone_each_tab_is_seen_and_opens(open_page, address, locale):
    page = open_page(address, width=320, locale=locale)
    expect(page.get_by_role("tab")).to_have_count(9)
    expect(page.locator(".overflow-menu > button:visible")).to_have_count(0)
    for tab in page.get_by_role("tab").all():
        box = tab.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
    page.locator("#tab-teach-button").click()
    expect(page.locator("#teach-name")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_beside_a_long_answer_the_image_stays_in_view(open_page, address):
    page = open_page(f"{address}?tab=why", width=1280)
    expect(page.locator("#why-map img").first).to_be_visible()
    page.locator("#why-map").evaluate("map => map.scrollIntoView({block: 'start'})")
    assert page.evaluate("scrollY") > 100
    box = page.locator("#photo").bounding_box()
    assert box["y"] >= 0


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800), (1440, 900)])
def test_what_was_painted_stands_still(visitors, address, width, height):
    profile = visitors.browser.new_context(viewport={"width": width, "height": height})
    page = profile.new_page()
    page.goto(address)
    says(page, TEMPLATE)
    expect(page.locator("#limits p")).to_be_visible()
    wait_until_settled(page)
    moved = page.evaluate(SHIFTED)
    profile.close()
    assert moved < 0.1


def test_the_page_has_one_width_and_one_left_edge_on_all_tabs(open_page, address):
    page = open_page(address, width=1440)
    expected = page.evaluate(EDGES)
    for name in ("Why", "Compare", "Many pictures", "Why depth works", "One picture"):
        open_tab(page, name)
        assert page.evaluate(EDGES) == expected, name
    clear(page)
    assert page.evaluate(EDGES) == expected


def test_the_address_follows_and_the_back_button_goes_back_through_the_tabs(open_page, address):
    page = open_page(address)
    assert page.url == f"{address}/"
    open_tab(page, "Why")
    wait_for_address(page, r"[?&]tab=why(&|$)")
    open_tab(page, "Many pictures")
    wait_for_address(page, r"[?&]tab=many(&|$)")
    page.go_back()
    wait_for_address(page, r"[?&]tab=why(&|$)")
    expect(page.get_by_role("tab", name="Why", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#why-method")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("tab", name="Answer", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#verdict")).to_be_visible()
    assert "tab" not in asked(page)
    page.go_forward()
    expect(page.locator("#why-method")).to_be_visible()


def test_the_address_opens_the_same_example_with_the_same_settings(open_page, address):
    page = open_page(address)
    page.get_by_role("button", name="b", exact=True).click()
    says(page, LABELS[0])
    wait_for_address(page, r"[?&]example=b(&|$)")
    open_tab(page, "Compare")
    wait_for_address(page, r"[?&]tab=compare(&|$)")
    assert asked(page)["example"] == "b"
    other = open_page(page.url)
    expect(other.locator("#compared")).to_be_visible()
    open_tab(other, "Answer")
    says(other, LABELS[0])
    expect(other.locator("#glow img.colors")).to_have_attribute("alt", re.compile(LABELS[0]))


def test_an_image_of_a_visitor_is_in_no_address(open_page, address, place):
    page = open_page(f"{address}?example=cat")
    says(page, LABELS[1])
    upload(page, place / "crimson.png")
    says(page, LABELS[0])
    wait_for_address(page, r"\?(?!.*example)")


def test_a_long_name_of_a_class_breaks_and_leaves_room_for_its_score(open_page, address):
    page = open_page(address, width=390)
    page.locator("#labels li span").first.evaluate("span => { span.textContent = 'x'.repeat(300) }")
    page.locator("#answered-by").evaluate("line => { line.textContent = 'y'.repeat(300) }")
    page.locator("#verdict p").first.evaluate("line => { line.textContent = 'z'.repeat(300) }")
    score = page.locator("#labels li span").nth(1).bounding_box()
    assert score["x"] + score["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keyboard_goes_on_behind_the_choice_of_a_network_and_its_list_closes(open_page, address):
    page = open_page(address)
    unfold(page, "#others")
    page.locator("#fetch").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#network input")).to_be_focused()
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#use-network")).to_be_focused()
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_while_an_answer_is_awaited_one_thin_line_says_so_and_covers_no_word(open_page, address):
    page = open_page(address)
    wait_until_settled(page)
    held = []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    page.get_by_role("button", name="b", exact=True).click()
    wait_until_asked(page, held)
    expect(page.locator("[aria-busy=true]")).to_have_count(1)
    expect(page.locator("#verdict")).to_have_attribute("aria-busy", "true")
    sign = page.locator("#verdict [data-testid=status-tracker]")
    assert sign.bounding_box()["height"] <= 3
    assert sign.inner_text().strip() == ""
    assert page.locator("#verdict .html-container").evaluate("it => getComputedStyle(it).opacity") == "1"
    for route in held:
        route.continue_()
    page.unroute("**/queue/join*")
    says(page, LABELS[0])
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def test_a_file_that_no_browser_takes_for_an_image_is_refused_where_the_answer_stands(open_page, address, place):
    page = open_page(address)
    (place / "notes.txt").write_text("no picture")
    upload(page, place / "notes.txt")
    refusal = page.locator("#verdict").get_by_role("alert")
    expect(refusal).to_contain_text("in no image format that can be read")
    assert page.locator("[data-testid=toast-body]").count() == 0


def test_a_refusal_looks_like_one_and_speaks_the_visitor_s_language(open_page, address, place):
    page = open_page(address, locale="zh-CN")
    upload(page, place / "notes.png")
    refusal = page.locator("#verdict").get_by_role("alert")
    expect(refusal).to_contain_text("图片不是可以读取的图片格式")
    expect(refusal.locator("svg")).to_be_visible()
    expect(page.locator("#labels li")).to_have_count(0)
    expect(page.locator("#answered-by")).to_have_count(0)
    assert page.locator("[data-testid=toast-body]").count() == 0

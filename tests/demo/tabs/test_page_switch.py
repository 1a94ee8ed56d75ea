"""The switchboard in a browser: a visitor who takes a network apart, by pointer and by keyboard."""

import re
from functools import partial

import pytest
from browsing import clear, served_page, upload
from color_network import MARKUP
from explained import RIGID, lively_classifier, square_classifier
from playwright.sync_api import expect
from square_page import saved_square

from resnet_hub.explain import INTACT, Switchboard

# gradio's queue sets an option of pandas that pandas 4 will drop, when it sums up its failures.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
LABELS = ("red", MARKUP)
TWINS = {
    "en-US": ("Take it apart", "Lab-20 (without shortcuts)", "Lab-20 (with shortcuts)"),
    "zh-CN": ("拆开看看", "Lab-20\uff08无捷径\uff09", "Lab-20\uff08有捷径\uff09"),
}
"""What the tab is called, and two networks."""


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
def photo(tmp_path):
    return saved_square(tmp_path, 0, 4, 4)


def open_board(page, photo, name="Take it apart"):
    """Chooses an image and opens the tab; gives the switches."""
    upload(page, photo)
    expect(page.locator("#verdict p[role=status]")).to_contain_text("red")
    page.get_by_role("tab", name=name).click()
    expect(page.locator("#switch-board .block")).to_have_count(9)
    return page.locator("#switch-sentence")


def block(page, place):
    return page.locator(f"#switch-board .block[data-place='{place}']")


def checked(page):
    """The blocks that are in use, as the page shows them."""
    return page.locator("#switch-board .block[aria-checked=true]")


def shown_score(page):
    """The score of the best class, as its bar shows it."""
    return float(page.locator("#switch-bars i").first.get_attribute("style").split(":")[1].rstrip("%")) / 100


def expected(photo, *names):
    classifier = square_classifier(LABELS)
    scores = Switchboard(classifier, classifier.prepare(photo)).run(INTACT.without(*names)).scores
    return float(scores.max()), LABELS[int(scores.argmax())]


def test_blocks_that_are_clicked_are_passed_over_and_the_answer_follows(visit, photo):
    page = visit()
    sentence = open_board(page, photo)
    expect(sentence).to_contain_text(re.compile(r"All 9 blocks of .* are in use\."))
    assert shown_score(page) == pytest.approx(expected(photo)[0], abs=1e-3)
    block(page, "1.2").click()
    block(page, "3.3").click()
    expect(sentence).to_contain_text("2 of the 9 blocks")
    score, name = expected(photo, "layer1.1", "layer3.2")
    expect(sentence).to_contain_text(f"Most likely {name}")
    assert shown_score(page) == pytest.approx(score, abs=1e-3)
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("tab=switch&cut=1.2,3.3$"))
    page.get_by_role("switch", name="Stage 2, all 3 blocks").click()
    expect(sentence).to_contain_text("5 of the 9 blocks")
    expect(block(page, "2.1")).to_have_accessible_name(re.compile("^Block 2.1: passed over"))
    page.get_by_role("button", name="All blocks back").click()
    expect(sentence).to_contain_text("All 9 blocks")
    expect(checked(page)).to_have_count(9)
    assert page.alerts == []


def test_all_blocks_can_be_passed_over_by_keyboard_alone(visit, photo):
    page = visit(width=390, locale="zh-CN")
    sentence = open_board(page, photo, "拆开看看")
    page.get_by_role("button", name="互换两个").focus()
    page.keyboard.press("Tab")
    expect(block(page, "1.1")).to_be_focused()
    for stage in (1, 2, 3):
        page.keyboard.press("ArrowLeft" if stage == 1 else "ArrowDown")
        expect(page.locator(f"#switch-board .head[data-stage='{stage}']")).to_be_focused()
        page.keyboard.press("Space")
    expect(sentence).to_contain_text("能绕过的模块全部绕过了")
    expect(checked(page)).to_have_count(0)
    names = [f"layer{stage}.{number}" for stage in (1, 2, 3) for number in range(3)]
    assert shown_score(page) == pytest.approx(expected(photo, *names)[0], abs=1e-3)
    # The focus has stayed, and the arrow keys lead to each block of the row.
    page.keyboard.press("ArrowRight")
    expect(block(page, "3.1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(sentence).to_contain_text("绕过了 8 个")
    expect(page.locator("#switch-view p")).to_contain_text("第 3 阶段看到的图片")
    page.locator("#switch-board .head[data-stage='2']").evaluate("head => head.scrollIntoView({block: 'start'})")
    assert page.evaluate("scrollY") > 0
    assert sentence.bounding_box()["y"] >= -1  # it stays in view above the board
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_blocks_change_places_and_only_those_that_fit_can(visit, photo):
    page = visit()
    sentence = open_board(page, photo)
    page.get_by_role("button", name="Swap two").click()
    block(page, "2.2").click()
    expect(block(page, "1.1")).to_have_class(re.compile("unfit"))
    block(page, "1.1").click()
    block(page, "2.3").click()
    expect(sentence).to_contain_text("2.2 and 2.3 have changed places")
    places = page.locator("#switch-board .block").evaluate_all("all => all.map(one => one.dataset.place)")
    assert places[3:6] == ["2.1", "2.3", "2.2"]
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("cut=2.2-2.3$"))


def test_a_link_opens_the_network_as_it_was_cut(visit, photo, open_page, address):
    page = open_page(f"{address}?tab=switch&cut=2,3.2-3.3")
    clear_field = page.locator("#switch-sentence")
    upload(page, photo)
    expect(clear_field).to_contain_text("3 of the 9 blocks")
    expect(clear_field).to_contain_text("3.2 and 3.3 have changed places")
    expect(checked(page)).to_have_count(6)
    block(page, "2.1").click()
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("cut=2.2,2.3,3.2-3.3$"))


@pytest.mark.parametrize("cut", ["9.9", "%3Cimg src=x onerror=alert(1)%3E", "1@nowhere"])
def test_a_link_with_an_unknown_block_says_what_was_left_out(open_page, address, photo, cut):
    page = open_page(f"{address}?tab=switch&cut={cut}")
    expect(page.locator("#link-told")).to_contain_text("cut=")
    upload(page, photo)
    expect(page.locator("#switch-sentence")).to_contain_text("All 9 blocks")
    assert page.alerts == []


def test_a_pair_that_does_not_fit_is_refused_and_the_whole_network_answers(open_page, address, photo):
    page = open_page(f"{address}?tab=switch&cut=1.1-3.1")
    upload(page, photo)
    expect(page.locator("#switch-sentence [role=alert]")).to_contain_text("cannot change places")
    expect(page.locator("#switch-sentence")).to_contain_text("All 9 blocks")
    expect(checked(page)).to_have_count(9)


def test_how_many_it_can_lose_is_told_and_shown(visit, photo):
    page = visit()
    sentence = open_board(page, photo)
    page.get_by_role("button", name="How many can it lose?").click()
    told = page.locator("#switch-losses p")
    expect(told).to_contain_text("gone on average")
    expect(page.locator("#switch-losses svg")).to_have_accessible_name(re.compile("score of red"))
    expect(told).to_contain_text(re.compile(r"gone on average \(\d to \d in 10 orders\)"))
    expect(page.locator("#switch-losses polyline")).to_have_count(2)
    expect(page.locator("#switch-losses polygon")).to_have_count(1)
    count = re.search(r"with (\d) of its 9 blocks gone", told.inner_text())[1]
    if count != "0":
        page.get_by_role("button", name=f"Pass over these {count}").click()
        expect(checked(page)).to_have_count(9 - int(count))
        expect(sentence).to_contain_text("Most likely red")
    clear(page)
    expect(told).to_have_count(0)


@pytest.mark.parametrize("locale", TWINS)
def test_a_plain_network_is_told_beside_the_one_with_shortcuts(visit, photo, locale):
    page = visit(width=390, locale=locale)
    tab, plain, twin = TWINS[locale]
    open_board(page, photo, tab)
    # Measured once, and said before anything is pressed.
    expect(page.locator("#switch-collapses")).to_contain_text(re.compile(r"14\s?%"))
    page.locator("#switch-network").get_by_text(plain).click()
    expect(page.locator("#switch-sentence")).to_contain_text(plain)
    expect(page.locator("#switch-board .block[aria-disabled=true]")).to_have_count(2)
    page.locator("#switch-lose").click()
    expect(page.locator("#switch-losses p[role=status]")).to_contain_text(twin)
    expect(page.locator("#switch-losses polyline")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_visitors_take_the_same_network_apart_and_do_not_meet(visit, photo):
    one, other = visit(), visit()
    sentences = open_board(one, photo), open_board(other, photo)
    block(one, "1.1").click()
    other.get_by_role("switch", name="Stage 3, all 3 blocks").click()
    expect(sentences[0]).to_contain_text("1 of the 9 blocks")
    expect(sentences[1]).to_contain_text("3 of the 9 blocks")
    assert shown_score(one) == pytest.approx(expected(photo, "layer1.0")[0], abs=1e-3)
    assert shown_score(other) == pytest.approx(expected(photo, "layer3.0", "layer3.1", "layer3.2")[0], abs=1e-3)
    expect(checked(one)).to_have_count(8)
    for page in (one, other):
        page.get_by_role("button", name="How many can it lose?").click()
    told = [page.locator("#switch-losses p") for page in (one, other)]
    for words in told:  # of the whole network, whatever each of them has passed over
        expect(words).to_contain_text(re.compile(r"gone on average \(\d to \d in 10 orders\)"))
    assert told[0].inner_text() == told[1].inner_text()
    one.goto("about:blank")  # in the middle of it; the other one goes on
    block(other, "3.1").click()
    expect(sentences[1]).to_contain_text("2 of the 9 blocks")


def test_the_stage_that_is_pointed_at_is_seen_enlarged(visit, photo):
    page = visit()
    open_board(page, photo)
    view = page.locator("#switch-view")
    expect(view).to_contain_text("as stage 3 sees it: 8 x 8 places")
    page.locator("#switch-board .head[data-stage='1']").hover()
    expect(view).to_contain_text("as stage 1 sees it: 32 x 32 places")
    small = page.locator("#switch-board .head[data-stage='1'] img").get_attribute("src")
    expect(view.locator("img")).to_have_attribute("src", small)


def test_a_network_without_blocks_to_pass_over_is_a_sentence_in_both_places_and_the_small_ones_are_taken_apart(
    open_page, tmp_path
):
    name, options = RIGID
    lively_classifier(name, **options).model.save_pretrained(tmp_path)
    with served_page(tmp_path) as settings:
        page = open_page(f"{settings.address}?tab=switch")
        expect(page.locator("#switch-sentence [role=alert]")).to_contain_text("none can be passed over")
        page.locator("#switch-lose").click()
        expect(page.locator("#switch-losses [role=alert]")).to_contain_text("none can be passed over")
        page.locator("#switch-network").get_by_text("Lab-20 (with shortcuts)").click()
        expect(page.locator("#switch-board .block")).to_have_count(9)
        expect(page.locator("#switch-sentence")).to_contain_text("All 9 blocks of Lab-20 (with shortcuts) are in use.")

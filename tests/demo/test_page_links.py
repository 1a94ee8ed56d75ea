"""Links that open the page as it was: its tab, the method and the class on Why, the networks on Compare."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import served_page, upload
from color_network import COLORS, LABELS, save_color_network, solid
from playwright.sync_api import expect

from resnet_hub import create_model

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("networks")
    save_color_network(place / "colors")
    create_model("cifar_resnet20", num_classes=2, label_names=("warm", "cold")).save_pretrained(place / "two")
    return place


@pytest.fixture(scope="module")
def address(folders):
    with served_page(folders / "colors", models=str(folders / "two")) as settings:
        yield settings.address


@pytest.fixture
def images(tmp_path):
    files = [tmp_path / "crimson.png", tmp_path / "blue.png"]
    for file, color in zip(files, COLORS, strict=False):
        solid(color).save(file)
    return files


def linked(page):
    """What the link asks for, by name."""
    query = urlsplit(page.locator("#link a").get_attribute("href")).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def wait_for_link(page, **values):
    for name, value in values.items():
        wanted = re.compile(rf"[?&]{name}={re.escape(value)}(&|$)")
        expect(page.locator("#link a")).to_have_attribute("href", wanted)


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def test_the_link_follows_the_tab_and_leads_back_to_it(open_page, address):
    page = open_page(address)
    assert linked(page) == {"model": "colors", "k": "3"}
    for name, tab in (("Why", "why"), ("Many pictures", "many"), ("Why depth works", "depth")):
        open_tab(page, name)
        wait_for_link(page, tab=tab)
    open_tab(page, "One picture")
    wait_for_link(page, tab="why")
    open_tab(page, "Answer")
    expect(page.locator("#link a")).to_have_attribute("href", "?model=colors&k=3")


@pytest.mark.parametrize(
    ("tab", "place"), [("why", "#why-method"), ("compare", "#compared"), ("many", "#files"), ("depth", "#depth")]
)
def test_a_link_opens_its_tab(open_page, address, tab, place):
    page = open_page(f"{address}?tab={tab}")
    expect(page.locator(place)).to_be_visible()
    wait_for_link(page, tab=tab)
    expect(page.locator("#link-told")).to_have_text("")


def test_a_link_explains_by_the_same_method_for_the_same_class(open_page, address, images):
    page = open_page(address)
    upload(page, images[0])
    open_tab(page, "Why")
    expect(page.locator("#why-map img").first).to_be_visible()
    assert "class" not in linked(page)  # the best class of this image is not the best one of another
    page.get_by_label("Grad-CAM").click()
    wait_for_link(page, method="grad-cam")
    page.locator("#why-class input").click()
    page.get_by_role("option", name=LABELS[1]).click()
    wait_for_link(page, **{"class": "1"})

    other = open_page(f"{address}{page.locator('#link a').get_attribute('href')}")
    expect(other.get_by_label("Grad-CAM")).to_be_checked()
    upload(other, images[0])
    expect(other.locator("#why-sentence")).to_contain_text(f"Heat map for {LABELS[1]}")
    wait_for_link(other, **{"class": "1"})
    other.get_by_label("Remove Image").click()
    expect(other.locator("#why-map img")).to_have_count(0)
    upload(other, images[0])
    expect(other.locator("#why-sentence")).to_contain_text("Heat map for crimson")


def test_a_link_compares_the_same_networks(open_page, address, images):
    page = open_page(f"{address}?tab=compare&compare=two,colors")
    wait_for_link(page, compare="two,colors")
    upload(page, images[0])
    page.locator("#compare").click()
    expect(page.locator("#comparison .network h3")).to_have_text(["two", "colors"])


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("tab=nowhere", "tab=nowhere"),
        ("method=magic", "method=magic"),
        ("class=3", "class=3"),
        ("class=-1&k=none", "k=none, class=-1"),
        ("compare=two,../../etc", "compare=two,../../etc"),
        ("compare=two", "compare=two"),
        ("tab=<b>&class=\u0661", "class=\u0661, tab=<b>"),
        ("method=" + "x" * 500, "method=" + "x" * 40 + "."),
    ],
)
def test_what_a_link_asks_for_in_vain_is_told_in_one_sentence(open_page, address, images, query, parts):
    page = open_page(f"{address}?{query}")
    told = page.locator("#link-told [role=status]")
    expect(told).to_contain_text("This link also asked for what is not known here, which was left out: ")
    expect(told).to_contain_text(parts)
    assert told.locator("b").count() == 0
    assert linked(page) == {"model": "colors", "k": "3"}
    upload(page, images[0])
    expect(page.locator("#verdict")).to_contain_text("crimson")

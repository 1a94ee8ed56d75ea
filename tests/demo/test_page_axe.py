"""What axe-core, the usual checker of accessibility, finds on each tab and in each state of the page: nothing grave."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import clear, served_page, unfold, upload, upload_many
from color_network import COLORS, LABELS, save_color_network, solid
from playwright.sync_api import expect
from run_folders import save_run

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
GRAVE = ("critical", "serious")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A network that knows colors, the same once more, images, and a text under the name of an image."""
    folder = tmp_path_factory.mktemp("axe")
    for name in ("colors", "same"):
        save_color_network(folder / name)
    solid(COLORS[0]).save(folder / "crimson.png")
    (folder / "notes.png").write_text("no picture")
    counts = [[8 if row == column else 1 for column in range(len(LABELS))] for row in range(len(LABELS))]
    save_run(folder / "colors", LABELS, counts, [(COLORS[0], 1, 0, 0.9)])
    return folder


@pytest.fixture(scope="module")
def address(place):
    with served_page(place / "colors", models=str(place / "same")) as settings:
        yield settings.address


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request, new_visitor, address):
    """A visitor, whose colors change at once instead of fading."""
    page = new_visitor(address, color_scheme=request.param)
    page.add_style_tag(content="*, ::before, ::after { transition: none !important; animation: none !important; }")
    expect(page.locator("#glow img.colors")).to_be_visible()
    return page


def grave(page):
    """What axe-core calls critical or serious, with the parts of the page that it is about."""
    found = Axe().run(page).response
    assert len(found["passes"]) > 10  # it has looked
    return {
        rule["id"]: [" ".join(map(str, node["target"])) + "  " + node["html"][:160] for node in rule["nodes"]]
        for rule in found["violations"]
        if rule["impact"] in GRAVE
    }


def wait_until_quiet(page):
    """Waits until a second passes in which the page asks for nothing; an image that stays is asked about once."""
    for _ in range(120):
        asked = len(page.requests)
        page.wait_for_timeout(1000)
        if len(page.requests) == asked:
            return
    raise AssertionError(f"the page asks without end, at last for {page.requests[-5:]}")


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def test_the_answered_page_with_all_its_drawers_is_clean(page):
    assert grave(page) == {}
    for drawer in ("#details", "#others"):
        unfold(page, drawer)
    for name in ("About this network", "How does a residual network work?"):
        page.get_by_text(name).click()
    expect(page.locator("#scores")).to_be_visible()
    assert grave(page) == {}


def test_the_refused_and_the_empty_page_are_clean(page, place):
    upload(page, place / "notes.png")
    expect(page.locator("#verdict").get_by_role("alert")).to_be_visible()
    assert grave(page) == {}
    clear(page)
    assert grave(page) == {}
    upload(page, place / "crimson.png")
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])


def test_why_with_all_its_drawers_is_clean(page):
    open_tab(page, "Why")
    expect(page.locator("#why-map img").first).to_be_visible()
    for name in ("What the stages see", "What each block adds"):
        page.get_by_text(name).click()
    expect(page.locator("#why-blocks table")).to_be_visible()
    wait_until_quiet(page)
    assert grave(page) == {}


def test_a_network_taken_apart_is_clean(page):
    open_tab(page, "Take it apart")
    expect(page.locator("#switch-board .block").first).to_be_visible()
    page.locator("#switch-board .block").first.click()
    expect(page.locator("#switch-sentence")).to_contain_text("1 of the")
    assert grave(page) == {}


def test_a_comparison_is_clean(page):
    open_tab(page, "Compare")
    assert grave(page) == {}
    page.get_by_label("Show where each one found").check()
    page.locator("#compare").click()
    expect(page.locator("#comparison .agreement")).to_be_visible()
    assert grave(page) == {}


def test_a_shaken_image_is_clean(page):
    open_tab(page, "Shake it")
    expect(page.locator("#shake-curve svg")).to_be_visible()
    page.locator("#shake-live > button.label-wrap").click()
    expect(page.locator("#shake-camera")).to_be_visible()
    assert grave(page) == {}


def test_classes_that_were_taught_are_clean(page, place):
    open_tab(page, "Teach it")
    assert grave(page) == {}
    for name, color in zip(("one", "other"), COLORS, strict=False):
        shades = [place / f"{name}-{shade}.png" for shade in range(3)]
        for shade, file in enumerate(shades):
            solid(tuple(value + 9 * shade for value in color)).save(file)
        page.locator("#teach-name").locator("textarea, input").fill(name)
        page.locator("#teach-files input[type=file]").set_input_files(shades)
        expect(page.locator("#teach-classes h3").filter(has_text=name)).to_be_visible()
    expect(page.locator("#teach-answer figure")).to_have_count(3)
    page.locator("#teach-keep > button.label-wrap").click()
    assert grave(page) == {}


def test_many_images_are_clean(page, place):
    open_tab(page, "Many pictures")
    assert grave(page) == {}
    upload_many(page, [place / "crimson.png", place / "notes.png"])
    expect(page.locator("#batch-progress")).to_contain_text("Done: 1 classified, 1 failed")
    assert grave(page) == {}


def test_the_run_is_clean(page):
    open_tab(page, "Run")
    page.locator("#run-confusion td button").first.click()
    expect(page.locator("#run-cell h3")).to_be_visible()
    assert grave(page) == {}


def test_depth_is_clean(page):
    open_tab(page, "Why depth works")
    expect(page.locator("#gradients svg")).to_be_visible()
    assert grave(page) == {}

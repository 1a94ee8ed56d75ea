"""All tabs of one page: by the keyboard alone, for two visitors at once, without another host, and when they fail."""

import re
import threading

import pytest
from browsing import served_page, upload, upload_many, wait_until_settled
from color_network import COLORS, LABELS, save_color_network, solid
from playwright.sync_api import expect

from resnet_hub.demo.tabs import depth
from resnet_hub.explain import first_losses

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
FOCUSED = """() => { const focused = document.activeElement;
return [focused.getAttribute('aria-label'), focused.innerText, focused.type === 'radio' ? focused.value : '',
focused.closest('[id]:not(button)')?.id, focused.id] }"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network of colors, the same once more, and an image of each color."""
    place = tmp_path_factory.mktemp("everywhere")
    for name in ("colors", "same"):
        save_color_network(place / name)
    for index, color in enumerate(COLORS):
        solid(color).save(place / f"{index}.png")
    return place


@pytest.fixture(scope="module")
def address(folder):
    with served_page(folder / "colors", models=str(folder / "same")) as settings:
        yield settings.address


@pytest.fixture(scope="module")
def staying(new_visitor, address, folder):
    """A visitor who has chosen an image."""
    page = new_visitor(address)
    upload(page, folder / "0.png")
    expect(page.locator("#verdict")).to_contain_text("crimson")
    return page


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def tab_to(page, *names):
    """Presses Tab until the focus is on what has one of these names or ids."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if set(names) & {(name or "").strip() for name in found}:
            return
    raise AssertionError(f"the keyboard does not reach {names}; the last was {found}")


def open_by_keyboard(page, name, *, before):
    """Goes to the open tab `before`, and from there with the keyboard to the tab of this name."""
    page.get_by_role("tab", name=before, exact=True).focus()
    for _ in range(8):
        if page.evaluate("document.activeElement.innerText.trim()") == name:
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach the tab {name}")


def test_the_keyboard_alone_compares(staying):
    page = staying
    open_by_keyboard(page, "Compare", before="Answer")
    tab_to(page, "compared")
    tab_to(page, "compare-maps")
    page.keyboard.press("Space")
    tab_to(page, "Compare")
    page.keyboard.press("Enter")
    expect(page.locator("#comparison .agreement")).to_contain_text("They agree: crimson.")
    expect(page.locator("#comparison img")).to_have_count(2)


def test_the_keyboard_alone_sends_many_images(staying, folder):
    page = staying
    open_by_keyboard(page, "Many pictures", before="One picture")
    with page.expect_file_chooser() as chooser:
        tab_to(page, "Click to upload or drop files", "files")
        page.keyboard.press("Enter")
    chooser.value.set_files([folder / "0.png", folder / "1.png"])
    expect(page.locator("#files td a")).to_have_count(2)
    tab_to(page, "Classify all")
    page.keyboard.press("Enter")
    expect(page.locator("#batch-progress")).to_contain_text("Done: 2 classified, 0 failed")
    tab_to(page, "Stop")
    tab_to(page, "Download all answers (CSV)")
    tab_to(page, "Download all answers (JSON)")


def test_the_keyboard_alone_measures_why_depth_works(staying):
    page = staying
    open_by_keyboard(page, "Why depth works", before="One picture")
    expect(page.locator("#gradients")).to_contain_text("With 56 layers")
    tab_to(page, "20")  # gradio's radio buttons are no group, so each is reached by itself
    page.keyboard.press("Space")
    expect(page.locator("#gradients")).to_contain_text("With 20 layers")
    tab_to(page, "Train both")
    page.keyboard.press("Enter")
    expect(page.locator("#losses p")).to_contain_text("with 20 layers, the loss is")


def test_two_visitors_who_send_many_images_at_once_get_their_own(open_page, address, folder):
    pages = [open_page(address), open_page(address)]
    for page, index in zip(pages, (0, 1), strict=True):
        upload_many(page, [folder / f"{index}.png"])
    for page, index in zip(pages, (0, 1), strict=True):
        expect(page.locator("#batch-progress")).to_contain_text("Done: 1 classified, 0 failed")
        expect(page.locator("#batch-gallery summary span")).to_have_text(LABELS[index])
        expect(page.locator("#batch-table")).to_contain_text(f"{index}.png")
        expect(page.locator("#batch-table")).not_to_contain_text(f"{1 - index}.png")


def test_two_visitors_who_ask_why_at_once_get_their_own(open_page, address, folder):
    pages = [open_page(address), open_page(address)]
    for page, index in zip(pages, (0, 1), strict=True):
        open_tab(page, "Why")
        upload(page, folder / f"{index}.png")
    for page, index in zip(pages, (0, 1), strict=True):
        expect(page.locator("#why-sentence")).to_contain_text(f"Heat map for {LABELS[index]}:")
        expect(page.locator("#why-map img.colors")).to_have_attribute("alt", re.compile(re.escape(LABELS[index])))


def test_nothing_is_asked_of_another_host_on_any_tab(open_page, address, folder):
    page = open_page(address)
    upload(page, folder / "0.png")
    expect(page.locator("#verdict")).to_contain_text("crimson")
    open_tab(page, "Why")
    page.get_by_text("What each block adds").click()
    expect(page.get_by_role("rowheader").first).to_be_visible()
    open_tab(page, "Compare")
    page.locator("#compare").click()
    expect(page.locator("#comparison .agreement")).to_contain_text("They agree")
    upload_many(page, [folder / "0.png"])
    expect(page.locator("#batch-progress")).to_contain_text("Done: 1")
    open_tab(page, "Why depth works")
    expect(page.locator("#gradients svg")).to_be_visible()
    page.get_by_text("About this network").click()
    page.get_by_text("How does a residual network work?").click()
    page.get_by_text("Use via API").click()
    expect(page.locator("body")).to_contain_text("/gradio_api/mcp/")
    wait_until_settled(page)
    elsewhere = [url for url in page.requests if not url.startswith((f"{address}/", "data:", "blob:"))]
    assert elsewhere == []


def told_of_a_fault(place):
    """Reads, where an answer would stand, that something went wrong, and nothing more."""
    told = place.get_by_role("alert")
    expect(told).to_contain_text("Something went wrong on the server; the page lives on, please try again.")
    expect(told).not_to_contain_text("secret")
    expect(place.page.locator("[data-testid=toast-body]")).to_have_count(0)


def fail(*_):
    raise RuntimeError("/home/owner/secret")


def plain_network_fails(layers, shortcuts, steps):
    """The losses of a training, in which the network without shortcuts gets no further than two steps."""
    for count, loss in enumerate(first_losses(layers, shortcuts, steps=steps)):
        if count == 2 and not shortcuts:
            fail()
        yield loss


def test_gradients_that_fail_are_a_sentence_and_the_tab_lives_on(open_page, address, monkeypatch):
    monkeypatch.setattr(depth, "measured_flow", fail)
    page = open_page(address)
    open_tab(page, "Why depth works")
    told_of_a_fault(page.locator("#gradients"))
    monkeypatch.undo()
    page.locator("#depth").get_by_text("20").click()
    expect(page.locator("#gradients")).to_contain_text("With 20 layers")


def test_layers_that_are_chosen_while_others_are_measured_come_next(open_page, address, monkeypatch):
    begun, gate, measured_flow = threading.Event(), threading.Event(), depth.measured_flow

    def slow(*given):
        begun.set()
        gate.wait(60)
        return measured_flow(*given)

    monkeypatch.setattr(depth, "measured_flow", slow)
    page = open_page(address)
    open_tab(page, "Why depth works")
    assert begun.wait(60)
    page.locator("#depth").get_by_text("20").click()
    expect(page.locator("#depth input[value='20']")).to_be_checked()
    gate.set()
    expect(page.locator("#gradients")).to_contain_text("With 20 layers")


def test_a_training_that_fails_is_a_sentence_and_the_next_one_begins_anew(open_page, address, monkeypatch):
    monkeypatch.setattr(depth, "first_losses", plain_network_fails)
    page = open_page(address)
    open_tab(page, "Why depth works")
    # Other layers than above, for what was computed for one visitor serves all.
    page.locator("#depth").get_by_text("32").click()
    expect(page.locator("#gradients")).to_contain_text("With 32 layers")
    page.locator("#train").click()
    told_of_a_fault(page.locator("#losses"))
    monkeypatch.undo()
    page.locator("#train").click()
    expect(page.locator("#losses p")).to_contain_text(re.compile("At step ([3-9]|[1-9][0-9]+) with 32 layers"))

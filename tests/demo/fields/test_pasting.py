"""Ctrl+V on the page: an image of the clipboard goes into the image field of the open tab."""

import pytest
from browsing import unfold, without_image
from color_network import COLORS, LABELS
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

COPY = """async colour => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 48, height: 40});
  const brush = canvas.getContext('2d');
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 48, 40);
  const png = await new Promise(done => canvas.toBlob(done, 'image/png'));
  await navigator.clipboard.write([new ClipboardItem({'image/png': png})]);
}"""


@pytest.fixture
def page(same_visitor, address):
    return without_image(same_visitor(address, permissions=["camera", "clipboard-read", "clipboard-write"]))


def paste(page, index):
    """Copies an image of a color, and presses Ctrl+V."""
    page.evaluate(COPY, f"rgb{COLORS[index]}")
    page.keyboard.press("Control+V")


def test_a_pasted_image_is_classified_and_the_next_one_takes_its_place(page):
    paste(page, 0)
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])
    paste(page, 1)
    expect(page.locator("#verdict")).to_contain_text(LABELS[1])


def test_pasted_images_join_the_many(page):
    page.get_by_role("tab", name="Many pictures").click()
    for index in (0, 1):
        paste(page, index)
        expect(page.locator("#files .file")).to_have_count(index + 1)
    page.locator("#batch-start").click()
    expect(page.locator("#batch-progress")).to_contain_text("Done: 2 classified, 0 failed")
    page.get_by_role("tab", name="One picture").click()
    expect(page.locator("#labels li")).to_have_count(0)


def test_pasted_text_goes_where_it_is_meant_for(page):
    page.evaluate("navigator.clipboard.writeText('https://a.example/b.png')")
    unfold(page, "#others")
    field = page.locator("#address input, #address textarea").first
    field.focus()
    page.keyboard.press("Control+V")
    expect(field).to_have_value("https://a.example/b.png")
    expect(page.locator("#verdict")).to_contain_text("Choose a picture")


def test_where_no_image_is_asked_for_a_pasted_one_goes_nowhere(page):
    page.get_by_role("tab", name="Why depth works").click()
    before = len(page.requests)
    paste(page, 0)
    page.wait_for_timeout(500)
    assert [url for url in page.requests[before:] if "/upload" in url] == []


def test_pasting_asks_no_other_host_and_keeps_nothing(page):
    paste(page, 0)
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])
    assert [url for url in page.requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]

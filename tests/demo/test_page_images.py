"""Other ways than a choice of file for an image to come to the page, and what is told of it and of the networks."""

import base64
import re

import pytest
from browsing import clear, unfold, upload
from huggingface_hub import HfApi
from playwright.sync_api import expect

from resnet_hub import create_model

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

TO_PNG = "const png = await (await fetch('data:image/png;base64,' + content)).blob();"

ALL_SELECTED = """() => {
const field = document.querySelector('#network input');
return field.value && field.selectionEnd - field.selectionStart === field.value.length }"""


@pytest.fixture(scope="module")
def crimson(place):
    """The content of an image, in base64."""
    return base64.b64encode((place / "crimson.png").read_bytes()).decode()


@pytest.fixture(scope="module")
def staying(new_visitor, address):
    page = new_visitor(address, permissions=["camera", "clipboard-read", "clipboard-write"])
    clear(page)
    for drawer in ("#others", "#details"):
        unfold(page, drawer)
    return page


@pytest.fixture
def page(staying):
    """The page without an image, as the last test may not have left it."""
    yield staying
    remove = staying.get_by_label("Remove Image")
    if remove.count():
        remove.click()
        expect(staying.locator("#labels li")).to_have_count(0)


def test_an_image_that_is_dropped_is_classified(page, crimson):
    dropped = page.evaluate_handle(
        f"async content => {{ {TO_PNG} const files = new DataTransfer();"
        "files.items.add(new File([png], 'dropped.png', {type: 'image/png'})); return files }",
        crimson,
    )
    target = page.get_by_label("Drop an image file here to upload")
    for kind in ("dragenter", "dragover", "drop"):
        target.dispatch_event(kind, {"dataTransfer": dropped})
    expect(page.locator("#verdict")).to_contain_text("Most likely crimson")


def test_an_image_of_the_clipboard_is_classified(page, crimson):
    page.evaluate(
        f"async content => {{ {TO_PNG} await navigator.clipboard.write([new ClipboardItem({{'image/png': png}})]) }}",
        crimson,
    )
    page.locator("#photo").get_by_label("Paste from clipboard").click()
    expect(page.locator("#verdict")).to_contain_text("Most likely crimson")


def test_an_image_of_the_camera_is_classified(page):
    page.locator("#photo").get_by_label("Capture from camera").click()
    page.locator("#photo").get_by_text("Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#photo video')?.videoWidth > 0")
    page.locator("#photo").get_by_label("capture photo").click()
    expect(page.locator("#verdict")).to_contain_text(re.compile("Most likely .*%"))
    expect(page.locator("#seen img")).to_be_visible()


def questions_until_quiet(page):
    """How many questions the page has asked the server, once a second and a half passes without another."""
    asked = -1
    for _ in range(60):
        before, asked = asked, sum("/queue/join" in address for address in page.requests)
        if asked == before:
            return asked
        page.wait_for_timeout(1500)
    raise AssertionError(f"{asked} questions, and no end")


def asked_of(page, choose):
    """How many questions the page asks about what is chosen."""
    before = questions_until_quiet(page)
    choose()
    page.wait_for_function("before => performance.now() > before + 500", arg=page.evaluate("performance.now()"))
    return questions_until_quiet(page) - before


def test_each_tab_asks_once_about_an_image_and_again_where_it_is_chosen_again(page, place):
    other, again = page.locator("#examples button").nth(1), place / "crimson.png"
    tabs_and_link = 8
    for choose in (lambda: upload(page, again), lambda: upload(page, again), other.click, other.click):
        assert 1 <= asked_of(page, choose) <= tabs_and_link


def test_images_that_come_one_upon_another_end_in_an_answer_and_not_in_questions_without_end(page, place):
    """Of each change every tab asks at most once more, however many came while it was at the one before."""
    before, changes = questions_until_quiet(page), 6
    for _ in range(changes):
        upload(page, place / "crimson.png")
        page.get_by_label("Remove Image").click()
    upload(page, place / "crimson.png")
    expect(page.locator("#verdict")).to_contain_text("Most likely crimson")
    tabs_and_link = 12
    assert questions_until_quiet(page) - before <= (2 * changes + 1) * tabs_and_link


def test_the_times_for_decoding_preprocessing_and_the_network_are_told(page, place):
    upload(page, place / "crimson.png")
    expect(page.locator("#timing")).to_have_text(
        re.compile(r"^\s*Decoding \d+\.\d ms, preprocessing \d+\.\d ms, network \d+\.\d ms\. .*32")
    )
    network = float(re.search(r"network (\d+\.\d)", page.locator("#timing").inner_text())[1])
    assert network > 0


def test_typing_narrows_the_known_networks_to_those_that_fit(page):
    field = page.locator("#network input")
    field.click()
    options = page.get_by_role("option")
    expect(options.filter(has_text="resnet50.a1_in1k")).to_be_attached()
    assert options.filter(has_text="seresnet5").count() == 0
    page.wait_for_function(ALL_SELECTED)
    field.press_sequentially("seresnet5")
    expect(options.filter(has_not_text="seresnet5")).to_have_count(0)
    assert options.count() > 1
    field.press("Escape")


def test_the_license_is_told_before_anything_is_loaded(page, fake_hub):
    create_model("cifar_resnet20", num_classes=4).push_to_hub("alice/free")
    card = b"---\nlicense: cc-by-nc-4.0\n---\n"
    HfApi().upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id="alice/free")
    before = len(fake_hub.state.requests)
    page.locator("#network input").fill("alice/free")
    page.keyboard.press("Enter")
    expect(page.locator("#network-facts")).to_contain_text("licence cc-by-nc-4.0")
    assert not any("safetensors" in path for method, path in fake_hub.state.requests[before:])

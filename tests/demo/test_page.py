"""The page in a browser: a network that was really trained, a visitor who clicks, types and sends broken files."""

import csv
import io
import re
from functools import partial

import numpy as np
import pytest
from broken_images import cut_jpeg
from browsing import clear, served_page, unfold, upload, wait_until_settled, without_image
from color_network import COLORS, LABELS, TEMPLATE, save_color_network, solid
from PIL import Image
from playwright.sync_api import expect

from resnet_hub.classifier import ImageClassifier
from resnet_hub.preprocessing.pixels import open_image, to_pixels

HINT = "Choose a picture, and the answer appears here."

# gradio's queue sets an option of pandas that pandas 4 will drop, when it sums up its failures.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colors")
    save_color_network(folder)
    return folder


@pytest.fixture(scope="module")
def classifier(checkpoint):
    return ImageClassifier.from_pretrained(checkpoint, device="cpu")


@pytest.fixture(scope="module")
def address(checkpoint):
    with served_page(checkpoint, max_file_mb=1) as settings:
        yield settings.address


@pytest.fixture
def visit(open_page, address):
    return partial(open_page, address)


@pytest.fixture
def page(same_visitor, address):
    """A page without an image, on which other tests may have been."""
    return without_image(same_visitor(address))


@pytest.fixture
def images(tmp_path):
    """Saves an image of a color and returns its path."""

    def save(color, name="photo.png", **options):
        solid(color).save(tmp_path / name, **options)
        return tmp_path / name

    return save


def rows(page):
    """The rows of the exact table, as texts."""
    lines = page.locator("#scores [role=row][data-index]").all()
    return [[cell.inner_text().strip() for cell in line.get_by_role("gridcell").all()] for line in lines]


def image_seen(page):
    """The image that the network saw, as an array."""
    source = page.locator("#seen img").get_attribute("src")
    return np.asarray(Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB"))


def test_an_image_gets_its_class_in_a_sentence(page, images):
    upload(page, images(COLORS[0]))
    expect(page.locator("#verdict")).to_contain_text(re.compile(r"^\s*Most likely crimson, .*%"))


def test_an_image_gets_its_class_in_the_bars(page, images):
    upload(page, images(COLORS[0]))
    expect(page.locator("#labels li").first).to_contain_text("crimson")


def test_the_table_holds_the_exact_scores(page, images, classifier):
    image = images(COLORS[0])
    upload(page, image)
    unfold(page, "#details")
    expect(page.locator("#scores [data-index='0']")).to_contain_text("crimson")
    expected = [
        [str(rank), found.label, f"{found.score:.6f}", str(found.index)]
        for rank, found in enumerate(classifier(image, top_k=3), 1)
    ]
    assert rows(page) == expected


def test_the_scores_to_download_are_ranked_on_request_and_are_those_of_the_network(
    visit, images, classifier, monkeypatch
):
    ranked, rank = [], ImageClassifier.rank
    monkeypatch.setattr(
        ImageClassifier, "rank", lambda self, scores, top_k: (ranked.append(top_k), rank(self, scores, top_k))[1]
    )
    page = visit()
    image = images(COLORS[0])
    upload(page, image)
    expect(page.locator("#verdict")).to_contain_text("crimson")
    unfold(page, "#details")
    expect(page.locator("#download")).to_have_text("Download the scores of all classes (CSV)")
    assert max(ranked) == 3
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "scores.csv"
    assert max(ranked) > 20
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    scores = classifier.scores_of(classifier.prepare(image)[None])[0]
    best = classifier.ranked(scores, len(scores))
    assert [(int(row["index"]), np.float32(row["score"])) for row in rows] == [
        (found.index, np.float32(found.score)) for found in best
    ]
    assert min(found.score for found in best) < 1e-5  # nine digits behind the point would not do


def test_the_button_takes_another_image(page, images):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files(images(COLORS[0]))
    expect(page.locator("#verdict")).to_contain_text("crimson")
    assert page.locator("[data-testid=toast-body]").count() == 0


def test_an_example_is_classified_on_a_click(page):
    page.get_by_role("button", name="b", exact=True).click()
    expect(page.locator("#verdict")).to_contain_text("crimson")


def test_fewer_classes_are_shown_on_request(visit, images):
    page = visit()
    upload(page, images(COLORS[0]))
    expect(page.locator("#labels li")).to_have_count(3)
    unfold(page, "#details")
    page.locator("#top-k input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#labels li")).to_have_count(2)


def test_clearing_the_image_clears_the_answer(page, images):
    upload(page, images(COLORS[0]))
    expect(page.locator("#verdict")).to_contain_text("crimson")
    page.get_by_label("Remove Image").click()
    expect(page.locator("#verdict")).to_contain_text(HINT)
    expect(page.locator("#labels li")).to_have_count(0)


def test_the_image_shown_is_the_one_the_network_saw(page, tmp_path, classifier):
    # A photo taken upright, stored on its side: only the original bytes know that it has to be turned.
    noise = np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise).save(tmp_path / "turned.jpg", quality=95, exif=exif)
    upload(page, tmp_path / "turned.jpg")
    expect(page.locator("#verdict")).not_to_contain_text(HINT)
    unfold(page, "#details")
    expect(page.locator("#seen img")).to_be_visible()
    expected = to_pixels(open_image(tmp_path / "turned.jpg"), classifier.preprocessing).permute(1, 2, 0).numpy()
    shown = page.locator("#seen img").get_attribute("src")
    if not np.array_equal(image_seen(page), expected):  # that of the example before, a moment longer than the verdict
        expect(page.locator("#seen img")).not_to_have_attribute("src", shown)
    np.testing.assert_array_equal(image_seen(page), expected)


def test_a_broken_file_gets_a_sentence_in_place_of_the_answer_and_the_page_lives_on(page, images, tmp_path):
    (tmp_path / "cut.jpg").write_bytes(cut_jpeg())
    upload(page, tmp_path / "cut.jpg")
    expect(page.locator("#verdict").get_by_role("alert")).to_contain_text("The image is damaged or cut short")
    expect(page.locator("#labels li")).to_have_count(0)
    expect(page.locator("#glow img")).to_have_count(0)
    assert page.locator("[data-testid=toast-body]").count() == 0
    clear(page)
    upload(page, images(COLORS[0], "good.png"))
    expect(page.locator("#verdict")).to_contain_text("crimson")


@pytest.mark.parametrize("index", [1, 2], ids=["markup", "template"])
def test_a_hostile_label_is_shown_as_text(visit, images, index):
    page = visit()
    upload(page, images(COLORS[index]))
    expect(page.locator("#verdict")).to_contain_text(LABELS[index])
    unfold(page, "#details")
    for place in ("#verdict", "#labels", "#scores"):
        expect(page.locator(place)).to_contain_text(LABELS[index])
        assert page.locator(f"{place} img").count() == 0
    expect(page.locator("#glow img.colors")).to_have_attribute("alt", re.compile(re.escape(LABELS[index])))
    page.get_by_text("About this network").click()
    expect(page.locator(".facts")).to_contain_text(LABELS[index])
    assert page.alerts == []


def test_a_phone_needs_no_sideways_scrolling(visit, images):
    page = visit(width=390)
    upload(page, images(COLORS[2]))
    unfold(page, "#details")
    expect(page.locator("#scores")).to_contain_text(TEMPLATE)
    page.get_by_text("About this network").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_upload_and_examples_are_reached_by_keyboard(visit):
    page = visit()
    clear(page)
    reached = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(it => it.ariaLabel || it.title || it.innerText.trim())(document.activeElement)"))
    assert reached >= {"Drop an image file here to upload", "Choose a picture", "a", "b", "c"}


def test_the_keyboard_opens_the_choice_of_files(visit, images):
    page = visit()
    wait_until_settled(page)
    clear(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Drop an image file here to upload").press("Enter")
    chooser.value.set_files(images(COLORS[0]))
    expect(page.locator("#verdict")).to_contain_text("crimson")

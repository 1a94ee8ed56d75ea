"""The card to share, as a visitor's browser draws and saves it."""

import re

import numpy as np
import pytest
from browsing import served_page, upload
from color_network import MARKUP
from explained import COLORS, square, square_classifier
from PIL import Image
from playwright.sync_api import expect

from resnet_hub.demo.fields.explanation_html import data_uri
from resnet_hub.demo.fields.share_card import HEIGHT, WIDTH
from resnet_hub.explain.saliency.heat_maps import heat_map
from resnet_hub.explain.saliency.rendering import overlay
from resnet_hub.preprocessing.pixels import to_pixels

# gradio's queue sets an option of pandas that pandas 4 will drop, when it sums up its failures.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
LABELS = (f"{MARKUP} {'Unbreakable' * 25}", "一只正在晒太阳的埃及猫、" * 20)
PICTURE = (slice(32, 598), slice(32, 598))
HEADING, VERDICT, NETWORK = slice(40, 80), slice(130, 440), slice(510, 598)
BACKGROUND = (248, 250, 252)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("squares")
    square_classifier(LABELS).model.save_pretrained(folder)
    with served_page(folder) as settings:
        yield settings.address


def saved_card(page, path, label):
    """The card of the answer to the image at `path`, float (height, width, 3)."""
    upload(page, path)
    with Image.open(path) as image:
        expect(page.locator("#glow .under")).to_have_attribute("src", data_uri(image))
    expect(page.locator("#verdict")).to_contain_text(label[:8])
    expect(page.locator("#glow .colors")).to_have_attribute("alt", re.compile(re.escape(label[:8])))
    page.wait_for_function("document.querySelector('#glow .colors').complete")
    asked = len(page.requests)
    with page.expect_download() as download:
        page.locator("#share-card").click()
    assert download.value.suggested_filename == "answer.png"
    assert not any("/upload" in url for url in page.requests[asked:])  # nothing of it goes to the server
    with Image.open(download.value.path()) as card:
        assert (card.format, card.size, card.mode) == ("PNG", (WIDTH, HEIGHT), "RGBA")
        return np.asarray(card.convert("RGB"), dtype=float)


def small(card):
    """What the card shows of the picture, in the network's 32 x 32 pixels."""
    picture = Image.fromarray(card[PICTURE].astype(np.uint8))
    return np.asarray(picture.resize((32, 32), Image.Resampling.BOX), dtype=float)


@pytest.mark.parametrize(("color", "locale"), [(0, "en"), (1, "zh-CN")])
def test_the_card_shows_the_picture_with_its_glow_and_all_words_within_its_borders(
    open_page, address, tmp_path, color, locale
):
    image = square(COLORS[color], 18, 4)
    image.save(tmp_path / "square.png")
    card = saved_card(open_page(address, locale=locale), tmp_path / "square.png", LABELS[color])
    classifier = square_classifier(LABELS)
    found = heat_map(classifier, to_pixels(image, classifier.preprocessing), color)
    inner = slice(2, -2)  # the corners are round
    glowing, plain = (
        np.abs(small(card) - np.asarray(expected, dtype=float))[inner, inner].mean()
        for expected in (overlay(image, found), image)
    )
    assert 2 * glowing < plain
    is_ink = np.abs(card - BACKGROUND).sum(2) > 60
    for rows in HEADING, VERDICT, NETWORK:
        assert is_ink[rows, 634:1168].mean() > 0.01
    assert not is_ink[:, 1168:].any()
    assert not is_ink[598:].any()

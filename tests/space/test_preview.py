"""The image that messengers show for a link to a Space."""

import io
import json

import numpy as np
import pytest
from color_network import COLORS, solid
from explained import COLORS as SQUARES
from explained import square, square_classifier
from PIL import Image

from resnet_hub.card.parse import CardText
from resnet_hub.space.files import PresentSpace, SpaceSettings, space_files
from resnet_hub.space.model import served_model
from resnet_hub.space.preview import HEIGHT, WIDTH, preview_image


def shown(content):
    """The pixels of a JPEG, as integers."""
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (WIDTH, HEIGHT), "RGB")
        return np.asarray(image, dtype=int)


@pytest.fixture
def example(tmp_path):
    solid(COLORS[0]).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def words_in(pixels):
    """Whether each pixel right of the image is written on."""
    return np.abs(pixels[:, HEIGHT + 16 :] - (248, 250, 252)).sum(2) > 60


def test_a_preview_shows_the_example_beside_the_title(example):
    pixels = shown(preview_image("Which animal", "resnet50, 3 classes", example))
    assert np.abs(pixels[:, : HEIGHT - 16] - COLORS[0]).max() < 12
    assert 0.01 < words_in(pixels).mean() < 0.3
    assert not np.array_equal(pixels, shown(preview_image("Which other animal", "resnet50, 3 classes", example)))


@pytest.mark.parametrize("title", ["W" * 100, "many words " * 9, "i"])
def test_a_title_of_any_length_stays_within_its_margins(example, title):
    written = words_in(shown(preview_image(title, "wide_resnet101_2, 21,841 classes", example)))
    assert written.any()
    assert not written[:, -24:].any()
    assert not written[-24:].any()


@pytest.mark.parametrize("title", ["昆虫", "Жуки", "🪜"])
def test_letters_that_cannot_be_drawn_leave_the_example_alone(example, title):
    pixels = shown(preview_image(title, "resnet50, 3 classes", example))
    assert np.abs(pixels - COLORS[0]).max() < 12


def test_without_an_example_of_its_own_the_page_s_first_one_is_shown():
    assert shown(preview_image("Which animal", "resnet50"))[:, :HEIGHT].std() > 20


def test_a_network_makes_the_place_glow_where_it_sees_the_evidence(tmp_path):
    square(SQUARES[0], 4, 4).save(tmp_path / "a.png")
    plain, glowing = (
        shown(preview_image("Which color", "cifar_resnet20, 2 classes", tmp_path / "a.png", classifier))
        for classifier in (None, square_classifier(("red", "green")))
    )
    changed = np.abs(glowing - plain)[:, :HEIGHT].sum(2)
    half = HEIGHT // 2
    assert changed[:half, :half].mean() > 3 * changed[half:, half:].mean()


@pytest.fixture
def files_of(tiny_checkpoint):
    """Writes the files of a Space over a README.md that is there already."""

    def write(readme="", **settings):
        present = PresentSpace(frozenset({"README.md"}), CardText.parse(readme.encode(), "README.md"))
        return space_files(served_model(str(tiny_checkpoint)), "alice/which-animal", present, SpaceSettings(**settings))

    return write


def thumbnail_and_variable(files):
    """What README.md and page.json say of the image."""
    front = CardText.parse(files["README.md"], "README.md").metadata
    return front["thumbnail"], json.loads(files["page.json"])["RESNET_HUB_PREVIEW"]


def test_a_link_to_the_space_shows_an_image_that_travels_with_it(files_of):
    files = files_of()
    address = "https://huggingface.co/spaces/alice/which-animal/resolve/main/preview.jpg"
    assert thumbnail_and_variable(files) == (address, address)
    shown(files["preview.jpg"])
    assert files["preview.jpg"] != files_of(title="Another")["preview.jpg"]


def test_a_thumbnail_of_the_owner_s_stays_and_is_what_a_link_to_the_page_shows(files_of):
    own = "https://example.com/own.png"
    files = files_of(f"---\nthumbnail: {own}\n---\n")
    assert thumbnail_and_variable(files) == (own, own)
    assert "preview.jpg" not in files

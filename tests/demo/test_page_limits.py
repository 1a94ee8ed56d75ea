"""What is too large: an image among many is told by its name, a zip has a bound of its own, one image keeps its."""

import io
import zipfile

import numpy as np
import pytest
from browsing import served_page, upload
from color_network import COLORS, save_color_network, solid
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
SENTENCE = "The picture is larger than 1 MB; make it smaller."


def png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A network, a good image, one of 1.5 MB, a zip of 2 MB whose images are good, and one of 4 MB."""
    folder = tmp_path_factory.mktemp("limits")
    save_color_network(folder / "colors")
    (folder / "crimson.png").write_bytes(png(solid(COLORS[0])))
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    (folder / "huge.png").write_bytes(png(Image.fromarray(noise)))
    photo = png(Image.fromarray(noise[:450, :450]))
    for name, count in (("trip.zip", 3), ("year.zip", 6)):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for index in range(count):
                archive.writestr(f"{index}.png", photo)
    assert (folder / "huge.png").stat().st_size > 1_000_000 > len(photo)
    return folder


@pytest.fixture(scope="module")
def address(place):
    with served_page(place / "colors", max_file_mb=1, max_zip_mb=3) as settings:
        yield settings.address


@pytest.fixture
def call(address):
    client = Client(address, verbose=False)
    yield client.predict
    client.close()


def send(page, files):
    page.get_by_role("tab", name="Many pictures").click()
    page.locator("#files input[type=file]").set_input_files(files)
    expect(page.locator("#files")).to_contain_text("B")
    page.locator("#batch-start").click()


def test_an_image_that_is_too_large_is_told_by_its_name_and_the_others_are_answered(open_page, address, place):
    page = open_page(address)
    send(page, [place / "huge.png", place / "crimson.png"])
    expect(page.locator("#batch-progress")).to_contain_text("Done: 1 classified, 1 failed")
    expect(page.locator("#batch-failed li")).to_contain_text("huge.png")
    expect(page.locator("#batch-failed li")).to_contain_text("more than the 1,000,000 that are read; make it smaller.")
    expect(page.locator("#batch-gallery summary")).to_contain_text("crimson")


def test_a_zip_may_be_larger_than_an_image_and_the_page_says_how_much(open_page, address, place):
    page = open_page(address)
    send(page, [place / "trip.zip"])
    expect(page.locator("#batch-progress")).to_contain_text("Done: 3 classified, 0 failed")
    expect(page.locator("#batch-limits")).to_have_text(
        "At most 200 pictures of at most 1 MB each; a zip of them at most 3 MB."
    )


def test_a_single_image_keeps_its_own_bound(open_page, address, place):
    page = open_page(address)
    upload(page, place / "huge.png")
    expect(page.locator("#verdict")).to_contain_text(SENTENCE)
    page.get_by_role("tab", name="Why", exact=True).click()
    expect(page.locator("#why-sentence")).to_contain_text(SENTENCE)
    page.get_by_label("Remove Image").click()
    upload(page, place / "crimson.png")
    expect(page.locator("#why-sentence")).to_contain_text("crimson")


@pytest.mark.parametrize(
    ("endpoint", "rest"),
    [("/predict", (1, "")), ("/explain", ("", "hires-cam", "")), ("/compare", (["a/b", "c/d"], 1))],
)
def test_a_program_s_image_keeps_the_bound(call, place, endpoint, rest):
    with pytest.raises(AppError, match=SENTENCE):
        call(handle_file(place / "huge.png"), *rest, api_name=endpoint)


def test_a_program_s_files_have_both_bounds(call, place):
    files = [handle_file(place / name) for name in ("huge.png", "crimson.png", "trip.zip")]
    answers = call(files, 1, "", api_name="/classify_batch")
    assert ["more than the 1,000,000 that are read" in (answer["problem"] or "") for answer in answers] == [
        True,
        *[False] * 4,
    ]


def test_a_zip_beyond_its_own_bound_is_told_by_its_name(place):
    with served_page(place / "colors", max_file_mb=4, max_zip_mb=1) as settings:
        client = Client(settings.address, verbose=False)
        answers = client.predict([handle_file(place / "trip.zip")], 1, "", api_name="/classify_batch")
        client.close()
    (answer,) = answers
    assert answer["name"] == "trip.zip"
    assert "more than the 1,000,000 that are read; send it in parts." in answer["problem"]


def test_what_is_larger_than_any_upload_is_refused_before_it_is_sent(open_page, address, place):
    page = open_page(address)
    page.get_by_role("tab", name="Many pictures").click()
    page.locator("#files input[type=file]").set_input_files([place / "year.zip"])
    refusal = page.locator("#batch-progress").get_by_role("alert")
    expect(refusal).to_contain_text("'year.zip' is larger than 3 MB, the most that is taken")
    assert page.locator("[data-testid=toast-body]").count() == 0

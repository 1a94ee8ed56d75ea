"""Many images at once: files and zips, what fails by name, downloads, Stop."""

import asyncio
import csv
import io
import json
import re
import time
import zipfile
from urllib.parse import unquote

import numpy as np
import pytest
from browsing import served_page, upload_many, wait_until_asked
from color_network import COLORS, LABELS, save_color_network, solid
from hostile_archives import zipped
from playwright.sync_api import expect

from resnet_hub import ImageClassifier
from resnet_hub.demo.serving.batcher import Batcher

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
STOPPED = "Stopped. What was answered until then stands below."
HOSTILE = "<img src=x onerror=alert(3)>.png"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colors")
    save_color_network(folder)
    return folder


@pytest.fixture(scope="module")
def address(checkpoint):
    with served_page(checkpoint, max_images=12) as settings:
        yield settings.address


def png(color):
    file = io.BytesIO()
    solid(color).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def files(tmp_path):
    """One image, a text, and a zip of two images, a broken one and a zip."""
    (tmp_path / "red.png").write_bytes(png(COLORS[0]))
    (tmp_path / "notes.png").write_text("no picture")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("trip/blue.png", png(COLORS[1]))
        archive.writestr(HOSTILE, png(COLORS[2]))
        archive.writestr("../../cut.png", png(COLORS[0])[:60])
        archive.writestr("inner.zip", b"PK\x03\x04")
    return [tmp_path / name for name in ("red.png", "notes.png", "more.zip")]


def downloaded(page, kind):
    address = page.locator(f"#batch-downloads a[download='answers.{kind}']").get_attribute("href")
    return unquote(address.partition(",")[2])


def test_files_and_zips_are_sorted_by_class(open_page, address, files, checkpoint):
    page = open_page(address)
    upload_many(page, files)
    expect(page.locator("#batch-progress")).to_contain_text("Done: 3 classified, 3 failed")
    expect(page.locator("#batch-gallery summary")).to_have_count(3)
    assert page.locator("#batch-gallery summary").first.inner_text().endswith("(1)")

    answers = {one["name"]: one for one in json.loads(downloaded(page, "json"))["pictures"]}
    best = ImageClassifier.from_pretrained(checkpoint, device="cpu")(files[0])
    assert [row["label"] for row in answers["red.png"]["predictions"]] == [found.label for found in best]
    assert answers["red.png"]["predictions"][0]["score"] == pytest.approx(best[0].score)
    assert answers["trip/blue.png"]["predictions"][0]["label"] == LABELS[1]

    rows = list(csv.DictReader(io.StringIO(downloaded(page, "csv"))))
    assert [row["file"] for row in rows] == list(answers)
    assert rows[0]["label"] == "crimson"
    for row, answer in zip(rows, answers.values(), strict=True):
        for score, found in zip(("score", "second_score"), answer["predictions"], strict=False):
            assert np.float32(row[score]) == np.float32(found["score"])


def test_files_that_fail_are_told_by_name_and_reason(open_page, address, files):
    page = open_page(address)
    upload_many(page, files)
    expect(page.locator("#batch-failed li")).to_have_count(3)
    told = page.locator("#batch-failed").inner_text()
    for name in ("notes.png", "cut.png", "inner.zip"):
        assert name in told
    assert ".." not in told
    assert "no image format" in told


def test_hostile_names_are_shown_as_text(open_page, address, files):
    page = open_page(address)
    upload_many(page, files)
    expect(page.locator("#batch-gallery")).to_contain_text(HOSTILE)
    expect(page.locator("#batch-gallery")).to_contain_text(LABELS[1])
    assert page.alerts == []


def test_nothing_chosen_gets_a_sentence(open_page, address):
    page = open_page(address)
    page.get_by_role("tab", name="Many pictures").click()
    page.locator("#batch-start").click()
    expect(page.locator("#batch-progress").get_by_role("alert")).to_contain_text("There are no pictures yet")


@pytest.fixture
def many(tmp_path):
    """Packs so many images into a zip."""

    def pack(count):
        with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
            for index in range(count):
                archive.writestr(f"{index}.png", png(COLORS[index % 3]))
        return [tmp_path / "many.zip"]

    return pack


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_too_many_images_are_told_and_the_first_are_answered(open_page, address, many):
    page = open_page(address)
    upload_many(page, many(14))
    expect(page.locator("#batch-progress")).to_contain_text("Done: 12 classified, 1 failed")
    expect(page.locator("#batch-failed")).to_contain_text("12")


def test_an_archive_of_10_000_entries_is_told_and_the_next_one_is_answered(open_page, address, files, tmp_path):
    (tmp_path / "long.zip").write_bytes(zipped(*((f"{number}.png", b"") for number in range(10_000))))
    page = open_page(address)
    upload_many(page, [tmp_path / "long.zip"])
    expect(page.locator("#batch-failed")).to_contain_text("has 10,000 entries, more than the 2,000")
    expect(page.locator("#batch-progress")).to_contain_text("Done: 0 classified, 1 failed")
    page.get_by_label("Clear").first.click()
    upload_many(page, files[:1])
    expect(page.locator("#batch-progress")).to_contain_text("Done: 1 classified, 0 failed")


def test_a_phone_needs_no_sideways_scrolling(open_page, address, files):
    page = open_page(address, width=390)
    upload_many(page, files)
    expect(page.locator("#batch-gallery summary")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture
def stuck(monkeypatch):
    """Lets a run's network answer three images and no more; gives how many wait for it."""
    waiting, answered = [], []
    scores = Batcher.scores

    async def some(batcher, pixels):
        if len(answered) < 3:
            answered.append(pixels)
            return await scores(batcher, pixels)
        waiting.append(pixels)
        try:
            await asyncio.Event().wait()
        finally:
            waiting.pop()

    monkeypatch.setattr(Batcher, "scores", some)
    return waiting


def test_stop_leaves_what_was_answered_and_frees_the_place(open_page, address, many, stuck, monkeypatch):
    page = open_page(address)
    upload_many(page, many(9))
    # As often as there are places for runs, and once more.
    for run in range(3):
        if run:
            page.locator("#batch-start").click()
        expect(page.locator("#batch-progress")).to_contain_text("3 of 9 pictures" if run == 0 else "0 of 9 pictures")
        wait_until(lambda: stuck)
        page.locator("#batch-stop").click()
        expect(page.locator("#batch-progress [role=status]")).to_have_text(STOPPED)
        if run == 0:
            assert len(json.loads(downloaded(page, "json"))["pictures"]) == 3
        wait_until(lambda: not stuck)
    monkeypatch.undo()
    page.locator("#batch-start").click()
    expect(page.locator("#batch-progress")).to_contain_text("Done: 9 classified, 0 failed")


def test_start_can_be_pressed_when_a_press_counts_again_and_not_before(open_page, address, many, stuck, monkeypatch):
    page = open_page(address)
    start = page.locator("#batch-start")
    late = []
    upload_many(page, many(9))
    expect(page.locator("#batch-progress")).to_contain_text("3 of 9 pictures")
    expect(start).to_be_disabled()
    # What Stop asks for.
    page.route(re.compile("/(cancel|reset|run/[^/]*)$"), lambda route: late.append(route))
    page.locator("#batch-stop").click()
    wait_until_asked(page, late)
    expect(start).to_be_disabled()
    late.pop(0).continue_()
    expect(page.locator("#batch-progress [role=status]")).to_have_text(STOPPED)
    monkeypatch.undo()
    start.click()
    expect(page.locator("#batch-progress")).to_contain_text("Done: 9 classified, 0 failed")
    expect(start).to_be_enabled()
    while late:
        late.pop(0).continue_()

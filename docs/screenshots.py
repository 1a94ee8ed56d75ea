"""Takes the images of the page that the README shows: `make screenshots DATA=folder`.

DATA holds `weights/resnet50-imagenet` and `weights/resnet18-imagenet` as checkpoint folders.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "tests"), str(FOLDER.parent)]
DESK, PHONE = (1180, 800), (390, 844)
"""Width and height of the windows."""
TALL = (1180, 1000)
FILMED = ("3.4", "1.2", "2.3", "3.5", "3.2", "2.2", "1.1")
"""Blocks of ResNet-50 that are passed over, one after another."""
PATIENCE = 60_000
"""Milliseconds for each answer."""


def main() -> None:
    """Writes page.png, phone.png, why.png, switchboard.png and switchboard.webp, which moves, beside this file."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from browsing import served_page  # the page as its tests serve it

    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("RESNET_HUB_DATA", "../shared/data")).resolve()
    weights = data / "weights"
    if not (weights / "resnet50-imagenet").is_dir():
        sys.exit(f"error: {str(data)!r} has no weights/resnet50-imagenet; give another: make screenshots DATA=folder")
    expect.set_options(timeout=PATIENCE)
    with served_page(weights / "resnet50-imagenet", title="What is in this picture?") as settings:
        shown = (
            ("page", DESK, answer),
            ("phone", PHONE, example),
            ("why", DESK, why),
            ("switchboard", TALL, switchboard),
        )
        for name, window, show in shown:
            take(settings.address, FOLDER / f"{name}.png", window, show)
        film(settings.address, FOLDER / "switchboard.webp")


@contextmanager
def visit(address: str, window: tuple[int, int]) -> Iterator[Page]:
    """The page in a browser of its own."""
    width, height = window
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM")
            or shutil.which("chromium-headless-shell")
            or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        expect(page.locator("#link a")).to_be_visible()
        yield page
        browser.close()


def take(address: str, file: Path, window: tuple[int, int], show: Callable[[Page], None]) -> None:
    """Opens the page, lets `show` bring something about, and keeps what is seen then."""
    with visit(address, window) as page:
        show(page)
        page.wait_for_timeout(1500)
        page.screenshot(path=file)
    # Photographs make a PNG large; 256 dithered colors are enough for a page.
    with Image.open(file) as taken:
        colors = taken.convert("RGB")
    colors.quantize(palette=colors.quantize(256), dither=Image.Dither.FLOYDSTEINBERG).save(file, optimize=True)


def film(address: str, file: Path) -> None:
    """Takes the network apart block by block until it names something else, and keeps that as a moving image."""
    frames = []
    with visit(address, TALL) as page:
        switchboard_opened(page)
        whole = page.locator("#switch-sentence p").first.inner_text()
        for place in (None, *FILMED):
            if place is not None:
                page.locator(f"#switch-board [data-place='{place}']").click()
                expect(page.locator("#switch-board .board:not([data-asked])")).to_be_visible()
            page.wait_for_timeout(700)
            frames.append(Image.open(io.BytesIO(page.locator(".answer").screenshot())).convert("RGB"))
        # It ends with another answer than it begins with: else other blocks are to be filmed.
        expect(page.locator("#switch-sentence p").first).not_to_have_text(whole)
    height = min(frame.height for frame in frames)
    frames = [frame.crop((0, 0, frame.width, height)) for frame in frames]
    seconds = [1400] + [1000] * (len(frames) - 2) + [2600]
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=seconds, loop=0, quality=72, method=6)


def answer(page: Page) -> None:
    """The answer that the page opens with, and its evidence."""
    expect(page.locator("#glow img.colors")).to_be_visible()


def example(page: Page) -> None:
    """What a tap on another example brings."""
    answer(page)
    before = page.locator("#verdict").inner_text()
    page.locator("#examples img").nth(1).click()
    expect(page.locator("#verdict")).not_to_have_text(before)
    answer(page)


def why(page: Page) -> None:
    """The heat map of its best class."""
    answer(page)
    page.get_by_role("tab", name="Why", exact=True).click()
    expect(page.locator("#why-map img").first).to_be_visible()
    expect(page.locator("#why-sentence")).to_contain_text("covered")  # what the map is worth follows it
    scroll_to(page, "#photo")


def switchboard(page: Page) -> None:
    """The network with three blocks passed over."""
    switchboard_opened(page)
    for place in FILMED[:3]:
        page.locator(f"#switch-board [data-place='{place}']").click()
    expect(page.locator("#switch-sentence")).to_contain_text("3 of the")
    scroll_to(page, "#photo")


def switchboard_opened(page: Page) -> None:
    """The tab with the board."""
    answer(page)
    page.locator("#tab-switch-button").click()
    expect(page.locator("#switch-board .block").first).to_be_visible()


def scroll_to(page: Page, place: str) -> None:
    """Brings what is to be seen to the top of the window, which is less tall than the page."""
    page.evaluate("place => document.querySelector(place).scrollIntoView()", place)


if __name__ == "__main__":
    main()

"""Takes the images of the page that the README shows: `make screenshots DATA=folder`.

DATA holds `weights/resnet50-imagenet` and `weights/resnet18-imagenet` as checkpoint folders.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "tests"), str(FOLDER.parent)]
WIDTH, HEIGHT = 1180, 1000
PATIENCE = 60_000
"""Milliseconds for each answer."""


def main() -> None:
    """Writes page.png, why.png and many.png beside this file."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from browsing import served_page  # the page as its tests serve it

    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("RESNET_HUB_DATA", "../shared/data")).resolve()
    weights = data / "weights"
    if not (weights / "resnet50-imagenet").is_dir():
        sys.exit(f"error: {str(data)!r} has no weights/resnet50-imagenet; give another: make screenshots DATA=folder")
    expect.set_options(timeout=PATIENCE)
    with served_page(weights / "resnet50-imagenet", title="What is in this picture?") as settings:
        for name, show in (("page", answer), ("why", why), ("many", many)):
            take(settings.address, FOLDER / f"{name}.png", show)


def take(address: str, file: Path, show: Callable[[Page], None]) -> None:
    """Opens the page, lets `show` bring something about, and keeps what is seen then."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM")
            or shutil.which("chromium-headless-shell")
            or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        expect(page.locator("#link a")).to_be_visible()
        show(page)
        page.wait_for_timeout(1500)
        page.screenshot(path=file)
        browser.close()
    # Photographs make a PNG large; 256 dithered colors are enough for a page.
    with Image.open(file) as taken:
        colors = taken.convert("RGB")
    colors.quantize(palette=colors.quantize(256), dither=Image.Dither.FLOYDSTEINBERG).save(file, optimize=True)


def answer(page: Page) -> None:
    """A free image and its classes."""
    expect(page.locator("#labels li").first).to_be_visible()


def why(page: Page) -> None:
    """The heat map of its best class."""
    answer(page)
    page.get_by_role("tab", name="Why", exact=True).click()
    expect(page.locator("#why-map img").first).to_be_visible()
    page.wait_for_timeout(4000)  # stages and blocks follow the map
    scroll_to(page, "#photo")


def many(page: Page) -> None:
    """The free images, sorted by class."""
    from resnet_hub.demo.examples import find_examples

    page.get_by_role("tab", name="Many pictures").click()
    page.locator("#files input[type=file]").set_input_files(list(find_examples("owner/name").paths))
    page.wait_for_timeout(1500)
    page.locator("#batch-start").click()
    expect(page.locator("#batch-progress")).to_contain_text("Done")
    scroll_to(page, "#batch-start")


def scroll_to(page: Page, place: str) -> None:
    """Brings what is to be seen to the top of the window, which is less tall than the page."""
    page.evaluate("place => document.querySelector(place).scrollIntoView()", place)


if __name__ == "__main__":
    main()

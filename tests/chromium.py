"""The browser of the tests: where it is, and what is left out where there is none."""

import os
import shutil
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

# Without windows of its own it opens a page in two thirds of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LEFT_OUT = (
    "left out: the tests in a browser. To have them: apt-get install chromium, or .venv/bin/playwright install "
    "--with-deps chromium, or CHROMIUM=path"
)

WAITED_IN_VAIN = r"Timeout \d+ms exceeded|^AssertionError: (Locator|Page) expected"


def installed_chromium() -> str | None:
    """The one that CHROMIUM names, or the system's; None leaves it to the driver, which may have one of its own."""
    if os.environ.get("CHROMIUM"):
        return shutil.which(os.environ["CHROMIUM"]) or os.environ["CHROMIUM"]
    return next(filter(None, map(shutil.which, NAMES)), None)


@cache
def is_left_out() -> bool:
    """Whether there is no browser; in CI, and where CHROMIUM names one, its tests run all the same, and fail."""
    if os.environ.get("CI", "").lower() == "true" or installed_chromium():
        return False
    with sync_playwright() as driver:
        return not Path(driver.chromium.executable_path).exists()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what needs a browser where there is none; a wait that was in vain is tried again, twice, and told.

    On busy cores Chromium now and then drops a click or starts late, once in some thousand visits; a fault of the page
    fails each time.
    """
    needy = [item for item in items if "chromium" in item.fixturenames or item.get_closest_marker("browser")]
    for item in needy:
        item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=[WAITED_IN_VAIN]))
    if needy and is_left_out():
        config.hook.pytest_deselected(items=needy)
        items[:] = [item for item in items if item not in needy]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says so in one line."""
    if is_left_out():
        terminalreporter.write_line(LEFT_OUT)

"""Fixtures for tests of the page in a real browser: a page served here, and visitors who open it."""

import asyncio
import os
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import expect, sync_playwright

from resnet_hub.picture_url import fetch_picture

# Two cores may be shared with other tests.
expect.set_options(timeout=20_000)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def awaited(work):
    """The result of a coroutine, run in a thread of its own: playwright keeps a running event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@contextmanager
def served_page(checkpoint, **settings):
    """The page over a checkpoint folder, served on this machine; gives its settings."""
    # Here, so that other tests need not wait for gradio.
    from resnet_hub.demo.health import health_route
    from resnet_hub.demo.page import build_page, launch_page
    from resnet_hub.demo.settings import PageSettings
    from resnet_hub.demo.shelf import own_shelf

    # In float32, so that its scores are those of a classifier that is asked here.
    settings = {"device": "cpu", "precision": "fp32", "port": free_port(), **settings}
    chosen = PageSettings(model=str(checkpoint), **settings)

    shelf = own_shelf(chosen)

    # Outside of a running event loop, gradio makes two and never closes them.
    async def serve():
        page = build_page(shelf, chosen)
        launch_page(page, chosen, [health_route(shelf)])
        return page

    page = awaited(serve())
    yield chosen
    page.close()


def open_to(monkeypatch, port):
    """Lets the page fetch pictures from one server of this machine, which it refuses otherwise."""
    from resnet_hub.demo import inference

    def fetch(url, limits):
        return fetch_picture(url, replace(limits, ports=(port,)), is_public=lambda _: True)

    monkeypatch.setattr(inference, "fetch_picture", fetch)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a network that knows colours, and a picture of the first one."""
    from colour_network import COLOURS, save_colour_network, solid  # and with it torch, which few tests wait for

    folder = tmp_path_factory.mktemp("place")
    save_colour_network(folder / "colours")
    solid(COLOURS[0]).save(folder / "crimson.png")
    return folder


@pytest.fixture(scope="module")
def address(place):
    """A page over that network, with the usual settings; files that need others serve their own."""
    with served_page(place / "colours") as settings:
        yield settings.address


@pytest.fixture(scope="module")
def browser_flags():
    """What a module wants its browser to be started with besides."""
    return ()


@pytest.fixture(scope="module")
def browser(browser_flags):
    usual = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=[*usual, *browser_flags]
        )
        yield browser
        browser.close()


@contextmanager
def visitors_of(browser):
    """Opens addresses as new visitors, whose windows close at the end.

    `width` is that of the window in pixels; the rest is what playwright knows of a visitor, such as locale.
    """
    contexts = []

    def visit(address, width=1280, **visitor):
        context = browser.new_context(viewport={"width": width, "height": 900}, **visitor)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.alerts, page.requests = [], []
        page.on("dialog", lambda dialog: (page.alerts.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(address, wait_until="domcontentloaded")
        for told_at_the_start in ("#limits p", "#link a"):
            expect(page.locator(told_at_the_start)).to_be_visible()
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(browser):
    """Opens an address as a new visitor; the window closes with the test."""
    with visitors_of(browser) as visit:
        yield visit


@pytest.fixture(scope="module")
def new_visitor(browser):
    """As `open_page`, for a visitor who stays for all tests of a module."""
    with visitors_of(browser) as visit:
        yield visit


def upload(page, path):
    """Chooses a file as the picture."""
    page.locator("#photo input[type=file]").set_input_files(path)


def upload_many(page, files):
    """Opens the tab for many pictures, chooses the files and lets them be classified."""
    page.get_by_role("tab", name="Many pictures").click()
    page.locator("#files input[type=file]").set_input_files(files)
    # The files are on the server when there are links to them.
    expect(page.locator("#files td a")).to_have_count(len(files))
    page.locator("#batch-start").click()

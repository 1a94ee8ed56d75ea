"""Fixtures for tests of the page in a real browser: a page served here, and visitors who open it."""

import asyncio
import json
import os
import socket
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from chromium import installed_chromium
from playwright.sync_api import expect, sync_playwright

PATIENCE = 60_000
"""How long a visitor waits [ms]: only a failure takes as long, and the cores may be shared with much else."""
expect.set_options(timeout=PATIENCE)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--use-fake-ui-for-media-stream",  # nobody is there to allow the camera
    "--use-fake-device-for-media-stream",
]

# In the browser: nothing that was asked for is still on its way.
SETTLED = """() => document.readyState === 'complete' && document.fonts.status === 'loaded' &&
!document.querySelector('[aria-busy=true]') &&
[...document.images].every(image => image.complete || image.loading === 'lazy')"""
_ports = []


def free_port():
    """A port that nothing listens on; one of an earlier page where that is free: browsers keep files by address."""
    for port in [*_ports, 0]:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)) as probe:
            port = probe.getsockname()[1]
            if port not in _ports:
                _ports.append(port)
            return port
    raise AssertionError("no port is free")


def awaited(work):
    """The result of a coroutine, run in a thread of its own: playwright keeps a running event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@contextmanager
def served_page(checkpoint, **settings):
    """The page over a checkpoint folder, served on this machine; gives its settings."""
    # Here, so that other tests need not wait for gradio.
    from resnet_hub.demo.page import build_page, launch_page
    from resnet_hub.demo.serving.health import health_route
    from resnet_hub.demo.serving.networks.model_pool import start_pool
    from resnet_hub.demo.settings import PageSettings

    # In float32, so that its scores are those of a classifier that is asked here.
    settings = {"device": "cpu", "precision": "fp32", "port": free_port(), **settings}
    chosen = PageSettings(model=str(checkpoint), **settings)

    pool = start_pool(chosen)

    # Outside of a running event loop, gradio makes two and never closes them.
    async def serve():
        page = build_page(pool, chosen)
        launch_page(page, chosen, [health_route(pool)])
        return page

    page = awaited(serve())
    yield chosen
    page.close()


def open_to(monkeypatch, port):
    """Lets the page fetch images from one server of this machine, which it refuses otherwise."""
    from resnet_hub.demo.intake.fetch import fetch_image
    from resnet_hub.demo.serving import inference

    def fetch(url, limits):
        return fetch_image(url, replace(limits, ports=(port,)), is_public=lambda _: True)

    monkeypatch.setattr(inference, "fetch_image", fetch)


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A folder with a network that knows colors, and an image of the first one."""
    from color_network import COLORS, save_color_network, solid  # and with it torch, which few tests wait for

    folder = tmp_path_factory.mktemp("place")
    save_color_network(folder / "colors")
    solid(COLORS[0]).save(folder / "crimson.png")
    return folder


@pytest.fixture(scope="session")
def address(place):
    """A page over that network, with the usual settings, for all tests; files that need others serve their own."""
    with served_page(place / "colors") as settings:
        yield settings.address


@contextmanager
def every_core():
    """What is started in this block may use all cores, where the tests themselves are bound to some."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count()))
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


class Visitors:
    """The browser's profiles, each lent to one visitor at a time and empty again afterwards.

    What the page is made of stays in a profile's cache, without which it takes twice as long to open.
    """

    def __init__(self, browser):
        self.browser = browser
        self.free = defaultdict(list)

    @contextmanager
    def visiting(self):
        """Opens addresses as new visitors, whose windows close at the end.

        `width` is that of the window in pixels, `color_scheme` light or dark; the rest is what playwright knows of a
        visitor, such as locale. For each kind of visitor there is a profile.
        """
        pages = []

        def visit(address, width=1280, color_scheme=None, **visitor):
            kind = json.dumps(visitor, sort_keys=True)
            profile = self.free[kind].pop() if self.free[kind] else self.browser.new_context(**visitor)
            page = profile.new_page()
            pages.append((kind, page))
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=color_scheme)
            page.set_default_timeout(PATIENCE)
            page.alerts, page.requests = [], []
            page.on("dialog", lambda dialog: (page.alerts.append(dialog.message), dialog.dismiss()))
            page.on("request", lambda request: page.requests.append(request.url))
            page.goto(address, wait_until="domcontentloaded")
            for told_at_the_start in ("#limits p", "#link a"):
                expect(page.locator(told_at_the_start)).to_be_visible()
            return page

        yield visit
        for kind, page in pages:
            self.take_back(kind, page)

    def take_back(self, kind, page):
        """Empties the profile of a visitor who leaves."""
        profile = page.context
        if not page.url.startswith("http"):  # nothing answered, and what nothing showed cannot be emptied
            profile.close()
            return
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        profile.clear_cookies()
        for window in profile.pages:
            window.close()
        self.free[kind].append(profile)


@pytest.fixture(scope="session")
def chromium():
    """The browser's visitors, for all tests of a process, and its driver's event loop; its camera shows an image."""
    with every_core():
        playwright = sync_playwright().start()
    loop = asyncio.get_running_loop()
    browser = playwright.chromium.launch(executable_path=installed_chromium(), args=FLAGS)
    asyncio._set_running_loop(None)
    yield Visitors(browser), loop
    asyncio._set_running_loop(loop)
    browser.close()
    playwright.stop()


@pytest.fixture(scope="module")
def visitors(chromium):
    """The visitors of a module. The driver's event loop counts as running for as long; after it, others may run."""
    visitors, loop = chromium
    asyncio._set_running_loop(loop)
    yield visitors
    asyncio._set_running_loop(None)


def upload(page, path):
    """Chooses a file as the image."""
    page.locator("#photo input[type=file]").set_input_files(path)


def clear(page):
    """Takes the image away, which is an example where the page has just been opened."""
    page.get_by_label("Remove Image").click()
    expect(page.locator("#verdict")).to_contain_text("Choose a picture, and the answer appears here.")
    expect(page.locator("#labels li")).to_have_count(0)


def without_image(page):
    """A page of `same_visitor`, without its image, if there is one as there is on a new page, and without an answer."""
    if not page.is_back or page.get_by_label("Remove Image").count():
        clear(page)
    return page


def unfold(page, drawer):
    """Opens a drawer of the page, by its id, unless it is open: what is in a closed one is not there."""
    button = page.locator(f"{drawer} > button.label-wrap")
    if "open" not in button.get_attribute("class").split():
        button.click()


def upload_many(page, files):
    """Opens the tab for many images, chooses the files and lets them be classified."""
    page.get_by_role("tab", name="Many pictures").click()
    page.locator("#files input[type=file]").set_input_files(files)
    # The files are on the server when there are links to them.
    expect(page.locator("#files td a")).to_have_count(len(files))
    page.locator("#batch-start").click()


def wait_until_settled(page):
    """Waits until all that a page opened with is there: what its first events filled, its fonts and its images.

    Not until no connection is open, which may be never: a visitor's stream of answers stays for as long as one is due.
    """
    page.wait_for_function(SETTLED)


def wait_until_asked(page, held):
    """Waits until the browser has asked for something that a test holds back."""
    for _ in range(PATIENCE // 50):
        if held:
            return
        page.wait_for_timeout(50)
    raise AssertionError("nothing was asked for")

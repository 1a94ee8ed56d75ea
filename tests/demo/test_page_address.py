"""Images from the web: the address of one becomes the image, and what must not be fetched is refused."""

import threading
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from broken_images import text_file
from browsing import unfold
from color_network import COLORS, solid
from gradio import processing_utils
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import expect

from resnet_hub.demo.intake.fetch import fetch_image
from resnet_hub.demo.serving import inference

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


class Web(BaseHTTPRequestHandler):
    """Serves one image, and a text that says that it is one."""

    def do_GET(self):
        content = self.server.image if self.path == "/crimson.png" else text_file()
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    file = tmp_path_factory.mktemp("web") / "crimson.png"
    solid(COLORS[0]).save(file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    server.image = file.read_bytes()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_to(monkeypatch):
    """Lets the page fetch from one server of this machine, which it refuses otherwise."""

    def allow(web):
        def fetch(url, limits):
            ports = (int(web.rpartition(":")[2]),)
            return fetch_image(url, replace(limits, ports=ports), is_public=lambda _: True)

        monkeypatch.setattr(inference, "fetch_image", fetch)

    return allow


def fetch(page, address):
    unfold(page, "#others")
    page.locator("#address input, #address textarea").first.fill(address)
    page.locator("#fetch").click()


def test_the_image_at_an_address_is_classified(open_page, address, web, open_to):
    open_to(web)
    page = open_page(address)
    fetch(page, f"{web}/crimson.png")
    expect(page.locator("#verdict")).to_contain_text("Most likely crimson")


def test_something_else_at_an_address_is_told_and_the_page_lives_on(open_page, address, web, open_to):
    open_to(web)
    page = open_page(address)
    fetch(page, f"{web}/page.png")
    expect(page.locator("#address-told")).to_contain_text("in no image format that can be read")
    fetch(page, f"{web}/crimson.png")
    expect(page.locator("#verdict")).to_contain_text("Most likely crimson")
    expect(page.locator("#address-told")).to_have_text("")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("http://127.0.0.1/a.png", "not public"),
        ("http://[::1]/a.png", "not public"),
        ("file:///etc/passwd", "https"),
        ("", "There is no address yet"),
    ],
    ids=["this machine", "this machine by its other name", "a file", "nothing"],
)
def test_what_must_not_be_fetched_is_refused_in_a_sentence(open_page, address, written, sentence):
    page = open_page(address)
    fetch(page, written)
    expect(page.locator("#address-told")).to_contain_text(sentence)


def predict(address, image):
    client = Client(address, verbose=False)
    try:
        return client.predict({"path": image, "meta": {"_type": "gradio.FileData"}}, api_name="/predict")
    finally:
        client.close()


def test_a_program_may_send_an_address_in_place_of_a_image(address, web, open_to):
    open_to(web)
    assert predict(address, f"{web}/crimson.png")["predictions"][0]["label"] == "crimson"


def test_a_program_is_kept_from_this_machine_too(address, web):
    with pytest.raises(AppError, match=r"not public|port"):
        predict(address, f"{web}/crimson.png")


ELSEWHERE = {
    "many files": ("/classify_batch", lambda file: ([file],)),
    "names of networks": ("/compare", lambda file: (None, [file])),
    "one network": ("/predict", lambda file: (None, 5, file)),
    "a number": ("/predict", lambda file: (None, file, "")),
    "deep inside": ("/compare", lambda file: (None, {"a": [{"b": file}]})),
}


@pytest.mark.parametrize(("endpoint", "values"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_an_address_in_any_other_field_is_refused_and_never_fetched(address, web, monkeypatch, endpoint, values):
    asked = []

    async def fetch(url, **_):
        asked.append(url)

    monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", fetch)
    file = {"path": f"{web}/crimson.png", "meta": {"_type": "gradio.FileData"}}
    client = Client(address, verbose=False)
    try:
        with pytest.raises(
            AppError, match="Only a single picture may be an address on the web; please send the file itself"
        ):
            client.predict(*values(file), api_name=endpoint)
    finally:
        client.close()
    assert asked == []


def test_a_refusal_is_told_in_chinese(open_page, address):
    page = partial(open_page, address, locale="zh-CN")()
    fetch(page, "")
    expect(page.locator("#address-told")).to_contain_text("还没有网址\uff1b请填写以 https:// 开头的网址。")

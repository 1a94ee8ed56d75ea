"""What is no usual image, on every entrance: a sentence or an answer for it, and an answer for what comes next."""

import re
import socket
from contextlib import suppress
from http.client import HTTPResponse
from select import select

import pytest
from broken_images import BAD, SCRIPT
from browsing import clear, open_to, served_page, upload
from calling import FILE
from hostile_archives import zipped
from image_server import image_server
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
BY_PAGE = pytest.param("by_page", marks=pytest.mark.browser)
HINT = "Choose a picture, and the answer appears here."


@pytest.fixture(scope="module")
def good(place):
    return (place / "crimson.png").read_bytes()


@pytest.fixture(scope="module")
def address(place):
    with served_page(place / "colors", max_file_mb=1, max_zip_mb=2) as settings:
        yield settings.address


@pytest.fixture(scope="module")
def by_page(new_visitor, address, place):
    """Chooses a file as the image, reads the sentence, and removes it again."""
    page = new_visitor(address)
    clear(page)

    def ask(name, data):
        (place / name).write_bytes(data)
        upload(page, place / name)
        verdict = page.locator("#verdict p").first
        expect(verdict).not_to_have_text(HINT)
        said = verdict.inner_text()
        page.get_by_label("Remove Image").click()
        expect(verdict).to_have_text(HINT)
        assert page.alerts == []
        return said

    ask.page = page
    return ask


def sentence_of(answer):
    return answer if isinstance(answer, str) else answer["sentence"]


@pytest.fixture(scope="module")
def by_program(caller):
    return lambda name, data: sentence_of(caller.call("predict", caller.upload(name, data), 1, ""))


@pytest.fixture(scope="module")
def among_many(caller, good):
    """Sends a file in front of a good image, which is answered whatever the first one is."""

    def ask(*files):
        first, second = caller.call("classify_batch", [caller.upload(name, data) for name, data in files], 1, "")
        assert second["predictions"][0]["label"] == "crimson"
        return first["problem"] or f"Most likely {first['predictions'][0]['label']}"

    return ask


@pytest.fixture(scope="module")
def by_batch(among_many, good):
    return lambda name, data: among_many((name, data), ("next.png", good))


@pytest.fixture(scope="module")
def by_zip(among_many, good):
    return lambda name, data: among_many(("all.zip", zipped((name, data), ("next.png", good))))


@pytest.fixture(scope="module")
def server():
    with image_server() as server, pytest.MonkeyPatch.context() as patch:
        open_to(patch, server.port)
        yield server


@pytest.fixture(scope="module")
def by_address(caller, server):
    def ask(name, data):
        server.send(f"/{name}", data)
        return sentence_of(caller.call("predict", {"path": f"{server.url}/{name}", "meta": FILE}, 1, ""))

    return ask


@pytest.mark.parametrize("entrance", [BY_PAGE, "by_program", "by_batch", "by_zip", "by_address"])
@pytest.mark.parametrize(("name", "make", "words"), BAD.values(), ids=BAD)
def test_whatever_comes_in_is_answered_and_so_is_the_next(request, entrance, name, make, words, good):
    ask = request.getfixturevalue(entrance)
    said = ask(name, make())
    if words is None:
        assert said.startswith("Most likely crimson")
    else:
        assert re.search(words, said), said
        assert not re.search(r"Traceback|\.py|went wrong|gradio", said), said
    assert ask("good.png", good).startswith("Most likely crimson")


HUGE = 300_000_000
PIECE = bytes(1_000_000)


def sent_until_answered(port, head):
    """Sends the start of a request and 300 MB after it; the answer's status and text, and how much was sent."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head)
        sent = 0
        while sent < HUGE and not select([connection], [], [], 0)[0]:
            if select([], [connection], [], 0.1)[1]:
                sent += connection.send(PIECE)
        connection.settimeout(60)
        answer = HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read().decode(), sent


def test_a_program_that_uploads_300_mb_is_stopped_on_the_way(address, by_program, good):
    head = (
        "POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {HUGE}\r\n\r\n--x\r\nContent-Disposition: form-data; name=files; filename=a.png\r\n\r\n"
    )
    status, answer, sent = sent_until_answered(int(address.rpartition(":")[2]), head.encode())
    assert status == 413
    assert "File size exceeded maximum allowed size" in answer
    assert sent < 20_000_000
    assert by_program("good.png", good).startswith("Most likely crimson")


def test_a_visitor_who_chooses_300_mb_is_told_before_anything_is_sent(by_page, place, good):
    with (place / "huge.png").open("wb") as file:
        file.truncate(HUGE)
    page = by_page.page
    assert by_page("good.png", good).startswith("Most likely crimson")  # and so the page is ready
    before = len(page.requests)
    upload(page, place / "huge.png")
    expect(page.locator("#refused").get_by_role("alert")).to_contain_text("The picture is larger than 1 MB")
    assert page.locator("[data-testid=toast-body]").count() == 0
    assert [url for url in page.requests[before:] if "/upload?" in url] == []
    assert by_page("good.png", good).startswith("Most likely crimson")


def test_an_address_of_300_mb_is_left_on_the_way(caller, server, good, by_address):
    given = []

    def pieces():
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while len(given) < 300:
            given.append(1)
            yield PIECE

    server.answers["/huge.png"] = pieces()
    said = caller.call("predict", {"path": f"{server.url}/huge.png", "meta": FILE}, 1, "")
    assert "leads to more than the 1,000,000 bytes that are fetched" in said
    assert len(given) < 20
    assert by_address("good.png", good).startswith("Most likely crimson")


WEB_PAGE = b"<html xmlns='http://www.w3.org/1999/xhtml'><body><script>alert(3)</script></body></html>"
ACTIVE = {
    "a drawing": ("photo.svg", SCRIPT, "application/octet-stream"),
    "a web page": ("page.html", WEB_PAGE, "application/octet-stream"),
    "a web page of another kind": ("page.xhtml", WEB_PAGE, "application/octet-stream"),
    "a web page named as an image": ("photo.png", WEB_PAGE, "image/png"),
}


@pytest.mark.parametrize(("name", "data", "kind"), ACTIVE.values(), ids=ACTIVE)
def test_what_could_run_is_given_back_as_something_that_does_not(address, caller, by_page, name, data, kind):
    path = f"/file={caller.upload(name, data)['path']}"
    answer = caller.web.get(path)
    assert answer.headers["content-type"] == kind
    if kind != "image/png":
        assert answer.headers["content-disposition"].startswith("attachment")

    ran = []
    page = by_page.page.context.new_page()
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    with suppress(PlaywrightError):  # a download has no page
        page.goto(f"{address}/gradio_api{path}")
    page.close()
    assert ran == []

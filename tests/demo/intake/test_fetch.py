"""Images from addresses that strangers send: fetched whole, bounded, and never from inside."""

import re
import socket
import threading
import time
from functools import partial

import pytest
from hostile_addresses import NO_ADDRESS, NOT_PUBLIC, SPACED
from image_server import certified, image_server

from resnet_hub.demo.intake.fetch import UrlLimits, fetch_image
from resnet_hub.errors import ConfigError, ImageError
from resnet_hub.preprocessing.pixels import open_image

IMAGE = bytes(range(256)) * 40
INSIDE = "127.0.0.2"


@pytest.fixture
def server():
    with image_server() as server:
        server.send("/a.png", IMAGE)
        yield server


@pytest.fixture
def fetch(server):
    """Fetches where 127.0.0.1 counts as the only public address, from the ports of the servers here."""

    def ask(url, **limits):
        chosen = UrlLimits(**{"ports": (80, 443, server.port), **limits})
        return fetch_image(url, chosen, is_public=lambda address: str(address) == "127.0.0.1")

    return ask


@pytest.fixture
def hosts(monkeypatch):
    """What the system's resolver answers for names that tests invent; each answer in turn, the last one for good."""
    known = {"localhost": [["127.0.0.1"]]}
    asked = []

    def resolve(host, port, *_, **__):
        asked.append(host)
        if re.fullmatch(r"[0-9.]+|.*:.*", host):
            addresses = [host]
        elif host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        else:
            addresses = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in place], socket.SOCK_STREAM, 6, "", (place, port)) for place in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known, asked


def refusal(fetch, url, **limits):
    """The whole sentence with which an address is refused."""
    with pytest.raises(ImageError) as caught:
        fetch(url, **limits)
    return str(caught.value)


def test_the_bytes_arrive_as_they_were_sent(fetch, server):
    assert fetch(f"{server.url}/a.png") == IMAGE


def test_a_server_learns_nothing_but_the_address(fetch, server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.9:9")
    server.send("/first", status="302 Found", Location="/a.png", Set_Cookie="who=you")
    fetch(f"{server.url}/first#part")
    assert server.asked[1].splitlines() == [
        "GET /a.png HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: resnet_hub",
        "Accept: image/*",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
    ]


def test_letters_beyond_ascii_are_encoded(fetch, server, hosts):
    hosts[0]["xn--bcher-kva.example"] = [["127.0.0.1"]]
    server.send("/%E7%8C%AB.png?q=%C3%BC%20%22", IMAGE)
    assert fetch(f'http://bücher.example:{server.port}/猫.png?q=ü%20"') == IMAGE
    assert f"Host: xn--bcher-kva.example:{server.port}" in server.asked[0]


INSIDE_BY_NAME = ("http://inside.example/", "http://INSIDE.example./", "https://both.example/")
BAD = {
    **dict.fromkeys((*NO_ADDRESS.split(), *SPACED), "no address on the web; expected one such as https://example.com/"),
    **dict.fromkeys((*NOT_PUBLIC.split(), *INSIDE_BY_NAME), "leads to an address that is not public; use one that"),
    **dict.fromkeys(("http://me:secret@127.0.0.1/", "http://127.0.0.1@evil.example/", "http://@a/"), "before its @"),
    **dict.fromkeys(("http://127.0.0.1:22/", "http://127.0.0.1:6379/", "http://127.0.0.1:0/"), "names the port"),
    "http://nowhere.example/": "names a host that is not known",
    f"http://a.example/{'x' * 2000}": "more than 2,000 characters",
}


@pytest.mark.parametrize(("url", "words"), BAD.items(), ids=[repr(url)[:40] for url in BAD])
def test_an_address_that_must_not_be_asked_is_refused(url, words, fetch, hosts, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was connected to"))
    hosts[0]["inside.example"] = [[INSIDE]]
    hosts[0]["both.example"] = [["127.0.0.1", INSIDE]]
    sentence = refusal(fetch, url)
    assert words in sentence
    assert sentence.startswith("the address '")


@pytest.mark.parametrize("url", ["http://localhost/", "http://localhost./", "http://127.0.0.1/", "http://[::1]/"])
def test_this_machine_is_refused_unless_a_test_says_otherwise(url, hosts):
    assert "not public" in refusal(fetch_image, url)


def test_a_refusal_does_not_tell_where_a_name_leads(fetch, hosts):
    hosts[0]["inside.example"] = [["10.1.2.3"]]
    sentence = refusal(fetch, "http://inside.example/")
    assert sentence.partition("; ")[0] == "the address 'http://inside.example/' leads to an address that is not public"


def test_a_host_is_looked_up_once_and_the_checked_address_is_connected_to(fetch, server, hosts):
    hosts[0]["rebinding.example"] = [["127.0.0.1"], [INSIDE]]
    assert fetch(f"http://rebinding.example:{server.port}/a.png") == IMAGE
    assert hosts[1] == ["rebinding.example"]


def test_an_address_of_a_host_that_does_not_answer_is_passed_over(server, hosts):
    hosts[0]["two.example"] = [[INSIDE, "127.0.0.1"]]
    url, limits = f"http://two.example:{server.port}/a.png", UrlLimits(ports=(server.port,))
    assert fetch_image(url, limits, is_public=lambda address: True) == IMAGE


@pytest.mark.parametrize("status", ["301 a", "302 a", "303 a", "307 a", "308 a"])
def test_a_redirect_is_followed(status, fetch, server):
    server.redirect("/old", "a.png", status)
    assert fetch(f"{server.url}/old") == IMAGE


def test_a_redirect_with_letters_beyond_ascii_is_followed(fetch, server):
    server.send("/%E7%8C%AB", IMAGE)
    server.answers["/old"] = ["HTTP/1.1 302 a\r\nLocation: /猫\r\nContent-Length: 0\r\n\r\n".encode()]
    assert fetch(f"{server.url}/old") == IMAGE


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (f"http://{INSIDE}:PORT/secret", "redirected, leads to an address that is not public"),
        ("http://inside.example:PORT/secret", "redirected, leads to an address that is not public"),
        (f"//{INSIDE}/secret", "redirected, leads to an address that is not public"),
        ("http://127.0.0.1:22/", "redirected, names the port 22"),
        ("file:///etc/passwd", "redirected, is no address on the web"),
        ("http://2130706434/", "redirected, is no address on the web"),
        ("http://a:b@127.0.0.1:PORT/a.png", "redirected, holds a name or a password"),
    ],
)
def test_a_redirect_is_checked_like_the_first_address(place, words, fetch, server, hosts):
    hosts[0]["inside.example"] = [[INSIDE]]
    server.redirect("/old", place.replace("PORT", str(server.port)))
    sentence = refusal(fetch, f"{server.url}/old")
    assert words in sentence
    assert "secret" not in sentence


def test_redirects_come_to_an_end(fetch, server):
    server.redirect("/loop", "/loop")
    assert "redirects more than 3 times; use the address where it ends" in refusal(fetch, f"{server.url}/loop")
    assert len(server.asked) == 4


SLOW = {
    "the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", *[b"x"] * 100],
    "the headers": [b"HTTP/1.1 200 OK\r\n", *[b"A: b\r\n"] * 100],
    "waiting first": [b"HTTP/1.1 100 Continue\r\n\r\n"] * 100,
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 100],
}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_a_server_that_drips_is_left_when_the_time_is_over(answer, fetch, server):
    dripped = []
    server.answers["/slow"] = (time.sleep(0.05) or dripped.append(piece) or piece for piece in answer)
    assert "gave no whole picture within 0.3 seconds" in refusal(fetch, f"{server.url}/slow", seconds=0.3)
    assert len(dripped) < len(answer)


def test_a_resolver_that_hangs_is_left_when_the_time_is_over(fetch, monkeypatch):
    answer, answered = threading.Event(), []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (answer.wait(60), answered.append(1))[:0])
    assert "within 0.2 seconds" in refusal(fetch, "http://slow.example/", seconds=0.2)
    assert answered == []
    answer.set()


ENDLESS = b"HTTP/1.1 200 OK\r\n"
LARGE = {
    "by its length": [ENDLESS + b"Content-Length: 1001\r\n\r\n"],
    "by an absurd length": [ENDLESS + b"Content-Length: 99999999999999999999\r\n\r\n"],
    "without a length": [ENDLESS + b"\r\n", bytes(1001)],
    "in chunks": [ENDLESS + b"Transfer-Encoding: chunked\r\n\r\n", *[b"64\r\n" + bytes(100) + b"\r\n"] * 11],
}


@pytest.mark.parametrize("answer", LARGE.values(), ids=LARGE)
def test_too_large_an_answer_is_refused(answer, fetch, server):
    server.answers["/large"] = answer
    sentence = refusal(fetch, f"{server.url}/large", max_bytes=1000)
    assert "leads to more than the 1,000 bytes that are fetched; use a smaller picture" in sentence


@pytest.mark.parametrize("length", [None, False])
def test_the_largest_size_is_allowed(length, fetch, server):
    server.send("/just", bytes(1000), length=length)
    assert fetch(f"{server.url}/just", max_bytes=1000) == bytes(1000)


BROKEN = {
    "no HTTP": ([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], "does not answer as it should"),
    "nothing": ([], "does not answer as it should"),
    "a version to come": ([b"HTTP/9 200 OK\r\n\r\n"], "does not answer as it should"),
    "endless headers": ([ENDLESS, b"A: b\r\n" * 200], "does not answer as it should"),
    "a line without end": ([ENDLESS, b"A" * 70_000], "does not answer as it should"),
    "a chunk of no size": ([ENDLESS + b"Transfer-Encoding: chunked\r\n\r\nhello\r\n"], "does not answer as it should"),
    "a huge chunk": ([ENDLESS + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffff\r\nx"], "not answer as it should"),
    "a chunk below 0": ([ENDLESS + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nx"], "not answer as it should"),
    "waits for ever": ([b"HTTP/1.1 100 Continue\r\n\r\n"] * 12_000, "does not answer as it should"),
    "cut short": ([ENDLESS + b"Content-Length: 9\r\n\r\nshort"], "ends too early; try again"),
    "compressed": ([ENDLESS + b"Content-Encoding: gzip\r\n\r\nabc"], "answered with compressed data"),
    "not there": ([b"HTTP/1.1 404 Not Found\r\n\r\n"], "is answered with status 404; check it in a browser"),
    "a redirect to nowhere": ([b"HTTP/1.1 302 Found\r\n\r\n"], "is answered with status 302"),
}


@pytest.mark.parametrize(("answer", "words"), BROKEN.values(), ids=BROKEN)
def test_a_server_that_does_not_answer_well_is_told_of(answer, words, fetch, server):
    server.answers["/x"] = answer
    assert words in refusal(fetch, f"{server.url}/x", max_bytes=1000)


def test_a_port_where_nobody_listens_is_told_of(fetch):
    assert "cannot be fetched" in refusal(fetch, "http://127.0.0.1:1/", ports=(1,))


def test_a_page_instead_of_a_image_is_found_out_when_it_is_opened(fetch, server):
    server.send("/page", b"<!doctype html><p>A picture", Content_Type="image/png")
    with pytest.raises(ImageError, match="is a web page"):
        open_image(fetch(f"{server.url}/page"))


@pytest.fixture
def encrypted(tmp_path, hosts):
    """A server with a certificate for images.example, and the file that clients must trust for it."""
    context, certificate = certified(tmp_path, "images.example")
    hosts[0].update({"images.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})
    with image_server(context=context) as server:
        server.send("/a.png", IMAGE)
        yield server, certificate


def ask_encrypted(server, path="/a.png", host="images.example"):
    url = f"https://{host}:{server.port}{path}"
    return fetch_image(url, UrlLimits(ports=(server.port,)), is_public=lambda address: True)


def test_an_encrypted_server_proves_the_name_that_was_asked_for(encrypted, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted[1]))
    assert ask_encrypted(encrypted[0]) == IMAGE
    words = "belongs to a server that cannot prove its name"
    assert words in refusal(partial(ask_encrypted, host="other.example"), encrypted[0])


def test_a_certificate_that_nobody_trusts_is_refused(encrypted):
    assert "belongs to a server that cannot prove its name" in refusal(ask_encrypted, encrypted[0])


def test_encryption_is_not_given_up_on_the_way(encrypted, server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted[1]))
    encrypted[0].redirect("/old", f"{server.url}/a.png")
    encrypted[0].redirect("/fine", "/a.png")
    assert "leads from https to something else" in refusal(ask_encrypted, encrypted[0], path="/old")
    assert server.asked == []
    assert ask_encrypted(encrypted[0], "/fine") == IMAGE


@pytest.mark.parametrize(
    "wrong", [{"max_bytes": 0}, {"seconds": 0}, {"redirects": -1}, {"ports": (0,)}, {"max_characters": 0}], ids=str
)
def test_limits_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        UrlLimits(**wrong)

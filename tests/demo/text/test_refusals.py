"""Each reason why files and addresses of strangers are not taken has a code of its own, with the facts."""

import socket

import pytest
from hostile_archives import claiming, link, locked, overlapping, packed_by, special, zipped
from image_server import image_server

from resnet_hub.demo.intake.archive import ArchiveLimits, FailedImage, images_in
from resnet_hub.demo.intake.fetch import UrlLimits, fetch_image
from resnet_hub.demo.text.user_errors import sentence_of
from resnet_hub.errors import ImageError, Phrase

FINE = ("1.png", bytes(3000))


def listed(size, start):
    """The end of an archive whose list of contents has this many bytes, from this place on."""
    return zipped()[:12] + size.to_bytes(4, "little") + start.to_bytes(4, "little") + zipped()[20:]


MANY = zipped(*((f"{number}.png", b"") for number in range(21)))
FILES = {
    "damaged": (b"PK\x03\x04", "archive_damaged", {}),
    "empty": (zipped(), "archive_empty", {}),
    "long": (MANY, "archive_long", {"count": 21, "most": 20}),
    "endless list": (b"PK\x03\x04" + bytes(90_000) + listed(90_000, 4), "archive_listing", {}),
    "overlap": (overlapping(bytes(10_000), 5), "archive_overlap", {}),
    "RAR": (b"Rar!\x1a\x07\x01", "archive_other", {"format": "RAR"}),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c", "archive_other", {"format": "7-Zip"}),
    "torn": (claiming(zipped(FINE), 100), "entry_damaged", {}),
    "bomb": (zipped(("1.png", bytes(4_000_000))), "entry_expands", {"times": 100}),
    "link": (zipped(link("1.png", b"a")), "entry_link", {}),
    "locked": (locked(zipped(FINE)), "entry_locked", {}),
    "method": (packed_by(zipped(FINE), 99), "entry_method", {"method": 99}),
    "nested": (zipped(("1.zip", zipped(FINE))), "entry_nested", {}),
    "device": (zipped(special("1.png")), "entry_no_file", {}),
    "gone": (None, "file_gone", {}),
    "large": (bytes(5_000_001), "file_large", {"size": 5_000_001, "most": 5_000_000}),
    "large zip": (b"PK\x03\x04" + bytes(6_000_000), "archive_large", {"size": 6_000_004, "most": 6_000_000}),
    "images": (zipped(*((f"{number}.png", b"x") for number in range(11))), "left_out_images", {"most": 10}),
    "bytes": (zipped(*((f"{n}.png", bytes(900_000)) for n in range(7))), "left_out_bytes", {"most": 6_000_000}),
}


@pytest.mark.parametrize(("data", "code", "facts"), FILES.values(), ids=FILES)
def test_a_file_that_fails_has_a_code_and_the_facts(data, code, facts, tmp_path):
    if data is not None:
        (tmp_path / "a").write_bytes(data)
    limits = ArchiveLimits(images=10, entries=20, image_bytes=5_000_000, archive_bytes=6_000_000, total_bytes=6_000_000)
    (failed,) = (found for found in images_in([("a", tmp_path / "a")], limits) if isinstance(found, FailedImage))
    assert (failed.error.code, failed.error.fields) == (f"intake.{code}", facts)


def test_too_many_files_have_a_code_and_the_bound(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    *_, last = images_in([("a", tmp_path / "a")] * 21, ArchiveLimits(images=100, entries=20))
    assert (last.error.code, last.error.fields) == ("intake.left_out_entries", {"most": 20})


def test_what_is_told_of_a_file_is_a_sentence_in_each_language():
    error = ImageError("intake.file_large", size=5_000_001, most=5_000_000)
    assert sentence_of(error) == "The file has 5,000,001 bytes, more than the 5,000,000 that are read; make it smaller."
    assert sentence_of(error, "zh-CN") == "文件有 5,000,001 字节\uff0c最多读取 5,000,000 字节\uff1b请先缩小。"


START = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "status": ([b"HTTP/1.1 404 No\r\n\r\n"], "url_status", {"status": 404}),
    "compressed": ([START + b"Content-Encoding: gzip\r\n\r\n"], "url_compressed", {}),
    "large": ([START + b"Content-Length: 1001\r\n\r\n"], "url_large", {"most": 1000}),
    "short": ([START + b"Content-Length: 9\r\n\r\nx"], "url_short", {}),
    "redirects": ([b"HTTP/1.1 302 a\r\nLocation: /a\r\n\r\n"], "url_redirects", {"most": 3}),
    "inside": ([b"HTTP/1.1 302 a\r\nLocation: http://127.0.0.2/\r\n\r\n"], "url_not_public", {}),
    "broken": ([b"SSH-2.0\r\n"], "url_broken", {}),
}


def refused(url, **limits):
    """The error about an address."""
    with pytest.raises(ImageError) as caught:
        fetch_image(url, UrlLimits(max_bytes=1000, **limits), is_public=lambda address: str(address) == "127.0.0.1")
    return caught.value


@pytest.mark.parametrize(("answer", "code", "facts"), ANSWERS.values(), ids=ANSWERS)
def test_a_server_that_gives_no_image_is_told_by_the_address_that_came(answer, code, facts):
    with image_server() as server:
        server.answers["/a"] = answer
        error = refused(f"{server.url}/a", ports=(80, server.port))
        asked = error.fields.pop("asked")
        assert (error.code, error.fields) == (f"intake.{code}", facts)
        assert asked.code == ("intake.asked_redirected" if code == "url_not_public" else "intake.asked")
        assert asked.fields == {"address": f"{server.url}/a"}


ADDRESSES = {
    "javascript:alert(1)": ("url_unreadable", {}),
    "http://10.0.0.1/": ("url_not_public", {}),
    "http://me:secret@127.0.0.1/": ("url_password", {}),
    "http://127.0.0.1:22/": ("url_port", {"port": 22, "ports": "80 or 443"}),
    "http://nowhere.example/": ("url_unknown_host", {}),
    "http://a/" + "x" * 3000: ("url_long", {"most": 2000}),
}


@pytest.mark.parametrize(("url", "code", "facts"), [(url, *told) for url, told in ADDRESSES.items()])
def test_an_address_that_is_not_asked_has_a_code_and_the_facts(url, code, facts, monkeypatch):
    def resolve(host, port, **_):
        if host == "nowhere.example":
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    error = refused(url)
    assert error.code == f"intake.{code}"
    asked = error.fields.pop("asked")
    assert error.fields == facts
    assert asked.fields == {"address": url if len(url) < 200 else url[:150] + "..."}


def test_what_is_told_of_an_address_is_a_sentence_in_each_language():
    asked = Phrase("intake.asked_redirected", address="http://a/")
    error = ImageError("intake.url_status", asked=asked, status=404)
    assert sentence_of(error) == (
        "The address 'http://a/', redirected, is answered with status 404; check it in a browser."
    )
    assert sentence_of(error, "zh-CN") == "网址 'http://a/' 重定向后的服务器返回状态 404\uff1b请先在浏览器中打开看看。"

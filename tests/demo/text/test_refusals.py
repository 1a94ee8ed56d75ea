"""Each reason why files and addresses of strangers are not taken has its own sentence in Chinese."""

import socket

import pytest
from hostile_archives import claiming, link, locked, overlapping, packed_by, special, zipped
from image_server import image_server

from resnet_hub.demo.intake.archive import ArchiveLimits, FailedImage, images_in
from resnet_hub.demo.intake.fetch import UrlLimits, fetch_image
from resnet_hub.demo.text.user_errors import refusal_of
from resnet_hub.errors import ImageError

FINE = ("1.png", bytes(3000))


def listed(size, start):
    """The end of an archive whose list of contents has this many bytes, from this place on."""
    return zipped()[:12] + size.to_bytes(4, "little") + start.to_bytes(4, "little") + zipped()[20:]


FILES = {
    "damaged": (b"PK\x03\x04", "压缩包已损坏"),
    "empty": (zipped(), "压缩包里没有图片"),
    "long": (zipped(*((f"{number}.png", b"") for number in range(21))), "有 21 个条目"),
    "endless list": (b"PK\x03\x04" + bytes(90_000) + listed(90_000, 4), "目录太长"),
    "overlap": (overlapping(bytes(10_000), 5), "互相重叠"),
    "RAR": (b"Rar!\x1a\x07\x01", "不能打开 RAR 格式"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c", "不能打开 7-Zip 格式"),
    "torn": (claiming(zipped(FINE), 100), "这个文件已损坏"),
    "bomb": (zipped(("1.png", bytes(4_000_000))), "大 100 倍以上"),
    "link": (zipped(link("1.png", b"a")), "链接"),
    "locked": (locked(zipped(FINE)), "密码"),
    "method": (packed_by(zipped(FINE), 99), "第 99 种压缩方法"),
    "nested": (zipped(("1.zip", zipped(FINE))), "压缩包里的压缩包"),
    "device": (zipped(special("1.png")), "这不是文件"),
    "gone": (None, "文件已不在服务器上"),
    "large": (bytes(5_000_001), "文件有 5,000,001 字节"),
    "large zip": (b"PK\x03\x04" + bytes(6_000_000), "压缩包有 6,000,004 字节"),
    "images": (zipped(*((f"{number}.png", b"x") for number in range(11))), "一次最多处理 10 张图片"),
    "bytes": (zipped(*((f"{n}.png", bytes(900_000)) for n in range(7))), "一次最多处理 6,000,000 字节"),
}


def chinese(sentence):
    """The translation of a refusal, which is a whole sentence of its own."""
    told = refusal_of(ImageError(sentence), "zh-CN").sentence
    assert told.endswith("。")
    assert "." not in told[-2:]
    return told


def test_a_translation_ends_once():
    assert chinese("the entry is damaged; pack the archive again") == "压缩包里的这个文件已损坏\uff1b请重新打包。"


def test_a_name_in_another_script_does_not_keep_a_sentence_english():
    told = chinese("the model has no class '猫'; expected a number from 0 to 2, or a name such as 'cat'")
    assert told.startswith("模型没有类别 '猫'")


@pytest.mark.parametrize(("data", "words"), FILES.values(), ids=FILES)
def test_a_file_that_fails_is_told_in_chinese(data, words, tmp_path):
    if data is not None:
        (tmp_path / "a").write_bytes(data)
    limits = ArchiveLimits(images=10, entries=20, image_bytes=5_000_000, archive_bytes=6_000_000, total_bytes=6_000_000)
    (failed,) = (found for found in images_in([("a", tmp_path / "a")], limits) if isinstance(found, FailedImage))
    assert words in chinese(failed.reason)


def test_too_many_files_are_told_in_chinese(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    *_, last = images_in([("a", tmp_path / "a")] * 21, ArchiveLimits(images=100, entries=20))
    assert "一次最多处理 20 个文件和条目" in chinese(last.reason)


START = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "status": ([b"HTTP/1.1 404 No\r\n\r\n"], "返回状态 404"),
    "compressed": ([START + b"Content-Encoding: gzip\r\n\r\n"], "压缩数据"),
    "large": ([START + b"Content-Length: 1001\r\n\r\n"], "超过 1,000 字节"),
    "short": ([START + b"Content-Length: 9\r\n\r\nx"], "不完整"),
    "redirects": ([b"HTTP/1.1 302 a\r\nLocation: /a\r\n\r\n"], "重定向超过 3 次"),
    "inside": ([b"HTTP/1.1 302 a\r\nLocation: http://127.0.0.2/\r\n\r\n"], "不是公开的地址"),
    "broken": ([b"SSH-2.0\r\n"], "没有正常应答"),
}


def refused(url, **limits):
    with pytest.raises(ImageError) as caught:
        fetch_image(url, UrlLimits(max_bytes=1000, **limits), is_public=lambda address: str(address) == "127.0.0.1")
    return chinese(str(caught.value))


@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS)
def test_a_server_that_gives_no_image_is_told_in_chinese(answer, words):
    with image_server() as server:
        server.answers["/a"] = answer
        assert words in refused(f"{server.url}/a", ports=(80, server.port))


ADDRESSES = {
    "javascript:alert(1)": "这不是网址",
    "http://10.0.0.1/": "不是公开的地址",
    "http://me:secret@127.0.0.1/": "用户名或密码",
    "http://127.0.0.1:22/": "端口 22 不允许访问\uff1b允许的端口\uff1a80 or 443",
    "http://nowhere.example/": "找不到网址中的主机",
    "http://a/" + "x" * 3000: "超过 2,000 个字符",
}


@pytest.mark.parametrize(("url", "words"), ADDRESSES.items(), ids=[url[:30] for url in ADDRESSES])
def test_an_address_that_is_not_asked_is_told_in_chinese(url, words, monkeypatch):
    def resolve(host, port, **_):
        if host == "nowhere.example":
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert words in refused(url)

"""A disk that is nearly full takes no more uploads, whichever way they come, and says so."""

from collections import namedtuple
from types import SimpleNamespace

import httpx
import pytest
from browsing import upload
from color_network import LABELS
from playwright.sync_api import expect

from resnet_hub.demo.fields.image_input.photo import kept_image
from resnet_hub.demo.intake import disk_space
from resnet_hub.demo.intake.disk_space import RESERVE_BYTES, check_disk
from resnet_hub.demo.overrides import mcp_server
from resnet_hub.demo.text.page_error import PageError

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
SENTENCE = "The disk of this page is nearly full, so it takes no pictures now; please try again in a while."
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def left(monkeypatch):
    """Sets how many bytes the disk has left."""

    def leave(free):
        monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - free, free))

    return leave


def send(address, data, **headers):
    return httpx.post(f"{address}/gradio_api/upload", files={"files": ("a.png", data)}, headers=headers)


def test_what_is_coming_counts_too(left):
    left(RESERVE_BYTES + 1000)
    check_disk(1000)
    with pytest.raises(PageError, match="nearly full"):
        check_disk(1001)


def test_a_program_gets_507_with_a_sentence_and_is_served_when_there_is_room(address, place, left, monkeypatch):
    data = (place / "crimson.png").read_bytes()
    left(RESERVE_BYTES + 10)
    answer = send(address, data)
    assert (answer.status_code, answer.text) == (507, SENTENCE)
    assert "磁盘快满了" in send(address, data, **{"Accept-Language": "zh-CN"}).text
    assert httpx.get(f"{address}/gradio_api/info").status_code == 200
    monkeypatch.undo()
    assert send(address, data).status_code == 200


def test_a_visitor_reads_the_sentence_and_goes_on_when_there_is_room(open_page, address, place, left, monkeypatch):
    page = open_page(address)
    left(0)
    upload(page, place / "crimson.png")
    expect(page.locator("#refused").get_by_role("alert")).to_have_text(SENTENCE)
    expect(page.locator("[data-testid=toast-body]")).to_have_count(0)
    monkeypatch.undo()
    page.reload()
    upload(page, place / "crimson.png")
    expect(page.locator("#verdict")).to_contain_text(LABELS[0])


def test_what_agents_send_and_what_is_fetched_needs_room_too(place, left, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    left(0)
    server = mcp_server.ToolServer.__new__(mcp_server.ToolServer)
    server.max_file_mb = 1
    with pytest.raises(ValueError, match="nearly full"):
        server.convert_strings_to_filedata({"image": "QUJD"}, [["image"]])
    with pytest.raises(PageError, match="nearly full"):
        kept_image((place / "crimson.png").read_bytes(), SimpleNamespace(GRADIO_CACHE=str(tmp_path)))
    assert list(tmp_path.rglob("*")) == []

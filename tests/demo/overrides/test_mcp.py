"""The page as tools, asked by a real client of the Model Context Protocol."""

import asyncio
import base64
import json
import logging
import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from browsing import served_page
from color_network import COLORS, LABELS, save_color_network, solid
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from resnet_hub.demo.overrides import mcp_server
from resnet_hub.demo.overrides.mcp_server import why_no_tools
from resnet_hub.demo.serving import inference
from resnet_hub.demo.settings import PageSettings

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
TOOLS = {"predict", "compare", "explain", "classify_batch"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("tools")
    save_color_network(place / "colors")
    shutil.copytree(place / "colors", place / "others")
    solid(COLORS[0]).save(place / "crimson.png")
    return place


@pytest.fixture(scope="module")
def address(folder):
    with served_page(folder / "colors", models=str(folder / "others"), max_file_mb=1) as settings:
        yield settings.address


@pytest.fixture(scope="module")
def image(folder):
    """The image as a data URI."""
    return f"data:image/png;base64,{base64.b64encode((folder / 'crimson.png').read_bytes()).decode()}"


@pytest.fixture(scope="module")
def ask(address):
    """Does something with a session, and returns what came back."""

    def run(work):
        async def talk():
            async with (
                streamable_http_client(f"{address}/gradio_api/mcp/") as (receive, send, _),
                ClientSession(receive, send) as session,
            ):
                await session.initialize()
                return await work(session)

        return asyncio.run(talk())

    return run


@pytest.fixture(scope="module")
def call(ask):
    return lambda name, **arguments: ask(lambda session: session.call_tool(name, arguments))


def test_the_tools_are_the_public_names_with_every_argument_described(ask):
    tools = {tool.name: tool for tool in ask(lambda session: session.list_tools()).tools}
    assert set(tools) == TOOLS
    for tool in tools.values():
        assert " Returns: " in tool.description
        assert all(described["description"] for described in tool.inputSchema["properties"].values())
        properties = tool.inputSchema["properties"]
        image = properties["image"] if "image" in properties else properties["files"]["items"]
        assert (image["type"], image["format"]) == ("string", "uri")
    assert tools["predict"].inputSchema["required"] == ["image"]
    assert tools["compare"].inputSchema["required"] == ["image", "models"]


def test_a_image_gets_its_classes_as_json(call, image):
    answer = call("predict", image=image, top_k=2)
    assert not answer.isError
    (content,) = answer.content
    assert [one["label"] for one in json.loads(content.text)["predictions"]] == list(LABELS[:2])


def test_bare_base64_is_a_image_too(call, image):
    assert '"crimson"' in call("predict", image=image.partition(",")[2]).content[0].text


def test_many_images_get_an_answer_each(call, image):
    answers = json.loads(call("classify_batch", files=[image, image], top_k=1).content[0].text)
    assert [one["predictions"][0]["label"] for one in answers] == ["crimson", "crimson"]


def test_networks_are_compared(call, image):
    answer = json.loads(call("compare", image=image, models=["colors", "others"]).content[0].text)
    assert answer["agree"] is True
    assert answer["sentence"] == "They agree: crimson."


def test_images_of_an_answer_come_as_images(call, image):
    words, gray, colors = call("explain", image=image).content
    assert json.loads(words.text)["overlay"] == "picture 2 of this answer"
    for shown in (gray, colors):
        assert shown.mimeType == "image/png"
        assert base64.b64decode(shown.data).startswith(b"\x89PNG")


def test_a_file_that_was_uploaded_is_asked_for_by_its_address(call, address, folder):
    with (folder / "crimson.png").open("rb") as file:
        (path,) = httpx.post(f"{address}/gradio_api/upload", files={"files": file}).json()
    assert '"crimson"' in call("predict", image=f"{address}/gradio_api/file={path}").content[0].text


def test_a_image_on_the_web_is_fetched_as_the_page_fetches(call, folder, monkeypatch):
    asked = []

    def fetch(address, limits):
        asked.append((address, limits.max_bytes))
        return (folder / "crimson.png").read_bytes()

    monkeypatch.setattr(inference, "fetch_image", fetch)
    assert '"crimson"' in call("predict", image="https://images.example/a.png").content[0].text
    assert asked == [("https://images.example/a.png", 1_000_000)]


MISTAKES = {
    "no class": ({"top_k": 0}, "The number of classes to show must be 1 or more."),
    "an unknown model": ({"model": "<b>"}, "'<b>' is no Hub id"),
    "a text for a number": ({"top_k": "three"}, "'three' is not of type 'number'"),
    "an unknown argument": ({"color": "red"}, "`color` is not a valid key-word argument"),
    "no text": ({"image": None}, "None is not of type 'string'"),
    "a path": ({"image": "/etc/passwd"}, "This is no picture in base64. Pictures are data URIs"),
    "a file of the server": ({"image": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}, "not of type"),
    "the same elsewhere": ({"model": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}, "not of type"),
    "the same as an address": ({"image": "http://127.0.0.1/gradio_api/file=/etc/passwd"}, "not, or no longer, on the"),
    "an address": ({"image": "http://127.0.0.1/a.png"}, "not public"),
    "no picture": ({"image": "data:image/png;base64,aGVsbG8="}, "The image is in no image format"),
    "too large": ({"image": "A" * 1_400_000}, "The picture is larger than 1 MB; make it smaller."),
}


@pytest.mark.parametrize(("wrong", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_a_sentence(call, image, wrong, sentence):
    answer = call("predict", **{"image": image, **wrong})
    assert answer.isError
    assert sentence in answer.content[0].text
    assert "\n" not in answer.content[0].text


def test_no_argument_names_a_file_of_the_server_where_nothing_checks_types(folder):
    # gradio's client would upload the file that such an object names.
    server = mcp_server.ToolServer.__new__(mcp_server.ToolServer)
    with pytest.raises(ValueError, match="must be a text"):
        server.convert_strings_to_filedata(
            {"model": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}]}, []
        )


def test_a_body_beyond_every_image_is_refused_before_it_is_read(address):
    answer = httpx.post(f"{address}/gradio_api/mcp/", content=b" " * 3_000_000)
    assert answer.status_code == 413


def test_what_an_agent_sent_is_cleared_away_like_an_upload(tmp_path, monkeypatch, image):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    server = mcp_server.ToolServer.__new__(mcp_server.ToolServer)
    server.max_file_mb = 1
    server.blocks = SimpleNamespace(upload_file_set=set())
    file = server.convert_strings_to_filedata({"image": image}, [["image"]])["image"]
    assert Path(file["path"]).is_relative_to(tmp_path)
    assert server.blocks.upload_file_set == {file["path"]}


def test_the_page_answers_without_tools(folder, caplog):
    with caplog.at_level(logging.INFO), served_page(folder / "colors", mcp="off") as settings:
        assert httpx.get(f"{settings.address}/gradio_api/mcp/schema").status_code == 404
        assert httpx.get(f"{settings.address}/gradio_api/info").status_code == 200
    assert "agents cannot use this page as tools: RESNET_HUB_MCP=off" in caplog.text


def missing(_name):
    raise PackageNotFoundError


@pytest.mark.parametrize(
    ("installed", "reason"),
    [
        (missing, "the package mcp is not installed"),
        (lambda _: "2.1", "gradio cannot use mcp 2.1"),
        (lambda _: "1.30", None),
    ],
    ids=["missing", "too new", "fits"],
)
def test_why_there_are_no_tools_is_told(monkeypatch, installed, reason):
    monkeypatch.setattr(mcp_server, "version", installed)
    told = why_no_tools(PageSettings())
    assert told is None if reason is None else told.startswith(reason)

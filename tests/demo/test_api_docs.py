"""docs/api.md, run word for word against a page whose network knows three flowers."""

import contextlib
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from browsing import served_page
from color_network import COLORS, save_color_network, solid

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
ADDRESS = "http://127.0.0.1:7860"


def runs(language):
    """The blocks of a language in their order, each with what it prints, or nothing."""
    after = [*BLOCKS[1:], ("", "")]
    return [
        (code, out if kind == "text" else "")
        for (name, code), (kind, out) in zip(BLOCKS, after, strict=True)
        if name == language
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of a page with the networks that the document names, and the folder of its image."""
    place = tmp_path_factory.mktemp("api")
    save_color_network(place / "flowers", labels=("daisy", "tulip", "rose"))
    shutil.copytree(place / "flowers", place / "garden")
    solid(COLORS[0]).save(place / "flower.jpg")
    (place / "notes.txt").write_text("no picture")
    with served_page(place / "flowers", models=str(place / "garden")) as settings:
        yield settings.address, place


def test_the_examples_in_python_print_what_the_document_says(page, monkeypatch):
    address, place = page
    monkeypatch.chdir(place)
    names = {}
    for code, expected in runs("python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code.replace(ADDRESS, address), names)
        assert printed.getvalue().replace("\N{NO-BREAK SPACE}", " ") == expected, code
    names["client"].close()
    assert len(runs("python")) > 8


def test_the_examples_with_curl_print_what_the_document_says(page):
    address, place = page
    beginning, *rest = [code.replace(ADDRESS, address) for code, _ in runs("bash")]
    expected = [out for _, out in runs("bash")][1:]
    for code, out in zip(rest, expected, strict=True):
        command = ["bash", "-euc", beginning + code]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300)
        assert (done.stdout, done.stderr) == (out, ""), code
    assert len(rest) > 3


def test_every_name_has_its_section_with_its_values(page):
    from gradio_client import Client

    client = Client(page[0], verbose=False)
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    client.close()
    assert len(endpoints) > 3
    assert [name for name in endpoints if f"\n## {name}\n" not in DOCUMENT] == []
    for name, described in endpoints.items():
        section = DOCUMENT.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]
        given, back = re.split(r"^\| output", section, flags=re.MULTILINE)[:2]
        assert re.findall(r"^\| `(\w+)` \|", given, re.MULTILINE) == [
            parameter["parameter_name"] for parameter in described["parameters"]
        ]
        told = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", back, re.MULTILINE))))
        answer = described["returns"][0]["type"]
        assert told == set(answer.get("items", answer)["properties"])


def test_the_settings_of_an_agent_are_json_with_the_address_of_the_tools():
    (settings,) = [code for code, _ in runs("json")]
    assert json.loads(settings)["mcpServers"]["resnet_hub"]["url"] == f"{ADDRESS}/gradio_api/mcp/"

"""What the owner of a page may set, and how wrong settings are told."""

import re
import socket
from dataclasses import fields
from pathlib import Path

import pytest

from resnet_hub.demo.launch import main
from resnet_hub.demo.settings import CHOICES, FALLBACKS, NUMBERS, VARIABLES, PageSettings, meanings, page_variables
from resnet_hub.errors import ConfigError


def test_an_empty_environment_gives_the_defaults():
    assert PageSettings.from_environment({}) == PageSettings()


def test_the_environment_is_read():
    environment = {
        "RESNET_HUB_MODEL": "owner/name",
        "RESNET_HUB_DEVICE": "cpu",
        "RESNET_HUB_TITLE": "Birds",
        "RESNET_HUB_MAX_FILE_MB": "5",
        "RESNET_HUB_MAX_QUEUE": "8",
        "HOST": "127.0.0.2",
        "PORT": "8000",
    }
    assert PageSettings.from_environment(environment) == PageSettings(
        model="owner/name", device="cpu", title="Birds", max_file_mb=5, max_queue=8, host="127.0.0.2", port=8000
    )


def test_a_source_given_goes_before_the_environment():
    assert PageSettings.from_environment({"RESNET_HUB_MODEL": "a/b"}, "folder").model == "folder"


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        ({}, "127.0.0.1"),
        ({"SPACE_ID": "owner/name"}, "0.0.0.0"),
        ({"GRADIO_SERVER_NAME": "0.0.0.0"}, "0.0.0.0"),
        ({"SPACE_ID": "owner/name", "HOST": "127.0.0.3"}, "127.0.0.3"),
        ({"GRADIO_SERVER_NAME": "0.0.0.0", "HOST": "127.0.0.3"}, "127.0.0.3"),
    ],
    ids=["own machine", "Space", "gradio's name", "HOST before Space", "HOST before gradio's name"],
)
def test_the_host_depends_on_where_the_page_runs(environment, host):
    assert PageSettings.from_environment(environment).host == host


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PORT": "http"}, "PORT='http' is out of range; expected a whole number from 1 to 65535"),
        ({"PORT": "0"}, "PORT=0 is out of range"),
        ({"PORT": "65536"}, "PORT=65536 is out of range"),
        ({"PORT": "²"}, "PORT='²' is out of range"),
        ({"RESNET_HUB_MAX_FILE_MB": "-1"}, "RESNET_HUB_MAX_FILE_MB='-1' is out of range"),
        ({"RESNET_HUB_MAX_QUEUE": ""}, "RESNET_HUB_MAX_QUEUE='' is out of range"),
        ({"RESNET_HUB_MODEL": " "}, "RESNET_HUB_MODEL is empty; give it a value or unset it"),
        ({"HOST": ""}, "HOST is empty"),
        ({"RESNET_HUB_MCP": "yes"}, "RESNET_HUB_MCP='yes' is not known; choose one of 'on', 'off'"),
        (
            {"RESNET_HUB_PREVIEW": "javascript:alert(1)"},
            "RESNET_HUB_PREVIEW='javascript:alert(1)' is no address that begins with https://",
        ),
        ({"RESNET_HUB_MODLE": "a/b"}, "there is no setting RESNET_HUB_MODLE; did you mean RESNET_HUB_MODEL?"),
        (
            {"RESNET_HUB_MAX_PICTURES": "9"},
            "there is no setting RESNET_HUB_MAX_PICTURES; did you mean RESNET_HUB_MAX_IMAGES?",
        ),
    ],
    ids=[
        "no number",
        "zero",
        "too high",
        "no ASCII digit",
        "negative",
        "empty number",
        "blank",
        "no host",
        "no choice",
        "no address",
        "misspelt",
        "renamed",
    ],
)
def test_a_value_that_cannot_be_meant_is_one_sentence(environment, sentence):
    with pytest.raises(ConfigError) as caught:
        PageSettings.from_environment(environment)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(("name", "bounds"), NUMBERS.items(), ids=NUMBERS)
def test_each_number_has_bounds(name, bounds):
    least, most = bounds
    variable = VARIABLES[name]
    for number in bounds:
        assert getattr(PageSettings.from_environment({variable: str(number)}), name) == number
    for number in (least - 1, most + 1, "many", "1.5"):
        with pytest.raises(
            ConfigError, match=f"{variable}=.* is out of range; expected a whole number from {least} to"
        ):
            PageSettings.from_environment({variable: str(number)})


def test_every_setting_is_read_from_a_variable_of_its_own():
    texts = {name: variable for name, variable in VARIABLES.items() if name not in {**NUMBERS, **CHOICES}}
    others = {**dict.fromkeys(NUMBERS, "7"), **{name: known[-1] for name, known in CHOICES.items()}}
    settings = PageSettings.from_environment(
        {**texts_of(texts), **{VARIABLES[name]: text for name, text in others.items()}}
    )
    assert {field.name: getattr(settings, field.name) for field in fields(settings)} == {
        **{name: text_of(name) for name in texts},
        **dict.fromkeys(NUMBERS, 7),
        **{name: known[-1] for name, known in CHOICES.items()},
    }


def texts_of(names):
    return {variable: text_of(name) for name, variable in names.items()}


def text_of(name):
    return f"https://{name}" if name == "preview" else f"<{name}>"


def test_nothing_but_the_page_s_own_network_may_be_offered():
    assert PageSettings.from_environment({"RESNET_HUB_MODELS": ""}).models == ""


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_is_documented_with_its_default(name):
    table = (Path(__file__).resolve().parents[2] / "docs" / "deploy.md").read_text("utf-8")
    default = getattr(PageSettings(), name)
    (row,) = re.findall(rf"^\| `{VARIABLES[name]}` \| (.*)$", table, re.MULTILINE)
    assert row.startswith(f"`{default}` | " if default != "" else "none | ")
    assert FALLBACKS.get(name, "") in row


def test_help_lists_every_variable_with_its_meaning_and_its_bounds(capsys, tmp_path):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"], tmp_path)
    told = " ".join(capsys.readouterr().out.split())
    for name, variable in VARIABLES.items():
        assert f" {variable} {meanings()[name]}" in told
    assert "RESNET_HUB_MAX_QUEUE Requests that may wait" in told
    assert "(1 to 10000; default: 64)" in told
    assert "Else GRADIO_SERVER_PORT. (1 to 65535; default: 7860)" in told


def test_names_of_other_programs_are_left_alone():
    assert PageSettings.from_environment({"RESNET_HUB_DATA": "somewhere", "PYTHONPATH": "."}) == PageSettings()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:7860"),
        ("0.0.0.0", "http://127.0.0.1:7860"),
        ("::", "http://[::1]:7860"),
        ("pages.example", "http://pages.example:7860"),
    ],
    ids=["local", "all of IPv4", "all of IPv6", "a name"],
)
def test_the_address_is_one_that_a_browser_can_open(host, address):
    assert PageSettings(host=host).address == address


def test_a_busy_port_is_named_with_another_one():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} is in use .* PORT={port + 1 if port < 65535 else 7860}$"):
            PageSettings(port=port).check_port_is_free()


def test_a_free_port_passes():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    PageSettings(port=port).check_port_is_free()


def test_a_host_that_is_no_address_of_this_machine_is_named():
    with pytest.raises(ConfigError, match=r"HOST='192\.0\.2\.1' is no address of this machine"):
        PageSettings(host="192.0.2.1", port=8123).check_port_is_free()


def test_a_folder_without_a_page_json_sets_nothing(tmp_path):
    assert page_variables(tmp_path) == {}


def test_a_model_beside_the_page_json_is_found_from_anywhere(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "page.json").write_text('{"RESNET_HUB_MODEL": "checkpoint", "RESNET_HUB_TITLE": "Birds"}')
    assert page_variables(tmp_path) == {
        "RESNET_HUB_MODEL": str(tmp_path / "checkpoint"),
        "RESNET_HUB_TITLE": "Birds",
    }


def test_a_model_of_the_hub_in_a_page_json_stays_a_name(tmp_path):
    (tmp_path / "page.json").write_text('{"RESNET_HUB_MODEL": "alice/birds"}')
    assert page_variables(tmp_path) == {"RESNET_HUB_MODEL": "alice/birds"}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"PORT": 80}', b"\xff", b"[" * 50_000, b'{"a": "' + b"x" * 100_000 + b'"}'],
    ids=["empty", "list", "number", "no text", "deep", "long"],
)
def test_a_page_json_that_cannot_be_meant_is_a_sentence(tmp_path, content):
    (tmp_path / "page.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"page\.json cannot be read; expected a short JSON object"):
        page_variables(tmp_path)

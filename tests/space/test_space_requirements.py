"""What a Space installs: exact versions, extras, and what a machine needs that lends its GPU."""

import re
import tomllib
from pathlib import Path

import pytest
from huggingface_hub import SpaceCard

from resnet_hub.card.parse import CardText
from resnet_hub.space.files import PresentSpace, SpaceSettings, space_files
from resnet_hub.space.model import served_model

REPOSITORY = Path(__file__).resolve().parents[2]


def space(checkpoint, readme="", hardware=None):
    """The files of a Space whose README.md may be there already."""
    present = PresentSpace(frozenset({"README.md"}), CardText.parse(readme.encode(), "README.md"))
    return space_files(served_model(str(checkpoint)), "alice/page", present, SpaceSettings(hardware=hardware))


def requirements(text):
    """Of each package that is asked for, its extras and what is said of its version."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, extras, versions = re.fullmatch(r"([\w.-]+)(?:\[([\w,-]*)\])?(.*)", line).groups()
            found[name] = (set((extras or "").split(",")) - {""}, versions)
    return found


def test_a_space_gets_exact_versions_of_what_the_package_and_its_page_need_and_no_trainer(tiny_checkpoint):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    listed = requirements("\n".join([*project["dependencies"], *project["optional-dependencies"]["demo"]]))
    given = requirements(space(tiny_checkpoint)["requirements.txt"].decode())
    assert {name: found[0] for name, found in given.items()} == {name: found[0] for name, found in listed.items()}
    assert all(re.fullmatch(r"==[\d.]+", versions) for _, versions in given.values())
    assert given["gradio"] == ({"mcp"}, "==6.31.0")


@pytest.mark.parametrize(
    ("readme", "hardware", "lent"),
    [
        ("", None, False),
        ("", "t4-small", False),
        ("", "zero-a10g", True),
        ("---\nsuggested_hardware: zero-a10g\n---\n", None, True),
        ("---\nsuggested_hardware: zero-a10g\n---\n", "cpu-basic", False),
    ],
    ids=["as it is", "a GPU", "a lent one", "a lent one, brought up to date", "no longer"],
)
def test_where_a_gpu_is_lent_the_space_gets_what_asks_for_it_and_a_python_that_is_there(
    tiny_checkpoint, readme, hardware, lent
):
    files = space(tiny_checkpoint, readme, hardware)
    data = SpaceCard(files["README.md"].decode()).data
    assert ("spaces" in requirements(files["requirements.txt"].decode())) == lent
    assert not lent or (data.python_version, data.suggested_hardware) == ("3.12", "zero-a10g")

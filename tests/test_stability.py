"""docs/stability.md names what stays, and no more and no less than that is there."""

import re
from pathlib import Path

import pytest

import resnet_hub
from resnet_hub import training
from resnet_hub.cli.commands.trainer import COMMANDS as TRAINER_COMMANDS
from resnet_hub.cli.entry import COMMANDS

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENT = (REPOSITORY / "docs" / "stability.md").read_text("utf-8")


def named(row):
    """The names in the second cell of a row of the document."""
    line = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{row}` |"))
    return re.findall(r"`([^`]+)`", line.split("|")[2])


@pytest.mark.parametrize("package", [resnet_hub, training], ids=["resnet_hub", "training"])
def test_every_public_name_is_promised_and_there(package):
    row = "resnet_hub" if package is resnet_hub else "resnet_hub.training"
    assert named(row) == sorted(package.__all__)
    assert all(hasattr(package, name) for name in named(row))


def test_every_command_is_promised_and_there():
    assert named("resnet-hub") == sorted({*COMMANDS, *TRAINER_COMMANDS})


def test_every_entry_is_promised_and_there():
    for name in named("accelerate launch -m resnet_hub.training."):
        assert "def main(" in (REPOSITORY / "training" / f"{name}.py").read_text("utf-8")


def test_the_promised_endpoints_are_those_of_the_documentation():
    promised = re.findall(r"`(/\w+)`", DOCUMENT.split("## Over HTTP")[1])
    documented = re.findall(r"^\| \[`(/\w+)`\]", (REPOSITORY / "docs" / "api.md").read_text("utf-8"), flags=re.M)
    assert promised == documented

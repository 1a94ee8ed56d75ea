"""Outputs that are full, closed or read no further end each command in a sentence and a status; a log ends nothing."""

import io
import logging
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

import pytest
from color_network import COLORS, solid
from huggingface_hub import HfApi

from resnet_hub import create_model
from resnet_hub.cli.entry import HELPS, main
from resnet_hub.errors import DataError
from resnet_hub.terminal import FAILED, UNREAD, on_standard_streams
from training.entry import run_command

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A folder with a network and an image."""
    folder = tmp_path_factory.mktemp("network")
    create_model("cifar_resnet20", num_classes=3).save_pretrained(folder)
    solid(COLORS[0]).save(folder / "a.png")
    return folder


@contextmanager
def full():
    stream = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
    yield stream
    with suppress(OSError):
        stream.close()


@contextmanager
def closed():
    yield None  # what sys.stdout is where a shell has closed it


@contextmanager
def unread():
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    yield stream
    with suppress(OSError):
        stream.close()


ENDS = {
    full: (FAILED, "error: the output cannot be written (No space left on device), so it is incomplete; "),
    closed: (FAILED, "error: the output cannot be written (it is closed), so it is incomplete; "),
    unread: (UNREAD, ""),
}
COMMANDS = [
    "--help",
    "--version",
    "list resnet18",
    "list --tags --json",
    "info test_resnet",
    "info NETWORK --json",
    "predict NETWORK NETWORK/a.png",
    "predict NETWORK NETWORK/a.png --csv",
    "predict NETWORK NETWORK/a.png --json",
    "embed NETWORK NETWORK/a.png --csv",
    "convert NETWORK NETWORK/converted --overwrite",
    "space NETWORK alice/page --dry-run NETWORK/page",
    *(f"{name} --help" for name in HELPS),
]
ENTRIES = ("finetune", "evaluate", "predict", "check")


def ended(command, monkeypatch, make):
    """The status of a command with this standard output, and what it complained of."""
    said = io.StringIO()
    with monkeypatch.context() as patch, make() as stdout:
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", said)
        status = command()
    return status, said.getvalue()


@pytest.mark.parametrize("make", ENDS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_output_cannot_be_written_says_so(command, make, network, monkeypatch):
    arguments = command.replace("NETWORK", str(network)).split()
    status, said = ended(lambda: main(arguments), monkeypatch, make)
    expected, sentence = ENDS[make]
    assert status == expected
    assert (said.splitlines() or [""])[-1].startswith(sentence)
    assert len(said.splitlines()) == (1 if sentence else 0)


@pytest.mark.parametrize("make", ENDS, ids=lambda make: make.__name__)
def test_a_push_whose_address_cannot_be_written_is_done_and_says_so(make, network, monkeypatch, fake_hub):
    status, said = ended(lambda: main(["push", str(network), "alice/net"]), monkeypatch, make)
    expected, sentence = ENDS[make]
    assert status == expected
    assert (said.splitlines() or [""])[-1].startswith(sentence)
    assert "model.safetensors" in HfApi().list_repo_files("alice/net")


@pytest.mark.parametrize("make", ENDS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_of_the_trainer_whose_output_cannot_be_written_says_so(name, make, monkeypatch):
    entry = import_module(f"training.{name}")
    status, said = ended(lambda: entry.main(["--help"]), monkeypatch, make)
    expected, sentence = ENDS[make]
    assert status == expected
    assert said.startswith(sentence)
    assert len(said.splitlines()) == (1 if sentence else 0)


@pytest.mark.parametrize("make", ENDS, ids=lambda make: make.__name__)
def test_what_is_said_beside_the_work_ends_none(make, monkeypatch, capsys):
    done = []

    def work(_):
        logging.getLogger("training").info("an epoch")
        sys.stderr.write("a bar")
        sys.stderr.flush()
        done.append(True)
        raise DataError("data.no_rows")

    with monkeypatch.context() as patch, make() as stderr:
        patch.setattr(sys, "stderr", stderr)
        assert run_command(work, []) == 2
        assert main(["lits"]) == 2
    assert done
    assert capsys.readouterr() == ("", "")


def test_a_fault_of_something_else_is_not_hidden(monkeypatch):
    def command():
        raise OSError("of a socket")

    with pytest.raises(OSError, match="of a socket"):
        on_standard_streams(command)


PROCESSES = {
    "closed": ("list resnet18 >&-", 1, "error: the output cannot be written (it is closed)"),
    "all closed but one": ("list resnet18 <&- >&-", 1, "error: the output cannot be written (it is closed)"),
    "full": ("list resnet18 >/dev/full", 1, "error: the output cannot be written (No space left on device)"),
    "full, with more than waits in a buffer": (
        "list --tags --json >/dev/full",
        1,
        "error: the output cannot be written (No space left on device)",
    ),
    "read no further": ("list --tags --json | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}", 141, ""),
    "nobody to tell": ("lits 2>&-", 2, ""),
    "nobody at all": ("list resnet18 >&- 2>&-", 1, ""),
}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_ends_without_a_traceback(name):
    command, status, sentence = PROCESSES[name]
    # Unbuffered, nothing would wait to be written that the interpreter could complain of at its end.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    line = f"{sys.executable} -m resnet_hub {command}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == (1 if sentence else 0)

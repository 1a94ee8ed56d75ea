"""The command line as a whole: help, mistakes as sentences, exit statuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import zygote

from resnet_hub.cli.entry import COMMANDS, HELPS, main

REPOSITORY = Path(__file__).resolve().parents[2]


def process(*arguments, **environment):
    command = ["-m", "resnet_hub", *arguments]
    return zygote.run(command, needs=["resnet_hub.cli.entry"], cwd=REPOSITORY, env={**os.environ, **environment})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("lits",), "there is no command 'lits'; the nearest are 'list'"),
        (("--json", "list"), "the command comes first: resnet-hub list|info|predict|embed|convert|export|push|"),
        (("list", "--tag"), "there is no flag '--tag'; the nearest are '--tags'"),
        (("list", "resnte50"), "nothing matches 'resnte50'; the nearest are 'resnet50', "),
        (("list", "resnet5?", "--exclude", "resnet*"), "nothing matches 'resnet5?' but not 'resnet*'; exclude less"),
        (("list", "--exclude", "*"), "nothing matches '*' but not '*'; exclude less"),
        (("list", "--tags", "resnet50.a9*"), "nothing matches 'resnet50.a9*'; the nearest are 'resnet50."),
        (("info",), "the following arguments are required: SOURCE; see resnet-hub info --help"),
        (("info", "resnet50", "extra"), "resnet-hub info takes no 'extra'"),
        (("info", "resnet5O"), "there are no published weights for 'resnet5O', and nothing here has that path"),
        (("info", "./nothing"), "there is no folder or file './nothing'"),
        (("predict", "resnet50"), "the following arguments are required: IMAGE"),
        (("predict", "resnext101_32x16d", "a.jpg"), "all published weights of 'resnext101_32x16d' are under CC-BY-NC"),
        (("predict", ".", "a.jpg", "--revision", "dev"), "'.' is a folder here, which has no revision 'dev'; drop one"),
        (("predict", "resnet50", "a.jpg", "--csv", "--json"), "argument --json: not allowed with argument --csv"),
        (("predict", "resnet50", "a.jpg", "--top-k", "x"), "argument --top-k: invalid int value: 'x'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_a_sentence(run, arguments, says):
    status, text, complaints = run(*arguments)
    assert (status, text) == (2, "")
    assert complaints.startswith(f"error: {says}")
    assert len(complaints.splitlines()) == 1


@pytest.mark.parametrize("arguments", [(), ("--help",), ("info", "-h"), *((name, "--help") for name in COMMANDS)])
def test_help_is_help(capsys, arguments):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert text.startswith("usage: resnet-hub")
    if len(arguments) < 2:
        assert all(f"  {name} " in text for name in HELPS)


def test_the_module_runs_as_a_program():
    done = process("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("resnet-hub ")


def test_a_mistake_of_the_program_has_no_traceback():
    done = process("info", "resnet5O")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m resnet_hub list --tags --json | true"
    done = subprocess.run(command, shell=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("", "")

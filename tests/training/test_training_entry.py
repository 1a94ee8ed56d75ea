"""A user's mistake is one sentence and exit status 2; a defect keeps its traceback."""

import logging
import os
import signal

import pytest

from resnet_hub.errors import DataError
from training.entry import run_command


def fail(error):
    def command(flags):
        raise error

    return command


def test_a_mistake_is_one_sentence_without_a_traceback(capsys):
    assert run_command(fail(DataError("data.no_folder", source="cats")), []) == 2
    assert capsys.readouterr().err == (
        "error: --dataset 'cats': there is no such folder; give a folder of class folders or parquet files, "
        "a Hub id such as owner/name, or digits\n"
    )


def test_a_name_of_a_stranger_moves_no_terminal(capsys):
    def command(flags):
        logging.getLogger("training.loop").warning("tensor %s", "\x1b[31mevil")
        raise DataError("data.no_folder", source="\x1b[2J")

    assert run_command(command, []) == 2
    said = capsys.readouterr().err
    assert said.startswith("tensor \\x1b[31mevil\nerror: --dataset '\\x1b[2J'")


def test_only_the_main_process_speaks(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    assert run_command(fail(DataError("data.no_rows")), []) == 2
    assert capsys.readouterr().err == ""


def test_a_defect_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_command(fail(ZeroDivisionError()), [])


def test_an_interrupt_ends_quietly(capsys):
    for number, name in ((signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")):
        assert run_command(lambda _, number=number: os.kill(os.getpid(), number), []) == 128 + number
        assert capsys.readouterr().err == f"stopped by {name} before it was done\n"


def test_success_is_status_zero():
    assert run_command(lambda flags: None, []) == 0

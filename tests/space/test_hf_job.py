"""The script of a Job: it tells what it costs before it does anything, and makes the page after the training."""

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import HfApi

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "hf_job.py"
PUSH = ["--push-to-hub", "alice/net"]


@pytest.fixture
def started(monkeypatch):
    """The commands that it starts, of which those fail that hold a word of the list `fail`."""
    commands, fail = [], []

    def start(command, check):
        commands.append(command[1:])
        return SimpleNamespace(returncode=3 if set(fail) & set(command) else 0)

    monkeypatch.setattr(subprocess, "run", start)
    return commands, fail


def run(monkeypatch, *flags):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *flags])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    return ended.value.code


def offer(monkeypatch, **hardware):
    hardware = {"name": "l4x1", "pretty_name": "L4", "unit_cost_usd": 0.0133, "unit_label": "minute", **hardware}
    monkeypatch.setattr(HfApi, "list_jobs_hardware", lambda self: [SimpleNamespace(**hardware)])


def test_a_dry_run_tells_the_most_that_it_costs_and_starts_nothing(monkeypatch, started, capsys):
    offer(monkeypatch)
    assert run(monkeypatch, "--flavor", "l4x1", "--timeout", "2h", "--dry-run", *PUSH) == 0
    assert capsys.readouterr().out == "L4: 120 minutes at 0.0133 USD each, at most 1.60 USD\n"
    assert not started[0]


@pytest.mark.parametrize(
    ("hardware", "said"),
    [({"name": "t4"}, "the Hub offers no 'l4x1'; it offers t4"), ({"unit_label": "hour"}, "priced by the hour")],
)
def test_a_price_that_is_not_known_is_said(monkeypatch, started, capsys, hardware, said):
    offer(monkeypatch, **hardware)
    assert run(monkeypatch, "--flavor", "l4x1", "--dry-run", *PUSH) != 0
    assert said in capsys.readouterr().err


def test_a_hub_that_tells_no_prices_is_named(monkeypatch, fake_hub, capsys):
    assert run(monkeypatch, "--dry-run", *PUSH) == 1
    assert "see `hf jobs hardware`" in capsys.readouterr().err


def test_the_page_follows_the_training_with_its_flags(monkeypatch, started):
    commands, _ = started
    assert run(monkeypatch, "--space", "alice/page", "--dataset", "alice/colors", "--epochs", "3", *PUSH) == 0
    assert commands[0][:2] == ["-m", "resnet_hub.training.finetune"]
    assert commands[0][2:6] == ["--dataset", "alice/colors", "--epochs", "3"]
    assert commands[1] == ["-m", "resnet_hub", "space", "alice/net", "alice/page"]


def test_a_training_that_fails_makes_no_page(monkeypatch, started):
    commands, fail = started
    fail.append("resnet_hub.training.finetune")
    assert run(monkeypatch, "--space", "alice/page", *PUSH) == 3
    assert len(commands) == 1

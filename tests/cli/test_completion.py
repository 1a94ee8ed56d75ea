"""`resnet-hub completion`: what a shell completes is what there is."""

import argparse
import importlib.util

import pytest

from resnet_hub.cli.commands.completion import whole_parser
from resnet_hub.cli.entry import COMMANDS, HELPS
from training.settings import FinetuneRecipe, flag_of


@pytest.fixture(scope="module")
def parsers():
    actions = whole_parser(COMMANDS)._actions
    return next(action.choices for action in actions if isinstance(action, argparse._SubParsersAction))


def test_every_command_is_completed(parsers):
    assert set(parsers) == set(HELPS)
    assert "--top-k" in parsers["predict"]._option_string_actions


def test_the_flags_of_a_run_are_completed_too(parsers):
    flags = set(parsers["finetune"]._option_string_actions)
    assert {flag_of(name) for name in FinetuneRecipe.COMMON} | {"--recipe", "--resume", "--help-all"} <= flags


def test_without_shtab_a_sentence_says_the_command_that_installs_it(run, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr("resnet_hub.imports.extras.find_spec", lambda name: None if name == "shtab" else found(name))
    assert run("completion", "bash") == (
        2,
        "",
        "error: completion in a shell needs what is not installed (shtab); install it with:  "
        "pip install 'resnet_hub[completion]'\n",
    )

"""`resnet-hub completion SHELL`: the script with which a shell completes commands and flags, written by shtab."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from importlib import import_module

from resnet_hub.cli.commands.trainer import COMMANDS as TRAINER_COMMANDS
from resnet_hub.cli.parser import PROGRAM, Command, print_lines
from resnet_hub.errors import Phrase
from resnet_hub.imports import MissingExtraError, is_installed

SHELLS = ("bash", "zsh", "tcsh")
HELP = "Writes what a shell completes commands and flags with: bash, zsh or tcsh."


def completion_command(commands: Mapping[str, Command]) -> Command:
    """The command that writes the script for these commands and those of the trainer."""

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
        parser.epilog = f'eval "$({PROGRAM} completion bash)" in ~/.bashrc completes from then on.'

    def run(given: argparse.Namespace) -> int:
        if not is_installed("shtab"):
            use = Phrase("install.completion")
            raise MissingExtraError("install.missing", use=use, missing="shtab", extra="completion")
        print_lines([import_module("shtab").complete(whole_parser(commands), given.shell)])
        return 0

    return Command(HELP, add_arguments, run)


def whole_parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """One parser of all commands with their flags; without what trains, those of the trainer have none."""
    whole = argparse.ArgumentParser(PROGRAM)
    parsers = whole.add_subparsers(dest="command", parser_class=argparse.ArgumentParser)
    for name, row in commands.items():
        row.add_arguments(parsers.add_parser(name, help=row.help))
    for name, trainer_row in TRAINER_COMMANDS.items():
        own = []
        if is_installed("accelerate", "datasets"):
            settings = import_module("resnet_hub.training.settings")
            own = [settings.parser_of(trainer_row.entry)]
        parsers.add_parser(name, help=trainer_row.help, parents=own, add_help=not own)
    return whole

"""The command line `resnet-hub`: the table of its commands, and every mistake as one sentence."""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from resnet_hub.checks import nearest
from resnet_hub.cli.commands import CONVERSION, EXPORT, LISTINGS, SHARING, completion_command, run_trainer
from resnet_hub.cli.commands import TRAINER as TRAINER_COMMANDS
from resnet_hub.cli.inference import COMMANDS as INFERENCE
from resnet_hub.cli.parser import MISTAKE, PROGRAM, complain, run_command
from resnet_hub.cli.terminal import printable
from resnet_hub.errors import ConfigError, ResNetHubError
from resnet_hub.terminal import ArgumentParser, log_printable_lines, on_standard_streams

COMMANDS = {**LISTINGS, **INFERENCE, **CONVERSION, **EXPORT, **SHARING}
COMMANDS["completion"] = completion_command(COMMANDS)
OTHER_NAMES = {
    "train": "finetune",
    "fine-tune": "finetune",
    "fit": "finetune",
    "eval": "evaluate",
    "val": "evaluate",
    "test": "evaluate",
    "classify": "predict",
    "upload": "push",
    "serve": "space",
    "download": "convert",
}
"""What other command lines call a command -> its name here."""
PROGRAMS = {
    "app": "python app.py SOURCE",
    "demo": "python app.py SOURCE",
    "ui": "python app.py SOURCE",
    "webui": "python app.py SOURCE",
    "login": "hf auth login",
    "help": f"{PROGRAM} --help",
    "version": f"{PROGRAM} --version",
}
"""What is asked for as a command and is another program's -> what to type."""
HELPS = {name: row.help for name, row in COMMANDS.items()} | {name: row.help for name, row in TRAINER_COMMANDS.items()}
"""The sentence of every command, also of those that take their flags apart themselves."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit status."""
    return on_standard_streams(lambda: _main(sys.argv[1:] if arguments is None else arguments))


def _main(given: Sequence[str]) -> int:
    log_printable_lines()
    logging.getLogger("resnet_hub").setLevel(logging.INFO)
    try:
        if given and given[0] in TRAINER_COMMANDS:
            return run_trainer(TRAINER_COMMANDS[given[0]], given[1:])
        with warnings.catch_warnings():
            warnings.simplefilter("always", FutureWarning)
            warnings.showwarning = _show_warning  # type: ignore[assignment]  # the rest of it is not shown
            return _run(given)
    except ResNetHubError as error:
        complain(error)
        return MISTAKE
    except KeyboardInterrupt:
        return 130


def _run(arguments: Sequence[str]) -> int:
    parser = _top_parser()
    first = arguments[0] if arguments else "--help"
    if first.startswith("-"):
        parser.parse_known_args([first])
        raise ConfigError("cli.command_first", program=PROGRAM, commands="|".join(HELPS))
    if first in PROGRAMS:
        raise ConfigError("cli.other_program", name=first, program=PROGRAMS[first])
    if first not in COMMANDS:
        meant = repr(OTHER_NAMES[first]) if first in OTHER_NAMES else nearest(first, HELPS)
        raise ConfigError("cli.unknown_command", name=first, nearest=meant)
    return run_command(first, COMMANDS[first], arguments[1:])


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, HELPS))
    lines = [f"  {name:<{width}}  {text}" for name, text in HELPS.items()]
    parser = ArgumentParser(
        PROGRAM,
        usage=f"{PROGRAM} COMMAND ...",
        description="\n".join(["Residual networks: list them, ask, share and train them.", "", "commands:", *lines]),
        epilog=f"`{PROGRAM} COMMAND --help` tells what a command takes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {_version()}")
    return parser


def _show_warning(message: Warning | str, *_details: Any) -> None:
    sys.stderr.write(f"warning: {printable(str(message))}\n")


def _version() -> str:
    try:
        return version("resnet_hub")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"

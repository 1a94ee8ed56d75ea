"""What every command of `resnet-hub` is made of: a row of the table, its arguments, its output."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from resnet_hub.cli.terminal import printable
from resnet_hub.errors import Phrase
from resnet_hub.terminal import FAILED as FAILED
from resnet_hub.terminal import ArgumentParser, printable_message

PROGRAM = "resnet-hub"
MISTAKE = 2
"""Exit status after a user's mistake."""
SOURCE_HELP = "architecture, published tag, checkpoint folder or weights file, or owner/name on the Hub"


OTHER_FLAGS = {
    "--model": "SOURCE",
    "--weights": "SOURCE",
    "--checkpoint": "SOURCE",
    "--image": "IMAGE",
    "--images": "IMAGE",
    "--input": "IMAGE",
    "--repo-id": "OWNER/NAME",
    "--repo": "OWNER/NAME",
    "--format": "--to",
    "--topk": "--top-k",
    "-k": "--top-k",
    "--out": "--output",
    "-o": "--output",
}
"""Flag of another command line -> the flag, or the word without one, that it is here."""


class Command(NamedTuple):
    """One word of the command line."""

    help: str
    """One sentence."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    """Adds the command's arguments to a parser."""
    run: Callable[[argparse.Namespace], int]
    """Does it and returns the exit status. Raises: ResNetHubError."""


def add_bare_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what a weights file without a config may need said of it."""
    parser.add_argument("--architecture", metavar="NAME", help="the network, where SOURCE is a file that fits several")
    parser.add_argument("--num-classes", type=int, metavar="N", help="classes of its head, where they differ")


def bare_file_options(given: argparse.Namespace) -> dict[str, Any]:
    """The same as options of `from_pretrained`; those that were not given are absent."""
    said = {"architecture": given.architecture, "num_classes": given.num_classes}
    return {name: value for name, value in said.items() if value is not None}


def run_command(name: str, command: Command, arguments: Sequence[str]) -> int:
    """The exit status of the command with these arguments. Raises: ResNetHubError."""

    def meant(flag: str, flags: Collection[str], given: argparse.Namespace) -> Phrase | None:
        here = OTHER_FLAGS.get(flag.replace("_", "-"), flag.replace("_", "-"))
        if here in flags:
            return Phrase("cli.flag_here", here=here)
        words = [str(action.metavar) for action in parser._actions if not action.option_strings]
        return Phrase("cli.word_here", word=here, usage=" ".join([name, *words])) if here in words else None

    parser = ArgumentParser(f"{PROGRAM} {name}", description=command.help, explain_unknown=meant)
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments))


def print_lines(lines: Sequence[str]) -> None:
    """Writes each line to the standard output."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def print_json(values: Any) -> None:
    """Writes the values to the standard output, for programs."""
    # json escapes all but printable ASCII by itself, so no text in it can hold terminal escape sequences.
    sys.stdout.write(json.dumps(values, indent=2) + "\n")


def complain(error: Exception | Phrase | str) -> None:
    """Writes what went wrong to the standard error."""
    sys.stderr.write(f"error: {printable_message(str(error))}\n")


def remark(phrase: Phrase) -> None:
    """Writes what a user should know of the work to the standard error, on one line."""
    sys.stderr.write(f"{printable(str(phrase))}\n")

"""`--help` of an entry: the flags that most people need; `--help-all` has every flag, in groups."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from resnet_hub.terminal import ArgumentParser

COMMON = "the flags that most runs need"
ALL = "--help-all"


class SettingsParser(ArgumentParser):
    """A parser of many flags, whose help begins with few."""

    def __init__(self, program: str, *, description: str | None, **options: Any) -> None:
        """An empty parser. See `ArgumentParser`."""
        super().__init__(program, description=description, add_help=False, **options)
        self.common: list[argparse.Action] = []
        """Flags that the short help shows, in its order."""
        self.add_argument(
            "-h", "--help", action=_Help, nargs=0, default=argparse.SUPPRESS, help="show the flags that most runs need"
        )
        self.add_argument(ALL, action=_Help, nargs=0, default=argparse.SUPPRESS, help="show every flag")

    def format_help(self) -> str:
        """Every flag in its group."""
        return f"usage: {self.prog} [flags]\n\n{super().format_help().partition(chr(10) * 2)[2]}"

    def format_short_help(self) -> str:
        """The flags of `common`, and how many there are besides."""
        formatter = self._get_formatter()
        formatter.add_text(self.description)
        formatter.start_section(COMMON)
        formatter.add_arguments(self.common)
        formatter.end_section()
        flags = [action for action in self._actions if not isinstance(action, _Help)]
        rest = len(flags) - len(self.common)
        if rest:
            formatter.add_text(f"{ALL} shows {rest} more, in groups.")
        return f"usage: {self.prog} [flags]\n\n{formatter.format_help()}"


class _Help(argparse.Action):
    """Shows the help, and ends the program."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        if isinstance(parser, SettingsParser) and option_string != ALL and parser.common:
            sys.stdout.write(parser.format_short_help())
        else:
            sys.stdout.write(parser.format_help())
        parser.exit()

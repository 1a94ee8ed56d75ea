"""What the entries share: plain logging on the main process, and a user's mistake as one plain sentence."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from resnet_hub.errors import ResNetHubError
from resnet_hub.terminal import log_printable_lines, on_standard_streams, printable

from .settings import Settings, launch_command, settings_parser
from .stop_signals import Stopped, ended_by_signals, ended_with_launcher

Given = TypeVar("Given", bound=Settings)

MISTAKE = 2
"""Exit status after a user's mistake."""


def run_settings(
    work: Callable[[Given], object], settings: type[Given], entry: str, arguments: Sequence[str] | None
) -> int:
    """Runs an entry on the settings that its flags give, those of the process where None; returns the exit status."""

    def command(flags: Sequence[str]) -> object:
        return work(settings(**vars(settings_parser(settings, launch_command(entry)).parse_args(flags))))

    return run_command(command, sys.argv[1:] if arguments is None else arguments)


def run_command(command: Callable[[Sequence[str]], object], arguments: Sequence[str]) -> int:
    """Runs a command line and returns its exit status."""
    return on_standard_streams(lambda: _run(command, arguments))


def _run(command: Callable[[Sequence[str]], object], arguments: Sequence[str]) -> int:
    log_printable_lines()
    main = os.environ.get("RANK", "0") == "0"
    logging.getLogger("training").setLevel(logging.INFO if main else logging.ERROR)
    logging.getLogger("resnet_hub").setLevel(logging.INFO if main else logging.ERROR)
    try:
        with ended_by_signals(), ended_with_launcher():
            command(arguments)
    except ResNetHubError as error:
        if main:
            sys.stderr.write(f"error: {printable(str(error))}\n")
        return MISTAKE
    except KeyboardInterrupt as stop:
        if main:
            sys.stderr.write(f"{printable(str(stop)) or 'stopped'}\n")
        return stop.status if isinstance(stop, Stopped) else 128 + signal.SIGINT
    return 0

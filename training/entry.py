"""What the entries share: plain logging on the main process, and a user's mistake as one plain sentence."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TypeVar

from resnet_hub.errors import ResNetHubError
from resnet_hub.terminal import log_printable_lines, on_standard_streams, printable, printable_message

from .processes import (
    BEAT_SECONDS,
    ENDING_SECONDS,
    LOST,
    SILENT_SECONDS,
    Heartbeat,
    Stopped,
    ended_by_signals,
    ended_with_launcher,
    handled,
    is_of_group,
    launcher_adds_traceback,
    watched,
)
from .settings import Settings, launch_command, settings_parser

Given = TypeVar("Given", bound=Settings)

MISTAKE = 2
"""Exit status after a user's mistake."""
BELOW = "(accelerate's own traceback follows; it says no more, and accelerate launch --quiet leaves it out)"


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
    level = logging.INFO if is_main() else logging.ERROR
    logging.getLogger("training").setLevel(level)
    logging.getLogger("resnet_hub").setLevel(level)
    with watched() as heartbeat, handled(_pass_over):
        try:
            with ended_by_signals(), ended_with_launcher():
                command(arguments)
        except ResNetHubError as error:
            return _refused(str(error), heartbeat)
        except KeyboardInterrupt as stop:
            if heartbeat and heartbeat.find_loss(2 * BEAT_SECONDS):
                return LOST
            if is_main():
                sys.stderr.write(f"{printable(str(stop)) or 'stopped'}\n")
            return stop.status if isinstance(stop, Stopped) else 128 + signal.SIGINT
        except Exception as error:
            if heartbeat is None:
                raise
            if heartbeat.find_loss(SILENT_SECONDS + ENDING_SECONDS if is_of_group(error) else 0):
                return LOST
            heartbeat.fail(f"{type(error).__name__}: {error}")
            raise
    return 0


def _pass_over(number: int, frame: FrameType | None) -> None:
    """Answers a signal while the end of the work is told: a launcher sends one to all when a process is lost."""
    if number == signal.SIGINT:
        sys.exit(128 + number)


def is_main() -> bool:
    """Whether this process speaks for all of its run."""
    return os.environ.get("RANK", "0") == "0"


def _refused(reason: str, heartbeat: Heartbeat | None) -> int:
    """Says why the work cannot be done, once on each machine where all processes find the same; returns the status."""
    if heartbeat and heartbeat.loss:
        return LOST  # which has been said
    if is_main():
        sys.stderr.write(f"error: {printable_message(reason)}\n")
        if launcher_adds_traceback():
            sys.stderr.write(f"{BELOW}\n")
    if heartbeat:
        said = heartbeat.fail(reason)
        if not is_main() and (not said or os.environ.get("LOCAL_RANK") == "0"):
            sys.stderr.write(f"error: process {heartbeat.rank} of {heartbeat.size}: {printable_message(reason)}\n")
    return MISTAKE

"""What a user types to run an entry: `accelerate launch -m training.finetune`, or `resnet-hub finetune`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PACKAGE = __name__.removesuffix(".settings.flags.program")
"""`training` in a checkout, `resnet_hub.training` where it is installed."""
COMMANDS = {"check": "check", "finetune": "finetune", "evaluate": "evaluate", "predict": "predict-dataset"}
"""Entry -> the command of `resnet-hub` that runs it."""
_by_command = ContextVar("by_command", default=False)


@contextmanager
def as_command() -> Iterator[None]:
    """A block that is run by `resnet-hub`."""
    token = _by_command.set(True)
    try:
        yield
    finally:
        _by_command.reset(token)


def launch_command(entry: str, processes: int = 1) -> str:
    """The words that stand before the flags of an entry.

    Args:
        entry: check, finetune, evaluate or predict.
        processes: How many of them; only the launcher starts several.
    """
    if processes == 1 and _by_command.get():
        return f"resnet-hub {COMMANDS[entry]}"
    several = f"--multi_gpu --num_processes {processes} " if processes > 1 else ""
    return f"accelerate launch {several}-m {PACKAGE}.{entry}"

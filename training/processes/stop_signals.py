"""The signals that ask a run to stop: Ctrl-C, and those of schedulers, containers and closed terminals."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""The last two are what Slurm is told to send ahead of its time limit, as in `--signal=USR1@120`."""
LAUNCHERS = (
    "accelerate",
    "accelerate.commands.launch",
    "torchrun",
    "torch.distributed.run",
    "torch.distributed.launch",
)
WATCH_SECONDS = 0.5
WORKER_SECONDS = 30
"""How long a worker outlives a signal that its parent has too: long enough for the parent to end its step."""

_IMPORTED = time.monotonic()
_AGE_AT_IMPORT = max(0.0, min(600.0, time.time() - psutil.Process().create_time()))

Handler = Callable[[int, FrameType | None], object]


class Stopped(KeyboardInterrupt):
    """The end of a program that was asked to stop; the message says what there is now, and how to go on."""

    def __init__(self, message: str = "", *, status: int = 128 + signal.SIGINT) -> None:
        super().__init__(message)
        self.status = status
        """The exit status: 128 and the signal's number, as shells have it."""


def signal_name(number: int) -> str:
    """What a person calls the signal."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


@contextmanager
def handled(handler: Handler) -> Iterator[None]:
    """A block in which `handler` answers all signals that stop, but for those ignored before, as SIGHUP by nohup.

    Outside of the main thread, where none can arrive, it does nothing.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}
        before = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
        for number in before:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A block that such a signal ends at once. Raises: Stopped."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(f"stopped by {signal_name(number)} before it was done", status=128 + number)

    with handled(stop):
        yield


@contextmanager
def ended_with_launcher() -> Iterator[None]:
    """A block that gets SIGTERM when the launcher that started this process is gone, which else nobody would end.

    accelerate's launcher passes no signal on to a single process, and one that is killed passes none to any.
    """
    ended = threading.Event()
    parent = os.getppid()
    if _is_launcher(parent):

        def watch() -> None:
            while not ended.wait(WATCH_SECONDS):
                if os.getppid() != parent:
                    os.kill(os.getpid(), signal.SIGTERM)
                    return

        threading.Thread(target=watch, name="launcher-watch", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def launcher_adds_traceback() -> bool:
    """Whether the launcher that started this process answers any status but 0 with a traceback of its own."""
    words = _words(os.getppid())
    program = [Path(word).name for word in words[:4]]
    return ("accelerate" in program or "accelerate.commands.launch" in program) and "--quiet" not in words


def _is_launcher(process: int) -> bool:
    return any(Path(word).name in LAUNCHERS for word in _words(process)[:4])


def _words(process: int) -> list[str]:
    """The command line of a process, empty where that cannot be known."""
    try:
        return psutil.Process(process).cmdline()
    except psutil.Error:
        return []


def left_to_parent() -> None:
    """Lets a DataLoader worker pass over what its parent is asked as well, which needs it until it has saved.

    SIGTERM, by which PyTorch ends workers that do not end themselves, ends it a while later.
    """
    for name in NAMES:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda number, frame: signal.alarm(WORKER_SECONDS))
    else:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def process_age() -> float:
    """Seconds since this process was started, whatever happens to the clock meanwhile."""
    return _AGE_AT_IMPORT + time.monotonic() - _IMPORTED

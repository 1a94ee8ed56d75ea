"""Ctrl-C in training: the first asks for a stop after this step, the second ends at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

ECHO_SECONDS = 1.0
"""torchrun passes a Ctrl-C on that its processes have had from the terminal already."""


class Stopped(KeyboardInterrupt):
    """A run that was asked to stop, and has saved what it needs to go on; the message says how."""


class Interruption:
    """Whether somebody pressed Ctrl-C inside the block; outside of the main thread nobody can."""

    def __init__(self, *, speaks: bool = True) -> None:
        self.asked, self.speaks = False, speaks
        self._since = 0.0
        self._at_once = False
        self._handles = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Interruption:
        if self._handles:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._handles:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def at_once(self, allowed: bool = True) -> Iterator[None]:
        """A block that a first Ctrl-C ends, where `allowed`: nothing in it needs saving. Raises: Stopped."""
        self._at_once = allowed
        try:
            if allowed and self.asked:
                raise Stopped
            yield
        finally:
            self._at_once = False

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            echo = "TORCHELASTIC_RUN_ID" in os.environ and time.monotonic() - self._since < ECHO_SECONDS
            if echo:
                return
            raise KeyboardInterrupt
        self.asked, self._since = True, time.monotonic()
        if self.speaks:
            # Past Python's own buffer, which the signal may have found half written.
            os.write(2, b"\nstopping after this step, to save; Ctrl-C again stops at once and saves nothing\n")
        if self._at_once:
            raise Stopped

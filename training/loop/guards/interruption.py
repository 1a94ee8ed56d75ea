"""A run is asked to stop, by a signal or by its time limit: it ends after this step, saved; a second Ctrl-C at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType

import torch
from accelerate import Accelerator

from ...processes import Stopped, handled, process_age, signal_name

ECHO_SECONDS = 1.0
"""torchrun passes a Ctrl-C on that its processes have had from the terminal already."""
ASK_SECONDS = 1.0
"""About how long several processes go on before they ask each other again whether one of them is to stop."""
MOST_STEPS = 100
"""Steps between two such questions at most."""
TIME_LIMIT = 75
"""Exit status after the time limit, which no signal has: what `sysexits.h` calls a failure that will pass."""


class Interruption:
    """Whether the run was asked to stop inside the block; outside of the main thread no signal can ask."""

    def __init__(self, *, speaks: bool = True, limit: float | None = None) -> None:
        """Notes nothing yet.

        Args:
            speaks: Whether this process says that it was asked.
            limit: Seconds from the start of this process after which it is to stop; None for no limit.
        """
        self.speaks, self.limit = speaks, limit
        self._number = 0
        self._since = 0.0
        self._at_once = False
        self._signals: AbstractContextManager[None] = handled(self._ask)

    def __enter__(self) -> Interruption:
        self._signals.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._signals.__exit__(kind, error, at)

    @property
    def status(self) -> int:
        """The exit status to stop with; 0 while nothing asks to stop."""
        if self._number:
            return 128 + self._number
        return TIME_LIMIT if self.limit is not None and process_age() >= self.limit else 0

    @contextmanager
    def at_once(self, allowed: bool = True) -> Iterator[None]:
        """A block that the first signal ends, where `allowed`: nothing in it needs saving. Raises: Stopped."""
        self._at_once = allowed
        try:
            if allowed and self.status:
                raise Stopped(status=self.status)
            yield
        finally:
            self._at_once = False

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._number:
            echo = "TORCHELASTIC_RUN_ID" in os.environ and time.monotonic() - self._since < ECHO_SECONDS
            if echo or number != signal.SIGINT:  # a scheduler repeats itself, a person means it
                return
            raise Stopped("stopped at once; what was saved before is kept")
        self._number, self._since = number, time.monotonic()
        if self.speaks:
            again = "; Ctrl-C again stops at once and saves nothing" if number == signal.SIGINT else ""
            # Past Python's own buffer, which the signal may have found half written.
            os.write(2, f"\n{signal_name(number)}: stopping after this step, to save{again}\n".encode())
        if self._at_once:
            raise Stopped(status=self.status)


class Agreement:
    """Lets all processes of a run stop at the same place: each calls `status` after the same steps."""

    def __init__(self, accelerator: Accelerator, interruption: Interruption) -> None:
        self._accelerator, self._interruption = accelerator, interruption
        self._calls, self._next = 0, 1
        self._since = time.monotonic()

    def status(self, *, now: bool = False) -> int:
        """The exit status to stop with, the same on each process; 0 to go on.

        Args:
            now: Ask the others whatever the time.
        """
        if self._accelerator.num_processes == 1:
            return self._interruption.status
        self._calls += 1
        if not now and self._calls < self._next:
            return 0
        return self._ask()

    def _ask(self) -> int:
        seconds = (time.monotonic() - self._since) / self._calls
        mine = torch.tensor([[float(self._interruption.status), seconds]], device=self._accelerator.device)
        status, slowest = self._accelerator.gather(mine).amax(0).tolist()
        # From what all know alike, so that they ask at the same call again.
        self._next = max(1, min(MOST_STEPS, round(ASK_SECONDS / max(slowest, 1e-6))))
        self._calls, self._since = 0, time.monotonic()
        return int(status)

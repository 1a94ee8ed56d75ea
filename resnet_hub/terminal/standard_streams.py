"""The standard streams of a command: full, closed or read no further, they end it in a sentence and a status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TextIO

from resnet_hub.errors import Phrase
from resnet_hub.terminal.text import printable

FAILED = 1
"""Exit status when a part of the work could not be done."""
UNREAD = 141
"""Exit status when the reader of a pipe has left: what a shell calls the end by SIGPIPE."""


def on_standard_streams(command: Callable[[], int]) -> int:
    """Runs a command and returns its exit status; what cannot be written of its output is one sentence.

    A standard error that cannot be written ends nothing: what would stand there is lost.
    """
    if isinstance(sys.stdout, Output):  # a command within a command, which answers for both
        return command()
    with _open_streams() as output:
        try:
            status = command()
            output.flush()
        except SystemExit:  # as after --help, where argparse passes over what cannot be written
            with suppress(OSError):
                output.flush()
            if output.fault is None:
                raise
        except OSError:
            if output.fault is None:
                raise
        if output.fault is not None:
            _discard(output)
            return _told(output.fault)
        return status


class Output:
    """A text stream that notes why it could not be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.fault: OSError | None = None

    def write(self, text: str) -> int:
        """Writes the text. Raises: OSError."""
        return self._noted(lambda: self._stream.write(text))

    def flush(self) -> None:
        """Writes what waits. Raises: OSError."""
        self._noted(self._stream.flush)

    def _noted(self, write: Callable[[], Any]) -> Any:
        try:
            return write()
        except OSError as error:
            self.fault = error
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Remarks(Output):
    """A text stream that loses what cannot be written: what is said beside the work ends none, on a full disk, say."""

    def write(self, text: str) -> int:
        """Writes the text, or loses it."""
        with suppress(OSError):
            return super().write(text)
        _discard(self)
        return len(text)

    def flush(self) -> None:
        """Writes what waits, or loses it."""
        with suppress(OSError):
            return super().flush()
        _discard(self)


@contextmanager
def _open_streams() -> Iterator[Output]:
    """The standard output, and both streams as objects that can be written to, also where a shell has closed them."""
    before = sys.stdout, sys.stderr
    if sys.stdout is None or sys.stderr is None:
        # From the lowest on, lest a file that is opened later gets a number to which libraries print.
        for number in range(3):
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, os.O_RDONLY if number < 2 else os.O_WRONLY)
    with ExitStack() as opened:
        # Null is opened to be read, so that to write to it fails as it does to what is closed.
        output = Output(sys.stdout or opened.enter_context(_null(os.O_RDONLY)))
        sys.stdout, sys.stderr = output, Remarks(sys.stderr or opened.enter_context(_null(os.O_WRONLY)))
        try:
            yield output
        finally:
            sys.stderr.flush()
            sys.stdout, sys.stderr = before


@contextmanager
def _null(mode: int) -> Iterator[TextIO]:
    """A stream to nowhere, which what is left in it does not keep from being closed."""
    stream = os.fdopen(os.open(os.devnull, mode), "w", encoding="utf-8")
    try:
        yield stream
    finally:
        with suppress(OSError):
            stream.close()


def _told(fault: OSError) -> int:
    """Says why the output cannot be written; returns the exit status."""
    if isinstance(fault, BrokenPipeError):
        return UNREAD
    reason = Phrase("streams.closed") if fault.errno == errno.EBADF else fault.strerror or str(fault)
    sys.stderr.write(f"error: {printable(str(Phrase('streams.output', reason=reason)))}\n")
    return FAILED


def _discard(stream: Output) -> None:
    """Lets go what waits to be written, or the interpreter would complain of it at its end."""
    with suppress(OSError, ValueError):  # one in memory has no number
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)

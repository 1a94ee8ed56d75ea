"""Untrusted text on a terminal: what cannot be printed is escaped, in lines of a command as in those of a log."""

from __future__ import annotations

import logging

LONGEST_NAME = 120
"""Characters of a name that a sentence shows in full."""


def printable(text: str) -> str:
    """The text with everything non-printable (line breaks, escape sequences, bidirectional controls) escaped."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def shown_name(name: str) -> str:
    """A stranger's name for a sentence: printable, and of a long one the start and the end."""
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 2]}...{name[-LONGEST_NAME // 4 :]}"
    return printable(short)


def printable_lines(text: str) -> str:
    """The same with its line breaks kept: for a message of several lines that are ours."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))


def printable_message(text: str) -> str:
    """The same with what follows the first line set in, so that no name in it can pass for a line of ours."""
    first, *rest = printable_lines(text).split("\n")
    return "\n".join([first, *(line if line.startswith("  ") else f"  {line}" for line in rest)])


def log_printable_lines(*, force: bool = True) -> None:
    """Sends warnings and what is logged above them to the terminal as plain lines, from every library alike.

    Args:
        force: Whether to take the place of handlers that somebody has set up before.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=force)


class PrintableFormatter(logging.Formatter):
    """Messages, with names of strangers in them, as lines that only print."""

    def format(self, record: logging.LogRecord) -> str:
        """The message in printable characters and line breaks."""
        return printable_lines(super().format(record))

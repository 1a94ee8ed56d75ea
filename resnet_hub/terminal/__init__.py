"""What every command of ours shares: its arguments, its standard streams, and untrusted text on a terminal."""

from resnet_hub.terminal.argument_parser import ArgumentParser
from resnet_hub.terminal.standard_streams import FAILED, UNREAD, on_standard_streams
from resnet_hub.terminal.text import log_printable_lines, printable, printable_lines, printable_message, shown_name

__all__ = [
    "FAILED",
    "UNREAD",
    "ArgumentParser",
    "log_printable_lines",
    "on_standard_streams",
    "printable",
    "printable_lines",
    "printable_message",
    "shown_name",
]

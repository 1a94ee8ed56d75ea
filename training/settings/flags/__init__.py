"""Settings as flags of a command line, and their help."""

from .flags import RENAMED, common, key_answered, key_here, plain_type, settings_parser
from .help import SettingsParser
from .program import as_command, launch_command

__all__ = [
    "RENAMED",
    "SettingsParser",
    "as_command",
    "common",
    "key_answered",
    "key_here",
    "launch_command",
    "plain_type",
    "settings_parser",
]

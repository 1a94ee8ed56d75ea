"""Texts that may leave this machine: without its folders, and without tokens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

TOKEN = re.compile(r"\bhf_\w+")
# The folders of a path from the root or the home, wherever it stands in a text; its last part stays.
FOLDERS = re.compile(r"(?<![\w.:/\\])(?:~|[A-Za-z]:)?[/\\](?:[^/\\\s'\"=]+[/\\])*(?=[^/\\\s'\"=])")


def without_paths(value: Any) -> Any:
    """The same JSON values, whose texts have of absolute paths only the last part, and no tokens of the Hub."""
    if isinstance(value, dict):
        return {key: without_paths(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(item) for item in value]
    if not isinstance(value, str):
        return value
    if Path(value).is_absolute():  # in full, as its parts may hold blanks
        return Path(value).name
    return TOKEN.sub("hf_...", FOLDERS.sub("", value))

"""Texts that leave this machine: of absolute paths the last name only, and no tokens of the Hub."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r"\bhf_\w+")
# How an absolute path begins: at the root, a drive or a home; "owner/name" and addresses of web pages begin otherwise.
_ROOT = r"(?:file:|[A-Za-z]:)?(?:~[\w-]*)?[/\\]"
_PATH = re.compile(rf"{_ROOT}.*", re.DOTALL)
# The folders of a path within a text. Between quotation marks their names may hold blanks.
_FOLDERS = re.compile(
    rf"(?<=')(?:{_ROOT})(?:[^/\\'\n]*[/\\])*"
    rf'|(?<=")(?:{_ROOT})(?:[^/\\"\n]*[/\\])*'
    rf"|(?<![\w.:/\\])(?:{_ROOT})(?:[^/\\\s'\"=]*[/\\])*(?=[^/\\\s'\"=])"
)


def without_folders(text: str) -> str:
    """The text with the last name only of every absolute path in it, or of the one that it is."""
    path = text.rstrip("/\\")
    return re.split(r"[/\\]", path)[-1] if _PATH.fullmatch(path) else _FOLDERS.sub("", text)


def without_paths(value: Any) -> Any:
    """The same JSON values, whose texts name no folders of this machine and hold no tokens of the Hub."""
    if isinstance(value, dict):
        return {key: without_paths(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(item) for item in value]
    return _TOKEN.sub("hf_...", without_folders(value)) if isinstance(value, str) else value

"""Untrusted text -> escaped Markdown: names of classes, datasets, files and settings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from resnet_hub.card.redact import without_folders

MAX_TEXT = 200
"""Characters of one foreign name."""
SCANNED = 10 * MAX_TEXT
"""Characters of it that are looked at: a config may hold megabytes."""
EMPTY = "(empty)"
"""Stands for a name without any letter, which would leave a list or a table with a hole."""

_SECRET_VALUE = re.compile(r"\bhf_[A-Za-z0-9]{8,}")
# Bidirectional control characters, which change the reading direction of what follows.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Punctuation but for , ' and / and but for . _ - before a letter or digit, as in "3.5", "low-light" and "a1_in1k".
_MARKUP = re.compile(r"[!-&(-+:-@\[-^`{-~]|[._-](?![^\W_])|(?<=\bwww)\.", re.IGNORECASE)


def text(value: object) -> str:
    """`value` as one line of plain text in which nothing acts as Markdown or HTML.

    Source: CommonMark 0.31, section 2.5: a character written as an entity never marks structure.
    """
    return _MARKUP.sub(lambda mark: f"&#{ord(mark[0])};", line(value)) or EMPTY


def line(value: object) -> str:
    """`value` on one line of at most `MAX_TEXT` characters, without control characters and tokens."""
    letters = (" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in str(value)[:SCANNED])
    visible = _DIRECTION.sub("", "".join(letters)).encode(errors="replace").decode()
    flat = " ".join(_SECRET_VALUE.sub("(hidden)", visible).split())
    return flat if len(flat) <= MAX_TEXT else flat[: MAX_TEXT - 1] + "…"


def place(value: object) -> str:
    """A dataset, a model or a setting on one line; of an absolute path only the last name."""
    return line(without_folders(str(value)[:SCANNED]))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; nothing where there are no rows. Of three and more columns all but the first hold numbers."""
    lines = ["| " + " | ".join(map(text, row)) + " |" for row in rows]
    if not lines:
        return ""
    rule = "|".join("---:" if index and len(columns) > 2 else "---" for index in range(len(columns)))
    return "\n".join([f"| {' | '.join(columns)} |", f"|{rule}|", *lines])


def folded(heading: str, content: str) -> str:
    """A part that opens when its heading is clicked; nothing where it is empty. The heading is a word of ours."""
    return f"<details>\n<summary>{heading}</summary>\n\n{content}\n\n</details>" if content else ""

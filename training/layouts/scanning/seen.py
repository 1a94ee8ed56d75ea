"""What was seen in a folder, as a small tree for a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .scan import Folder, shown

SHOWN = 3
"""Names that a sentence spells out."""
TREE_FOLDERS, TREE_DEPTH = 6, 3
"""Folders of one folder, and levels, that a tree draws."""


def quoted(names: Sequence[str]) -> str:
    """The first names in quotation marks, and how many more there are."""
    rest = len(names) - SHOWN
    return ", ".join(f"'{shown(name)}'" for name in names[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def tree_lines(tree: Folder) -> str:
    """A folder and what it holds, a line each, the first line empty so that a sentence can end before it."""
    return "".join(f"\n  {line}" for line in _lines(tree, 0))


def _lines(folder: Folder, depth: int) -> list[str]:
    lines = [f"{'  ' * depth}{shown(folder.name) or '.'}/  {_content(folder)}".rstrip()]
    if depth == TREE_DEPTH:
        return lines
    for below in folder.folders[:TREE_FOLDERS]:
        lines += _lines(below, depth + 1)
    rest = len(folder.folders) - TREE_FOLDERS
    return lines + ([f"{'  ' * (depth + 1)}... {rest:,} more folders"] if rest > 0 else [])


def _content(folder: Folder) -> str:
    """How many files there are of each suffix, which needs no words."""
    names = [*folder.images, *folder.tables, *folder.cards, *folder.archives]
    names += [name for found in folder.others.values() for name in found]
    counts = Counter(Path(name).suffix.lower() or "?" for name in names)
    return ", ".join(f"{count:,} {shown(suffix)}" for suffix, count in counts.most_common(TREE_FOLDERS))

"""Names of image files without the folders of this machine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

# Where the cache of the Hub keeps the files of one commit. No part of it repeats, so a search is linear in the path.
_SNAPSHOT = re.compile(r"/snapshots/[0-9a-f]{40}(?=/)")


def shown_files(paths: Iterable[str | None], dataset: str) -> list[str | None]:
    """Image files without the folders of this machine: relative to the dataset's folder, or their names."""
    # A link to a folder is read under its own name, or under that of what it leads to.
    folders = (Path(dataset), Path(dataset).absolute(), Path(dataset).resolve())
    return [None if path is None else _shown(path, folders) for path in paths]


def _shown(path: str, folders: tuple[Path, ...]) -> str:
    text = Path(path).as_posix()
    for found in _SNAPSHOT.finditer(text):
        path = text[found.end() + 1 :]
    shown = Path(path)
    for folder in folders:
        if shown.is_relative_to(folder):
            return shown.relative_to(folder).as_posix()
    return shown.name if shown.is_absolute() else shown.as_posix()

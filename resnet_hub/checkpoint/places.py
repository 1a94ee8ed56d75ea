"""Files on this machine: what a source names here, and one written so that nobody reads half of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from resnet_hub.errors import CheckpointError

Source = str | os.PathLike[str]


def local_path(source: Source) -> Path | None:
    """The folder or file that `source` names on this machine; None when it must be a name on the Hub.

    Raises:
        CheckpointError: It can only be a path, and nothing is there.
    """
    path = Path(source)
    with suppress(OSError, RuntimeError):  # a name too long for a file, or the home of somebody unknown here
        path = path.expanduser()
        if path.exists():
            return path
    text = os.fspath(source)
    if isinstance(source, os.PathLike) or path.is_absolute() or text.startswith((".", "~")) or text.count("/") > 1:
        raise CheckpointError("checkpoint.no_such_path", path=text)
    return None


def write_atomically(file: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file beside `file`, then renames it, so that readers never see a partial file."""
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as unfinished:
        temporary = Path(unfinished.name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)

"""Files that visitors sent, checked: where each lies on the server, and what the visitor calls it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from resnet_hub.demo.text import PageError

MOST_FILES = 1000
"""Files that are sent together at most; images are counted apart, for zips hold many."""


def uploaded_bytes(file: Mapping[str, Any] | None) -> bytes | None:
    """The bytes of the file in an image field, or None where there is none.

    Raises:
        PageError: the file was not uploaded to this page, or has been cleared away since.
    """
    return None if file is None else uploaded_path(file).read_bytes()


def uploaded_files(files: object) -> list[tuple[str, Path]]:
    """What visitors call the files of a field for many, and where they lie; empty where there are none.

    Raises:
        PageError: They are too many or no files, or one was not uploaded to this page, or has been cleared away since.
    """
    if not files:
        return []
    if not isinstance(files, list) or not all(isinstance(file, Mapping) for file in files):
        raise PageError("intake.no_files")
    if len(files) > MOST_FILES:
        raise PageError("intake.many_files", count=len(files), most=MOST_FILES)
    return [(str(file.get("orig_name") or "no name"), uploaded_path(file)) for file in files]


def uploaded_path(file: object) -> Path:
    """Where an uploaded file lies.

    Raises:
        PageError: it was not uploaded to this page, or has been cleared away since.
    """
    if not isinstance(file, Mapping):
        raise PageError("intake.one_image")
    path = Path(str(file.get("path")).replace("\0", "")).resolve()
    # A client of the API may name any file of the server here (path traversal).
    if not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise PageError("intake.gone")
    return path

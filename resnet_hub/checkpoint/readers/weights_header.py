"""The header of a weights file, which lists its tensors, is bounded before it is read."""

from __future__ import annotations

import zipfile
from pathlib import Path

from resnet_hub.errors import CheckpointError

MAX_HEADER_BYTES = 4 * 2**20
"""The longest that any network here has, of 1202 layers, takes a quarter; each empty tensor costs the reader as much
as a full one."""


def check_header(file: Path, *, safetensors: bool) -> None:
    """Finds out whether a weights file lists more than a network can have; of a pickle, whether its zip says so.

    Raises:
        CheckpointError: It does.
    """
    if safetensors:
        with file.open("rb") as opened:
            size = int.from_bytes(opened.read(8), "little")
        # A length beyond the file is damage, of which the reader knows better words.
        longer = MAX_HEADER_BYTES < size <= file.stat().st_size
    else:
        size = _pickled(file)
        longer = size > MAX_HEADER_BYTES
    if longer:
        raise CheckpointError("checkpoint.header_too_large", file=str(file), size=size, most=MAX_HEADER_BYTES)


def _pickled(file: Path) -> int:
    """Bytes of the pickle within the zip that torch writes, which lists its tensors; 0 for anything else."""
    if not zipfile.is_zipfile(file):
        return 0
    with zipfile.ZipFile(file) as archive:
        return sum(part.file_size for part in archive.infolist() if part.filename.endswith("data.pkl"))

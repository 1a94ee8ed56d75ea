"""The header of a safetensors file, which lists its tensors, is bounded before it is read."""

from __future__ import annotations

from pathlib import Path

from resnet_hub.errors import CheckpointError

MAX_HEADER_BYTES = 4 * 2**20
"""The longest that any network here has, of 1202 layers, takes a quarter; each empty tensor costs the reader as much
as a full one."""


def check_header(file: Path) -> None:
    """Finds out whether a weights file lists more than a network can have. Raises: CheckpointError where it does."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
    # A length beyond the file is damage, of which the reader knows better words.
    if MAX_HEADER_BYTES < size <= file.stat().st_size:
        raise CheckpointError("checkpoint.header_too_large", file=str(file), size=size, most=MAX_HEADER_BYTES)

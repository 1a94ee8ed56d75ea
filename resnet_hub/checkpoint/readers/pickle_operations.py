"""The operations of a pickle, counted before any is run: each may make an object, though it is a byte in the file."""

from __future__ import annotations

import mmap
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path

from resnet_hub.errors import CheckpointError

MAX_OPERATIONS = 1_000_000
"""A training state of a network of 1202 layers has 870,000, one of resnet50 27,000; an array of any length, a few."""
MAX_UNPACKED_BYTES = 16 * 2**20
"""Of a compressed pickle, which is read whole to be counted: histories of long runs are arrays of megabytes in it."""
PICKLES = 5
"""So many stand in a row in a file of PyTorch's older form, and the tensors' values behind them."""
STOP = b"."[0]
LOCAL_HEADER_BYTES = 30
"""What stands in front of an entry of a zip, without its name and its extra field."""
# The length of an argument, or the bytes that say it.
FIXED = {ord(code.code): code.arg.n if code.arg else 0 for code in pickletools.opcodes}
SAID_IN = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
LINES = {ord("c"): 2, ord("i"): 2}
"""Operations with more than one line of text: a module and a name in it."""


def check_operations(file: Path) -> None:
    """Counts what reading a pickle would do, whether it is a file of its own or lies in a zip.

    Raises:
        CheckpointError: It is more than any network and its training state need.
    """
    if not file.stat().st_size:
        return
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for pickled, start, end in _places(file, content):
            left = MAX_OPERATIONS
            for _ in range(PICKLES):
                start, left = _past_one(pickled, start, end, left)
                if left == 0:
                    raise CheckpointError("checkpoint.too_many_operations", file=str(file), most=MAX_OPERATIONS)
                if start >= end:
                    break


def _places(file: Path, content: mmap.mmap) -> Iterator[tuple[bytes | mmap.mmap, int, int]]:
    """What pickles lie in, where they begin and where they end. Raises: CheckpointError for a long compressed one."""
    if not zipfile.is_zipfile(file):
        yield content, 0, len(content)
        return
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if not entry.filename.endswith(".pkl"):
                continue
            if entry.compress_type != zipfile.ZIP_STORED:  # by whoever packed it anew: PyTorch compresses nothing
                if entry.file_size > MAX_UNPACKED_BYTES:
                    most, size = MAX_UNPACKED_BYTES, entry.file_size
                    raise CheckpointError("checkpoint.header_too_large", file=str(file), size=size, most=most)
                yield archive.read(entry), 0, entry.file_size
                continue
            header = content[entry.header_offset : entry.header_offset + LOCAL_HEADER_BYTES]
            name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
            start = entry.header_offset + LOCAL_HEADER_BYTES + name + extra
            yield content, start, min(start + entry.file_size, len(content))


def _past_one(content: bytes | mmap.mmap, at: int, end: int, left: int) -> tuple[int, int]:
    """Where the pickle that begins at `at` ends, or what is none of it; and how many operations are left then."""
    while at < end and left:
        left -= 1
        code = content[at]
        length = FIXED.get(code)
        if length is None or code == STOP:
            return (at + 1 if code == STOP else end), left
        at += 1
        if length == pickletools.UP_TO_NEWLINE:
            for _ in range(LINES.get(code, 1)):
                at = content.find(b"\n", at, end) + 1 or end
        elif length >= 0:
            at += length
        else:
            said = SAID_IN[length]
            at += said + int.from_bytes(content[at : at + said], "little")
    return at, left

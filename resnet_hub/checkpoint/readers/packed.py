"""A zip with one weights file in it, as browsers and drives pack downloads -> that file, unpacked for a moment."""

from __future__ import annotations

import logging
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from resnet_hub.checkpoint.config import MAX_WEIGHTS_BYTES
from resnet_hub.errors import CheckpointError

logger = logging.getLogger(__name__)

ENDINGS = (".safetensors", ".bin", ".pth", ".pt", ".ckpt", ".th", ".h5", ".hdf5", ".keras", ".pkl", ".tar", ".zip")
"""How the names of weights files end."""
MAX_ENTRIES = 10_000
MAX_GROWTH = 100
"""How many times the bytes of its zip a file may have: weights are nearly noise, and hardly shrink."""
ENCRYPTED = 1
"""The bit in an entry's flags."""


@contextmanager
def unpacked(file: Path) -> Iterator[Path]:
    """The one weights file of a zip, in a folder that is deleted afterwards; what was mapped from it stays readable.

    Raises:
        CheckpointError: There is none, or several, or it is encrypted or larger than any network.
    """
    with zipfile.ZipFile(file) as archive:
        entry = _weights_entry(file, archive)
        if entry.flag_bits & ENCRYPTED:
            raise CheckpointError("checkpoint.zip_encrypted", file=str(file))
        size, most = entry.file_size, min(MAX_WEIGHTS_BYTES, MAX_GROWTH * file.stat().st_size)
        if size > most:
            raise CheckpointError("checkpoint.weights_too_large", file=str(file), size=size, most=most)
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            # Its own name would be a stranger's: only how it ends is kept.
            inner = Path(folder) / f"weights{PurePosixPath(entry.filename).suffix}"
            with archive.open(entry) as packed, inner.open("wb") as target:
                shutil.copyfileobj(packed, target, 2**20)
            yield inner


def _weights_entry(file: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one entry that holds weights; a log line names what else there is. Raises: CheckpointError."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_ENTRIES:
        raise CheckpointError("checkpoint.zip_too_many", file=str(file), count=len(entries), most=MAX_ENTRIES)
    shown = [entry for entry in entries if not _is_hidden(entry.filename)]
    found = [entry for entry in shown if entry.filename.lower().endswith(ENDINGS)]
    if len(found) != 1:
        names = ", ".join(repr(entry.filename) for entry in (found or shown)[:5])[:300]
        if found:
            raise CheckpointError("checkpoint.zip_several", file=str(file), count=len(found), names=names)
        raise CheckpointError("checkpoint.zip_none", file=str(file), names=names)
    others = [entry.filename for entry in shown if entry is not found[0]]
    if others:
        logger.warning(
            "%s: %s is read and %d other files are left out (%s); unpack it to use them as a folder",
            file,
            found[0].filename,
            len(others),
            ", ".join(others[:3])[:200],
        )
    return found[0]


def _is_hidden(name: str) -> bool:
    """Whether it is what a Mac or an editor leaves beside a file."""
    parts = PurePosixPath(name).parts
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts)

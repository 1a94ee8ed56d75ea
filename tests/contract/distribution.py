"""A source distribution of an installed package, fetched with pip and unpacked where git does not look."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / ".contract"
UNPACKED_BYTES, MEMBERS = 100 * 2**20, 20_000


class DistributionError(RuntimeError):
    """Why there are no upstream tests to run, in one sentence."""


def unpacked(name: str) -> Path:
    """The folder of the sources of the installed version; fetched the first time.

    Raises: DistributionError when it cannot be fetched or does not look like a source distribution.
    """
    release = f"{name}-{importlib.metadata.version(name)}"
    folder = FOLDER / release
    if not folder.is_dir():
        FOLDER.mkdir(exist_ok=True)
        archive = FOLDER / f"{release}.tar.gz"
        if not archive.is_file():
            _download(name)
        if not archive.is_file():
            raise DistributionError(f"pip brought no {archive.name}; look into {FOLDER}")
        unpack(archive, folder)
    return folder


def _download(name: str) -> None:
    wanted = f"{name}=={importlib.metadata.version(name)}"
    options = ["--quiet", "--no-binary", ":all:", "--no-deps", "--no-build-isolation", "--dest", str(FOLDER)]
    finished = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, wanted], capture_output=True, text=True, timeout=600
    )
    if finished.returncode:
        last = finished.stderr.strip().splitlines()[-1:] or ["no message"]
        raise DistributionError(f"pip could not fetch the sources of {wanted}: {last[0]}")


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks the one folder in the archive, with nothing outside it, no devices, and no more than fits.

    Raises: DistributionError for an archive that is something else.
    """
    try:
        with tarfile.open(archive) as tar:
            members = tar.getmembers()
            if len(members) > MEMBERS or sum(member.size for member in members) > UNPACKED_BYTES:
                raise DistributionError(f"{archive.name} is larger than a source distribution; delete it")
            if any(Path(member.name).parts[:1] != (folder.name,) for member in members):
                raise DistributionError(f"{archive.name} holds files outside {folder.name}; delete it")
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as half:
                tar.extractall(half, filter="data")
                (Path(half) / folder.name).rename(folder)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DistributionError(f"{archive.name} cannot be unpacked: {error}; delete it and try again") from error

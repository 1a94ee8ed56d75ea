"""The local cache of the Hub's client: which files of which commit it holds, and whether they are intact."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache


def cached_file(repo_id: str, name: str, revision: str | None, cache_dir: str | Path | None) -> Path | None:
    """The file as it was when this revision was last asked for; None where it is not cached."""
    found = try_to_load_from_cache(repo_id, name, cache_dir or constants.HF_HUB_CACHE, revision)
    return Path(found) if isinstance(found, str) else None


def known_absent(snapshot: Path, name: str) -> bool:
    """Whether the Hub has said that the commit of this snapshot folder has no such file."""
    return _absence(snapshot, name).exists()


def note_absent(snapshot: Path, name: str) -> None:
    """Records it, as the client does, so that the commit can be loaded again without a request."""
    mark = _absence(snapshot, name)
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:  # a cache that cannot be written to costs a request more the next time
        return


def stored_file(file: Path) -> Path:
    """Where the bytes of a cached file are: the client links snapshots to blobs that are named by their hash."""
    return Path(os.path.normpath(file.parent / file.readlink())) if file.is_symlink() else file


def is_intact(file: Path, hash_name: str) -> bool | None:
    """Whether the file has the hash that the Hub calls it by; None where the name is no known hash.

    Source: large files are named by their sha256, others as git does. Some mirrors give the plain sha1.
    """
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", hash_name) or not file.is_file():
        return None
    with file.open("rb") as content:
        if len(hash_name) == 64:
            return hashlib.file_digest(content, "sha256").hexdigest() == hash_name
        plain = hashlib.file_digest(content, "sha1").hexdigest()
    git = hashlib.sha1(b"blob %d\0" % file.stat().st_size)
    with file.open("rb") as content:
        while part := content.read(2**20):
            git.update(part)
    return hash_name in (plain, git.hexdigest())


def damaged_files(snapshot: Path) -> list[Path]:
    """The files of a snapshot folder whose content no longer matches their hash."""
    return [file for file in sorted(snapshot.iterdir()) if is_intact(file, stored_file(file).name) is False]


def discard(file: Path) -> None:
    """Removes a cached file, the link and the bytes."""
    stored_file(file).unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _absence(snapshot: Path, name: str) -> Path:
    return snapshot.parent.parent / ".no_exist" / snapshot.name / name

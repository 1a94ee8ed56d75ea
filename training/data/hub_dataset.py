"""A dataset of the Hub -> its splits: what lies in the repository is read, whatever its card and its cells name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import datasets
from datasets import DatasetDict, IterableDataset
from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, OfflineModeIsEnabled

from resnet_hub.errors import DataError

from ..layouts import Ledger
from ..tables import (
    CARDS,
    LONGEST_NAME,
    AskedColumns,
    Files,
    confine_stream,
    confined_tables,
    own_tables,
    read_tables,
    refuse_in_stream,
    refuse_outside,
    with_images,
)
from .repository_files import account_for_repository, list_repository

SCHEME = "hf://datasets/"
"""How `datasets` writes addresses of files on the Hub."""
MOST_PATTERNS = 100


def read_hub_dataset(
    name: str, config: str | None, revision: str | None, ledger: Ledger, asked: AskedColumns, *, streaming: bool
) -> tuple[DatasetDict | dict[str, IterableDataset], str | None]:
    """The splits of a dataset of the Hub, and the commit where it is known before rows are read.

    Args:
        name: owner/name.
        config: The one to read; the only one where absent.
        revision: A branch, a tag or a commit.
        ledger: Is told what becomes of files and rows.
        asked: The columns that somebody chose.
        streaming: Whether rows come as they are asked for.

    Raises:
        DataError: Its card names files outside of it, or a table cannot be read.
        OSError, ValueError: From `datasets` and the Hub's client, as they are.
    """
    listing = None
    if streaming:  # a commit, so that a push in the middle of the run changes nothing
        listing = HfApi().dataset_info(name, revision=revision)
        revision = listing.sha
    for card in CARDS:
        try:
            refuse_outside(Path(hf_hub_download(name, card, repo_type="dataset", revision=revision)))
        except (EntryNotFoundError, LocalEntryNotFoundError, OfflineModeIsEnabled):
            continue  # there is none, or what is in the cache is read and nothing else
    builder = datasets.load_dataset_builder(name, config, revision=revision)
    files = _files_of(builder, name)
    if listing is not None:
        account_for_repository(listing, builder, files, None, ledger)
        return _streams(builder, f"{SCHEME}{name}@{revision}/", asked), revision
    if files and (tables := own_tables(builder, files)):
        commit = _commit(builder)
        wanted = {path for paths in files.values() for path in paths}
        root = _download(name, commit, wanted)
        read, used = read_tables(
            root,
            {split: [root / path for path in paths] for split, paths in tables.items()},
            ledger,
            asked=asked,
            fetch=lambda suffixes: _download_suffixes(name, commit, suffixes),
        )
        for rows in read.values():
            rows.info.download_checksums = {f"{SCHEME}{name}@{commit}/{path}": {} for path in wanted}
        account_for_repository(list_repository(name, commit, ledger), builder, files, used, ledger)
        return read, commit
    loaded = datasets.load_dataset(name, config, revision=revision)
    cache = Path(constants.HF_HUB_CACHE, f"datasets--{name.replace('/', '--')}", "snapshots")
    commit = _commit(builder) or revision
    places = Files(cache / commit if commit else cache)
    fetch = None if builder.name == "imagefolder" else lambda suffixes: _download_suffixes(name, commit, suffixes)
    confined, used = confined_tables(loaded, places, asked, ledger, fetch)
    account_for_repository(list_repository(name, commit, ledger), builder, files, used, ledger)
    return confined, None


def _streams(builder: Any, start: str, asked: AskedColumns) -> dict[str, IterableDataset]:
    """The rows of each split as they come, images inside the repository whose addresses begin so."""
    loaded = builder.as_streaming_dataset()
    known = {split: rows if rows.features else rows._resolve_features() for split, rows in loaded.items()}
    # Of a folder of images `datasets` has threads decode what the cells name before anybody can look at the names.
    known = {split: rows.decode(False) for split, rows in known.items()}
    refuse_in_stream(known, asked)
    return {split: confine_stream(with_images(rows), _address(start)) for split, rows in known.items()}


def _address(start: str) -> Any:
    """Names of cells -> addresses of files in the repository; a zip in it is one too."""
    inside = re.compile(rf"(zip://[^:]*::)?{re.escape(start)}[^:?#]*")

    def locate(name: str) -> str | None:
        if inside.fullmatch(name) and ".." not in name.split("/"):
            return name
        relative = not name.startswith("/") and ":" not in name and "\\" not in name and name.strip(". ") != ""
        return start + name if relative and ".." not in name.split("/") and len(name) < LONGEST_NAME else None

    return locate


def _files_of(builder: Any, name: str) -> dict[str, list[str]]:
    """The files of each split, from the repository's root; none where the builder is one of the cache.

    Raises:
        DataError: One lies elsewhere.
    """
    found: dict[str, list[str]] = {}
    for split, paths in (builder.config.data_files or {}).items():
        for path in map(str, paths):
            match = re.fullmatch(rf"{SCHEME}{re.escape(name)}(@[^/]*)?/(.+)", path)
            if match is None:
                raise DataError("tables.card_leads_out", name=path)
            found.setdefault(str(split), []).append(match[2])
    return found


def _commit(builder: Any) -> str | None:
    for paths in (builder.config.data_files or {}).values():
        for path in map(str, paths):
            if match := re.search(r"@([0-9a-f]{40})/", path):
                return match[1]
    return None


def _download(name: str, commit: str | None, paths: set[str]) -> Path:
    """The folder with these files of the repository."""
    patterns = sorted(re.sub(r"([*?\[])", r"[\1]", path) for path in paths)
    if len(patterns) > MOST_PATTERNS:  # each is held against each file
        patterns = sorted({f"*{Path(path).suffix}" for path in paths})
    return Path(snapshot_download(name, repo_type="dataset", revision=commit, allow_patterns=patterns))


def _download_suffixes(name: str, commit: str | None, suffixes: set[str]) -> None:
    if wanted := [f"*{suffix}" for suffix in sorted(suffixes) if re.fullmatch(r"\.\w{1,8}", suffix)]:
        snapshot_download(name, repo_type="dataset", revision=commit, allow_patterns=wanted)

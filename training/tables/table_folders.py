"""A folder whose tables say what its images are -> the tables of each split, and the account of every file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import datasets
from datasets import DatasetDict, IterableDataset

from resnet_hub.errors import DataError

from ..layouts import (
    METADATA,
    Ledger,
    Scan,
    account_for,
    deciding_tables,
    lies_aside,
    metadata_files,
    names_in,
    quoted,
    splits_among,
)
from .as_on_hub import confined_streams, has_configs, read_as_on_hub, streamed
from .columns import AskedColumns
from .names import Files
from .tables import READERS, read_tables

SHARD = re.compile(r".*\d{5}-of-\d{5}.*")
"""A table that is one of several which `datasets` wrote, and reads."""
BESIDE = re.compile(r"[-_. ]?(labels?|metadata|annotations?|list|info|gt|targets?|classes)(?![a-z])")
"""Words in the names of tables that say nothing of their split."""
STREAMED = ("parquet", "arrow")
"""Kinds of tables that are not read as a whole where rows come as they are asked for."""


def read_table_folder(
    scan: Scan, ledger: Ledger, asked: AskedColumns, *, streaming: bool
) -> DatasetDict | dict[str, IterableDataset]:
    """The splits that the tables of a folder say: by their names, by a column, or as on the Hub.

    Args:
        scan: The folder.
        ledger: Is told of each of its files.
        asked: The columns that somebody chose.
        streaming: Whether rows come as they are asked for.

    Raises:
        DataError: Several tables could be meant, or one cannot be read.
        ValueError: From `datasets`, which reads the others.
    """
    tables = {} if has_configs(scan.root) else tables_by_split(scan)
    kinds = {READERS[Path(name).suffix.lower()] for names in tables.values() for name in names}
    if not tables or (streaming and kinds <= set(STREAMED)):
        return read_as_on_hub(scan, None, ledger, asked, streaming=streaming, data_files=tables or None)
    files = {split: [scan.root / name for name in names] for split, names in tables.items()}
    read, used = read_tables(scan.root, files, ledger, asked=asked, names=names_in(scan))
    account_for(scan, used, {name for names in tables.values() for name in names}, ledger)
    return streamed(read) if streaming else read


def read_table_file(
    file: Path, ledger: Ledger, asked: AskedColumns, *, streaming: bool
) -> DatasetDict | dict[str, IterableDataset]:
    """The rows of one table; names start from beside it, and what else lies there is none of the dataset's.

    Raises:
        DataError: It cannot be read, or says splits and is a stream.
    """
    if streaming and READERS[file.suffix.lower()] in STREAMED:
        loaded: Any = datasets.load_dataset(READERS[file.suffix.lower()], data_files=str(file), streaming=True)
        return confined_streams(loaded, Files(file.parent), asked)
    read, used = read_tables(file.parent, {"train": [file]}, ledger, asked=asked)
    ledger.see("files", 1 + len(used))
    ledger.use_files("table")
    ledger.use_files("image", len(used))
    return streamed(read) if streaming else read


def tables_by_split(scan: Scan) -> dict[str, list[str]]:
    """The tables that are read here; none where `datasets` knows better.

    Those right in the folder that are called like splits, or the only one; else metadata tables beside images; else
    the texts that name images, divided by their names or by the folders of splits that they lie in.

    Raises:
        DataError: There are several of the last, and their names say no splits.
    """
    top = [name for name in scan.tree.tables if name.lower() not in METADATA and not SHARD.fullmatch(name)]
    if top and len(top) == len([name for name in scan.tree.tables if name.lower() not in METADATA]):
        by_split = _by_stem(top)
        if "train" in by_split:
            return by_split
        if len(top) == 1 and not by_split:
            return {"train": top}
    if metadata := metadata_files(scan):
        above = _splits_above(metadata)
        return _grouped((above.get(name, "train"), name) for name in sorted(metadata))
    texts = [name for name in deciding_tables(scan, set()) if READERS[Path(name).suffix.lower()] not in STREAMED]
    texts = [name for name in texts if not lies_aside(Path(name).stem)] or texts  # sample_submission.csv
    if len(texts) <= 1:
        return {"train": texts} if texts else {}
    by_split = named_by_split(texts)
    if "train" not in by_split:
        raise DataError("tables.several_tables", folder=str(scan.root), tables=quoted(texts), first=texts[0])
    return by_split


def named_by_split(names: list[str]) -> dict[str, list[str]]:
    """Files by the split that their names say, or the folders of splits that all of them lie in."""
    above = _splits_above(names)
    if len(above) == len(names):  # train/_classes.csv, valid/_classes.csv
        return _grouped((above[name], name) for name in sorted(names))
    return _by_stem(names)


def _splits_above(names: list[str]) -> dict[str, str]:
    """Of the tables that lie in folders of splits, the split."""
    splits = splits_among({name.partition("/")[0] for name in names if "/" in name})
    return {name: splits[above] for name in names if (above := name.partition("/")[0]) in splits}


def _by_stem(names: list[str]) -> dict[str, list[str]]:
    """The tables that are called like splits, with or without a word for what is in them: train_labels.csv."""
    words = {name: BESIDE.sub("", Path(name).stem.lower()) or Path(name).stem for name in names}
    splits = splits_among(set(words.values()))
    return _grouped((splits[word], name) for name, word in words.items() if word in splits)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for split, name in pairs:
        found.setdefault(split, []).append(name)
    return found

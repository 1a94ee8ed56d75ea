"""Folders laid out as on the Hub: a card with configs, files by split; none of them may lie outside of the dataset."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import datasets
import yaml
from datasets import DatasetDict, IterableDataset

from resnet_hub.errors import DataError

from ..layouts import METADATA, Ledger, Scan, account_for, names_in
from .columns import FOUND, AskedColumns, confine_stream, divide, inside, refuse_in_stream, with_images
from .names import SCHEME, Files, NamedFiles, leads_out
from .tables import open_images, read_tables

CARDS = ("README.md", ".huggingface.yaml")
"""Where `datasets` looks for configs."""
OWN_READERS = ("csv", "json")
"""Kinds of tables that are read here, where text stays text."""
LARGEST_CARD = 4 * 2**20
"""Bytes."""
MAX_SHARDS = 1024
"""Parts of rows in memory that are streamed."""


def has_configs(folder: Path) -> bool:
    """Whether the card of a folder says which files belong to which split."""
    return any("configs" in _front_matter(folder / card) for card in CARDS)


def card_divides(folder: Path) -> bool:
    """Whether the card of a folder names files or folders; one that is no YAML names none."""
    try:
        return any(True for card in CARDS for _ in _patterns(_front_matter(folder / card).get("configs")))
    except yaml.YAMLError:
        return False


def refuse_outside(card: Path) -> None:
    """Refuses a card whose configs name files outside of the dataset, before anything looks at these.

    Raises:
        DataError: It names an absolute path, one with "..", or an address.
    """
    for name in _patterns(_front_matter(card).get("configs")):
        if SCHEME.match(name) or "::" in name or leads_out(posixpath.normpath(name)):
            raise DataError("tables.card_leads_out", name=name)


def read_as_on_hub(
    scan: Scan,
    config: str | None,
    ledger: Ledger,
    asked: AskedColumns = FOUND,
    *,
    streaming: bool = False,
    data_files: Mapping[str, Sequence[str]] | None = None,
) -> DatasetDict | dict[str, IterableDataset]:
    """The splits of a local folder as `datasets` finds them.

    Args:
        scan: The folder.
        config: The one to read; the only one where absent.
        ledger: Is told of each of its files.
        asked: The columns that somebody chose.
        streaming: Whether rows come as they are asked for.
        data_files: Parquet or arrow files of each split, where they are known.

    Raises:
        DataError: A config names files outside, or a table cannot be read.
        ValueError: From `datasets`: there are several configs, or none of this name.
    """
    root, inventory = scan.root, Files(scan.root, names_in(scan))
    if data_files is None:
        for card in CARDS:
            refuse_outside(root / card)
        builder = datasets.load_dataset_builder(str(root), config)
    else:
        suffix = PurePosixPath(next(iter(data_files.values()))[0]).suffix
        paths = {split: [str(root / name) for name in names] for split, names in data_files.items()}
        builder = datasets.load_dataset_builder(suffix[1:].lower(), data_files=paths)
    named = {split: [_file(path, inventory) for path in paths] for split, paths in _data_files(builder).items()}
    data = {name for names in named.values() for name in names}
    if tables := own_tables(builder, named):
        files = {split: [root / name for name in names] for split, names in tables.items()}
        read, used = read_tables(root, files, ledger, asked=asked, names=inventory.index)
        account_for(scan, used, {name for names in tables.values() for name in names}, ledger)
        return streamed(read) if streaming else read
    images = data if builder.name == "imagefolder" else set()
    if streaming:
        account_for(scan, images, data - images, ledger)
        return confined_streams(builder.as_streaming_dataset(), inventory, asked)
    confined, used = confined_tables(_built(builder), inventory, asked, ledger)
    account_for(scan, {*images, *used}, data - images, ledger)
    return confined


def _built(builder: Any) -> DatasetDict:
    builder.download_and_prepare()
    return builder.as_dataset()


def streamed(tables: DatasetDict) -> dict[str, IterableDataset]:
    """The rows of tables in memory as they come, in parts that come in another order in each pass."""
    return {name: rows.to_iterable_dataset(max(1, min(len(rows), MAX_SHARDS))) for name, rows in tables.items()}


def confined_streams(loaded: Any, files: Files, asked: AskedColumns) -> dict[str, IterableDataset]:
    """Streams of tables whose images are opened only where they are the dataset's."""
    known = {name: rows if rows.features else rows._resolve_features() for name, rows in loaded.items()}
    refuse_in_stream(known, asked)
    return {name: confine_stream(with_images(rows), inside(files)) for name, rows in known.items()}


def confined_tables(
    loaded: Any, files: Files, asked: AskedColumns, ledger: Ledger, fetch: Any = None
) -> tuple[DatasetDict, NamedFiles]:
    """Tables whose images are opened only where they are the dataset's, divided by a column that says the split.

    And the files that rows name.
    """
    used = NamedFiles(files)
    opened = {name: open_images(rows, files, asked, ledger, used, fetch) for name, rows in loaded.items()}
    return divide(DatasetDict(opened), asked, ledger), used


def own_tables(builder: Any, files: dict[str, list[str]]) -> dict[str, list[str]]:
    """The tables of each split among its files that are read here and not by `datasets`; none where none is.

    Where a card declares the types of columns, nothing is left to find out.
    """
    if builder.info.features is not None:
        return {}
    if builder.name in OWN_READERS:
        return files
    if builder.name != "imagefolder":
        return {}
    tables = {split: [name for name in names if posixpath.basename(name) in METADATA] for split, names in files.items()}
    return {split: names for split, names in tables.items() if names}


def _data_files(builder: Any) -> dict[str, list[str]]:
    return {str(split): [str(path) for path in paths] for split, paths in builder.config.data_files.items()}


def _file(path: str, files: Files) -> str:
    """A file of the dataset, from its folder. Raises: DataError where it lies outside."""
    found = files.locate(path)
    if found.file is None or not found.there:
        raise DataError("tables.card_leads_out", name=path)
    return found.file


def _front_matter(card: Path) -> dict[str, Any]:
    """What a card says between its first lines of dashes; nothing where there is no card, or none that is one."""
    if not card.is_file() or card.stat().st_size > LARGEST_CARD:
        return {}
    text = card.read_text(encoding="utf-8", errors="replace")
    if card.suffix == ".md":
        found = re.match(r"\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(\r?\n|$)", text, re.DOTALL)
        text = found[1] if found else ""
    loaded = yaml.safe_load(text)
    return loaded if isinstance(loaded, dict) else {}


def _patterns(configs: Any) -> Iterator[str]:
    """The files and folders that configs name."""
    for config in configs if isinstance(configs, list) else []:
        if isinstance(config, dict):
            yield from _texts([config.get("data_files"), config.get("data_dir")])


def _texts(value: Any) -> Iterator[str]:
    pending, seen = [value], 0
    while pending and seen < 100_000:  # an alias of YAML may make a list endless
        seen += 1
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            pending.extend(item.get(key) for key in item if key != "split")
        elif isinstance(item, list):
            pending.extend(item)

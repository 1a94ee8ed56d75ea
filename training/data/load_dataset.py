"""A DATASET argument -> splits of rows: a Hub id, a folder, a table, or the digits that come with scikit-learn."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, IterableDataset
from PIL import Image

from resnet_hub.errors import DataError, Phrase
from resnet_hub.images import HEAD_BYTES

from ..layouts import TABLES, Ledger, is_archive, read_folder, scan_folder
from ..settings import AUTO, RunSettings
from ..tables import (
    FOUND,
    READERS,
    AskedColumns,
    card_divides,
    encoded_stream,
    read_as_on_hub,
    read_list_folder,
    read_table_file,
    read_table_folder,
)
from .errors import dataset_errors
from .hub_dataset import read_hub_dataset

DIGITS = "digits"
HUB_ID = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?(?:@(?P<revision>[\w./-]+))?", re.ASCII)
HUB_ADDRESS = re.compile(r"(?:https?://[^/]+|hf:/)/datasets/([\w.-]+/[\w.-]+)", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")
DIGIT_SIDE = 64
"""Pixels: the 8 x 8 scans are enlarged to this, so that a page can show them."""
MAX_SHARDS = 1024
"""Parts of a folder of images that is streamed: they come in another order in each pass."""


def asked_columns(settings: RunSettings) -> AskedColumns:
    """The columns that flags choose."""
    return AskedColumns(settings.image_column, settings.label_column, settings.split_column)


def load_splits(
    source: str, layout: str = AUTO, ledger: Ledger | None = None, asked: AskedColumns = FOUND
) -> DatasetDict:
    """The rows of each split that the dataset has, images not decoded yet.

    Args:
        source: What --dataset says.
        layout: How the folders are read: auto, or the name of a layout.
        ledger: Is told what became of each file of a folder.
        asked: The columns that somebody chose.

    Raises:
        DataError: There is no such folder or dataset, nothing in it, or its layout is none or has two readings.
        HubError: The Hub could not be reached, or refused.
    """
    return _as_dict(_load(source, layout, Ledger() if ledger is None else ledger, asked)[0])


def open_streams(
    source: str, layout: str = AUTO, ledger: Ledger | None = None, asked: AskedColumns = FOUND
) -> tuple[dict[str, IterableDataset], str | None]:
    """The rows of each split as they come, images not decoded yet, and the commit of a Hub dataset.

    Args:
        source: What --dataset says.
        layout: As in `load_splits`.
        ledger: As in `load_splits`.
        asked: As in `load_splits`.

    Raises:
        DataError: There is no such folder or dataset, or its layout is none or has two readings.
        HubError: The Hub could not be reached, or refused.
    """
    tables, commit = _load(source, layout, Ledger() if ledger is None else ledger, asked, streaming=True)
    known = {name: rows if rows.features else rows._resolve_features() for name, rows in tables.items()}
    return {name: encoded_stream(rows) for name, rows in known.items()}, commit


def _load(
    source: str, layout: str, ledger: Ledger, asked: AskedColumns, *, streaming: bool = False
) -> tuple[Any, str | None]:
    path = Path(source).expanduser()
    if layout != AUTO and not path.is_dir() and not (layout == TABLES and path.exists()):
        raise DataError("layouts.no_folder", layout=layout, source=source)
    if not os.isatty(2):
        datasets.disable_progress_bars()
    if source == DIGITS and not Path(source).exists():
        _refuse_split_column(asked, source)
        return _streamed(digits()) if streaming else digits(), None
    said = f"--dataset {source!r}"
    if path.is_dir():
        scan = scan_folder(path)
        if layout == AUTO and scan.tree.below and card_divides(path):
            ledger.decide(Phrase("tables.card_decides"))
            with dataset_errors(said, source):
                return read_as_on_hub(scan, None, ledger, asked, streaming=streaming), None
        tables = read_list_folder(scan, layout, ledger) or read_folder(scan, layout, ledger)
        if tables is not None:
            _refuse_split_column(asked, source)
            return _streamed(tables) if streaming else tables, None
        with dataset_errors(said, source):
            return read_table_folder(scan, ledger, asked, streaming=streaming), None
    if path.exists():
        if path.suffix.lower() not in READERS:
            with path.open("rb") as file:
                archive = is_archive(file.read(HEAD_BYTES))
            raise DataError("data.archive" if archive else "data.other_file", file=source, kinds=", ".join(READERS))
        return read_table_file(path, ledger, asked, streaming=streaming), None
    folder, colon, config = source.rpartition(":")
    if colon and Path(folder).expanduser().is_dir():
        with dataset_errors(said, folder):
            scan = scan_folder(Path(folder).expanduser())
            return read_as_on_hub(scan, config, ledger, asked, streaming=streaming), None
    if address := HUB_ADDRESS.match(source):
        raise DataError("data.address", source=source, id=address[1])
    match = HUB_ID.fullmatch(source)
    if match is None or source.startswith(("./", "../", "~", "/")):
        raise DataError("data.no_folder", source=source)
    with dataset_errors(said, match["name"]):
        return read_hub_dataset(match["name"], match["config"], match["revision"], ledger, asked, streaming=streaming)


def _refuse_split_column(asked: AskedColumns, source: str) -> None:
    """Raises: DataError where a column is to divide images that no table names."""
    if asked.divides:
        raise DataError("layouts.no_columns", column=asked.split, source=source)


def _streamed(tables: DatasetDict) -> dict[str, IterableDataset]:
    return {name: rows.to_iterable_dataset(min(len(rows), MAX_SHARDS)) for name, rows in tables.items()}


def digits() -> DatasetDict:
    """The 1,797 handwritten digits of scikit-learn as dark ink on white paper, one split.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI repository, 1998.
    """
    scans, targets = _scanned_digits()
    images = []
    for levels in scans:  # 0 is paper, 16 is full ink
        small = Image.fromarray(np.round(255 - levels * (255 / 16)).astype(np.uint8))
        buffer = BytesIO()
        small.resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.BICUBIC).save(buffer, "png")
        images.append({"bytes": buffer.getvalue(), "path": None})
    features = Features({"image": datasets.Image(), "label": ClassLabel(names=[str(digit) for digit in range(10)])})
    rows = Dataset.from_dict({"image": images, "label": targets.tolist()}, features=features)
    return DatasetDict({"train": rows})


def _scanned_digits() -> tuple[np.ndarray, np.ndarray]:
    """The levels of ink (N, 8, 8), 0 to 16, and the digits (N,)."""
    package = find_spec("sklearn")
    folders = package.submodule_search_locations if package else None
    file = Path(next(iter(folders or [""])), "datasets", "data", "digits.csv.gz")
    if not file.is_file():  # not where it has always been
        from sklearn.datasets import load_digits

        found = load_digits()
        return found.images, found.target
    rows = np.loadtxt(file, delimiter=",")  # as scikit-learn reads it, of which the import takes two seconds
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1].astype(np.int64)


def dataset_commit(tables: DatasetDict) -> str | None:
    """The commit of a Hub dataset that was read, 40 hex digits; None for a folder.

    Read off the place in the cache of datasets, so that it is that of the rows, and known offline.
    """
    for rows in tables.values():
        places = [*(rows.info.download_checksums or {}), *(file["filename"] for file in rows.cache_files)]
        for part in (part for place in places for part in re.split("[/@]", place)):
            if COMMIT.fullmatch(part):
                return part
    return None


def _as_dict(loaded: object) -> DatasetDict:
    if not isinstance(loaded, DatasetDict) or not any(len(rows) for rows in loaded.values()):
        raise DataError("data.no_rows")
    return loaded

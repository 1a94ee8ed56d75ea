"""A DATASET argument -> splits of rows: a Hub id, a folder, a table, or the digits that come with scikit-learn."""

from __future__ import annotations

import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, IterableDataset
from datasets.exceptions import DatasetGenerationError
from huggingface_hub import HfApi, snapshot_download
from PIL import Image

from resnet_hub.errors import DataError

from ..layouts import TABLES, Ledger, read_folder, scan_folder
from ..settings import AUTO
from .errors import dataset_errors
from .image_columns import open_paths, with_images

DIGITS = "digits"
HUB_ID = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?(?:@(?P<revision>[\w./-]+))?", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")
# Folder names of each split, the field's spellings first.
SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing"),
}
READERS = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".jsonl": "json"}
# pandas would take a class named "None" or "NA" for no class at all.
CSV_OPTIONS = {"keep_default_na": False, "na_values": [""]}
DIGIT_SIDE = 64
"""Pixels: the 8 x 8 scans are enlarged to this, so that a page can show them."""
MAX_SHARDS = 1024
"""Parts of a folder of images that is streamed: they come in another order in each pass."""


def load_splits(source: str, layout: str = AUTO, ledger: Ledger | None = None) -> DatasetDict:
    """The rows of each split that the dataset has, images not decoded yet.

    Args:
        source: What --dataset says.
        layout: How the folders are read: auto, or the name of a layout.
        ledger: Is told what became of each file of a folder.

    Raises:
        DataError: There is no such folder or dataset, nothing in it, or its layout is none or has two readings.
        HubError: The Hub could not be reached, or refused.
    """
    return _load(source, layout, Ledger() if ledger is None else ledger)[0]


def open_streams(
    source: str, layout: str = AUTO, ledger: Ledger | None = None
) -> tuple[dict[str, IterableDataset], str | None]:
    """The rows of each split as they come, images not decoded yet, and the commit of a Hub dataset.

    Args:
        source: What --dataset says.
        layout: As in `load_splits`.
        ledger: As in `load_splits`.

    Raises:
        DataError: There is no such folder or dataset, or its layout is none or has two readings.
        HubError: The Hub could not be reached, or refused.
    """
    tables, commit = _load(source, layout, Ledger() if ledger is None else ledger, streaming=True)
    known = {name: rows if rows.features else rows._resolve_features() for name, rows in tables.items()}
    return {name: with_images(rows).decode(False) for name, rows in known.items()}, commit


def _load(source: str, layout: str, ledger: Ledger, *, streaming: bool = False) -> tuple[Any, str | None]:
    path = Path(source).expanduser()
    if layout != AUTO and not path.is_dir() and not (layout == TABLES and path.exists()):
        raise DataError("layouts.no_folder", layout=layout, source=source)
    if not os.isatty(2):
        datasets.disable_progress_bars()
    if source == DIGITS and not Path(source).exists():
        tables = digits()
        return {name: rows.to_iterable_dataset() for name, rows in tables.items()} if streaming else tables, None
    if path.is_dir():
        return _local(path, streaming, layout, ledger), None
    if path.exists():
        return _table_file(path, streaming), None
    match = HUB_ID.fullmatch(source)
    if match is None or source.startswith(("./", "../", "~", "/")):
        raise DataError("data.no_folder", source=source)
    return _from_hub(source, match["name"], match["config"], match["revision"], streaming)


def digits() -> DatasetDict:
    """The 1,797 handwritten digits of scikit-learn as dark ink on white paper, one split.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI repository, 1998.
    """
    from sklearn.datasets import load_digits

    scans = load_digits()
    images = []
    for levels in scans.images:  # 0 is paper, 16 is full ink
        small = Image.fromarray(np.round(255 - levels * (255 / 16)).astype(np.uint8))
        buffer = BytesIO()
        small.resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.BICUBIC).save(buffer, "png")
        images.append({"bytes": buffer.getvalue(), "path": None})
    features = Features({"image": datasets.Image(), "label": ClassLabel(names=[str(digit) for digit in range(10)])})
    rows = Dataset.from_dict({"image": images, "label": scans.target.tolist()}, features=features)
    return DatasetDict({"train": rows})


def _table_file(file: Path, streaming: bool) -> Any:
    """A file of rows, its images in it or named in a column by paths that start from beside it."""
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise DataError("data.other_file", file=str(file), kinds=", ".join(READERS))
    return _tables(reader, {"train": str(file)}, file.parent, f"--dataset {str(file)!r}", streaming)


def _tables(reader: str, files: dict[str, str], folder: Path, said: str, streaming: bool) -> Any:
    options = (
        (CSV_OPTIONS | {"sep": "\t" if files["train"].lower().endswith(".tsv") else ","}) if reader == "csv" else {}
    )
    try:
        loaded = datasets.load_dataset(reader, data_files=files, streaming=streaming, **options)
        return loaded if streaming else open_paths(_as_dict(loaded), lambda _: folder)
    except (OSError, ValueError, DatasetGenerationError) as error:
        raise DataError("data.no_table", dataset=said, reason=_first_line(error)) from error


def _csv_files(folder: Path) -> dict[str, str]:
    """The CSV files right in a folder by split: train.csv, val.csv and so on, or one of any name; else none.

    metadata.csv is left to the reader of class folders, which knows it.
    """
    found = [file for file in folder.glob("*.csv") if file.stem != "metadata"]
    by_split = {
        split: str(file) for split, names in SPLIT_FOLDERS.items() for file in found if file.stem.lower() in names
    }
    if "train" in by_split:
        return by_split
    return {"train": str(found[0])} if len(found) == 1 and not by_split else {}


def _local(folder: Path, streaming: bool, layout: str, ledger: Ledger) -> Any:
    """A folder of images in class folders, or one whose tables say what they are, as on the Hub."""
    tables = read_folder(scan_folder(folder), layout, ledger)
    if tables is None:
        return _local_tables(folder, streaming)
    if streaming:
        return {name: rows.to_iterable_dataset(min(len(rows), MAX_SHARDS)) for name, rows in tables.items()}
    return tables


def _local_tables(folder: Path, streaming: bool) -> Any:
    if files := _csv_files(folder):
        return _tables("csv", files, folder, f"--dataset {str(folder)!r}", streaming)
    try:
        loaded = datasets.load_dataset(str(folder), streaming=streaming)
        return loaded if streaming else open_paths(_as_dict(loaded), lambda _: folder)
    except (FileNotFoundError, ValueError, DatasetGenerationError) as error:
        raise DataError("data.no_table", dataset=f"--dataset {str(folder)!r}", reason=_first_line(error)) from error


def _from_hub(
    source: str, name: str, config: str | None, revision: str | None, streaming: bool
) -> tuple[Any, str | None]:
    with dataset_errors(f"--dataset {source!r}", name):
        if streaming:  # a commit, so that a push in the middle of the run changes nothing
            commit = HfApi().dataset_info(name, revision=revision).sha
            return datasets.load_dataset(name, config, revision=commit, streaming=True), commit
        tables = _as_dict(datasets.load_dataset(name, config, revision=revision))

        def download(suffixes: set[str]) -> Path:
            wanted = [f"*{suffix}" for suffix in sorted(suffixes)]
            commit = dataset_commit(tables) or revision
            return Path(snapshot_download(name, repo_type="dataset", revision=commit, allow_patterns=wanted))

        return open_paths(tables, download), dataset_commit(tables)


def dataset_commit(tables: DatasetDict) -> str | None:
    """The commit of a Hub dataset that was read, 40 hex digits; None for a folder.

    Read off the place in the cache of datasets, so that it is that of the rows, and known offline.
    """
    for rows in tables.values():
        for file in rows.cache_files:
            for part in Path(file["filename"]).parts:
                if COMMIT.fullmatch(part):
                    return part
    return None


def _as_dict(loaded: object) -> DatasetDict:
    if not isinstance(loaded, DatasetDict) or not any(len(rows) for rows in loaded.values()):
        raise DataError("data.no_rows")
    return loaded


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__

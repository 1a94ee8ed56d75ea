"""A folder of images -> splits of rows, each image with its class, and the ledger of every file."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import datasets
import pyarrow as pa
from datasets import ClassLabel, Dataset, DatasetDict, Features

from resnet_hub.errors import DataError, Phrase

from ..settings import AUTO
from .layouts import TABLES, Reading, choose
from .ledger import Ledger
from .masks import masks_among, set_masks_aside
from .scanning import RECORDS, Folder, Scan, quoted, shown, tree_lines
from .table_choice import deciding_tables, metadata_files

MAX_BYTES_HELD = 2**30
"""Images whose paths are no text are held in memory, together at most this many bytes."""
SPLITS = ("train", "validation", "test")


def read_folder(scan: Scan, layout: str, ledger: Ledger) -> DatasetDict | None:
    """The splits of a folder of images; None where its tables say what they are.

    Args:
        scan: What lies in the folder.
        layout: One of `settings.LAYOUTS`.
        ledger: Is told of every file, where the images are read here.

    Raises:
        DataError: There is nothing to read, or what there is has no reading or two.
    """
    if not scan.files:
        raise DataError("data.empty_folder", folder=str(scan.root))
    set_masks_aside(scan.tree)
    has_tables = any(folder.tables for folder in scan.tree.used())
    if layout == TABLES and not has_tables and not any(RECORDS in folder.others for folder in scan.tree.used()):
        raise DataError("layouts.contradiction", layout=layout, seen=tree_lines(scan.tree))
    if layout == TABLES or (layout == AUTO and has_tables and not scan.tree.below and not _awaits_unpacking(scan)):
        return None
    if layout == AUTO and (files := metadata_files(scan)):
        _decide(ledger, TABLES, Phrase("layouts.metadata", files=quoted(files)))
        return None
    if not scan.tree.below:
        raise _without_images(scan)
    name, reading = _chosen(scan, layout)
    if name == TABLES:
        _decide(ledger, name, reading.reason)
        return None
    _decide(ledger, name, reading.reason)
    for decision in reading.decisions:
        ledger.decide(decision)
    tables = _rows(scan, reading, ledger)
    _account(scan, reading, ledger)
    return tables


def _chosen(scan: Scan, layout: str) -> tuple[str, Reading]:
    """The layout and its reading; where tables name the images as well, there must be one reading all the same."""
    if layout != AUTO:
        return choose(scan.tree, layout)
    try:
        name, reading = choose(scan.tree)
    except DataError:
        if deciding_tables(scan, set()):
            return TABLES, Reading(Phrase("layouts.only_tables"))
        raise
    classes = {path for path, (_, label) in reading.places.items() if label is not None}
    if len(reading.classes) < 2:
        classes = set()
    tables = deciding_tables(scan, classes)
    if tables and classes and not deciding_tables(scan, classes, within=True):
        raise DataError("layouts.table_of_others", tables=quoted(tables), layout=name, seen=tree_lines(scan.tree))
    if tables and classes:
        raise DataError("layouts.table_or_folders", tables=quoted(tables), layout=name, seen=tree_lines(scan.tree))
    return (TABLES, Reading(Phrase("layouts.tables", files=quoted(tables)))) if tables else (name, reading)


def _decide(ledger: Ledger, name: str, reason: Phrase) -> None:
    ledger.decide(Phrase("layouts.chosen", layout=name, reason=reason))


def _awaits_unpacking(scan: Scan) -> bool:
    """Whether there are archives, and tables that cannot hold images themselves."""
    folders = list(scan.tree.used())
    return any(folder.archives for folder in folders) and not any(
        name.lower().endswith((".parquet", ".arrow")) for folder in folders for name in folder.tables
    )


def _without_images(scan: Scan) -> DataError:
    archives = [folder.inside(name) for folder in scan.tree.used() for name in folder.archives]
    if archives:
        return DataError("layouts.archives", folder=shown(str(scan.root)), archives=quoted(archives))
    return DataError("data.no_images", folder=shown(str(scan.root)), seen=tree_lines(scan.tree))


def _rows(scan: Scan, reading: Reading, ledger: Ledger) -> DatasetDict:
    """The rows by split, sorted by path; classes are numbered in the order of their names."""
    images: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for folder in scan.tree.used():
        if folder.images and folder.path in reading.places:
            split, label = reading.places[folder.path]
            masks = masks_among(folder.images)
            ledger.leave_out("files", Phrase("ledger.mask"), _paths(folder, sorted(masks)))
            images[split] += [(folder.inside(name), label) for name in folder.images if name not in masks]
    names = _class_names(images, ledger)
    classes = sorted(set(names.values()))
    features = Features({"image": datasets.Image()})
    if classes:
        features["label"] = ClassLabel(names=classes)
    numbers = {raw: classes.index(name) for raw, name in names.items()}
    home, tables = str(Path(scan.root).absolute()), {}
    for split in (*SPLITS, *images.keys() - set(SPLITS)):
        if split in images:
            rows = sorted(images[split])
            columns = {"image": image_cells(home, [path for path, _ in rows])}
            if classes:
                labels = [None if label is None else numbers[label] for _, label in rows]
                columns["label"] = pa.array(labels, pa.int64())
            tables[split] = Dataset(
                pa.table(columns).cast(features.arrow_schema), info=datasets.DatasetInfo(features=features)
            )
    ledger.use_files("image", sum(map(len, images.values())))
    return DatasetDict(tables)


def _class_names(images: Mapping[str, list[tuple[str, str | None]]], ledger: Ledger) -> dict[str, str]:
    """Name of a folder -> name of its class: one class in one Unicode form, without white space at the ends.

    Raises:
        DataError: A class of one split is written as in train but for upper and lower case.
    """
    found: dict[str, set[str]] = {
        split: {label for _, label in rows if label is not None} for split, rows in images.items()
    }
    names = {raw: _class_name(raw) for labels in found.values() for raw in labels}
    merged = defaultdict(list)
    for raw, name in sorted(names.items()):
        merged[name].append(raw)
    for name, raws in merged.items():
        if len(raws) > 1:
            ledger.decide(Phrase("layouts.one_class", name=name, folders=_spelled(raws)))
        elif raws[0] != name:
            ledger.decide(Phrase("layouts.class_renamed", name=name, folder=_spelled(raws)))
    known = {names[raw] for raw in found.get("train", ())}
    folded = {name.casefold(): name for name in known}
    for split, labels in found.items():
        for name in sorted({names[raw] for raw in labels} - known):
            if known and name.casefold() in folded:
                raise DataError("layouts.other_case", split=split, name=name, known=folded[name.casefold()])
    return names


def _class_name(raw: str) -> str:
    text = os.fsencode(raw).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text).strip() or repr(text)


def _spelled(names: Iterable[str]) -> str:
    """Names so that different characters look different: as ASCII with escapes."""
    return ", ".join(ascii(name) for name in names)


def image_cells(home: str, paths: list[str]) -> pa.StructArray:
    """Images of a folder as paths; one whose path is no text as its bytes, with a name that can be shown."""
    held, names, total = [], [], 0
    for path in paths:
        full = f"{home}/{path}"
        content = None
        try:
            full.encode()
        except UnicodeEncodeError:
            content = Path(full).read_bytes()
            total += len(content)
            if total > MAX_BYTES_HELD:
                raise DataError("layouts.names_no_text", name=shown(path)) from None
            full = shown(path)
        held.append(content)
        names.append(full)
    return pa.StructArray.from_arrays([pa.array(held, pa.binary()), pa.array(names, pa.string())], ["bytes", "path"])


def _account(scan: Scan, reading: Reading, ledger: Ledger) -> None:
    """Tells the ledger of every file that is no row."""
    ledger.see("files", scan.files)
    used = {id(folder) for folder in scan.tree.used()}
    for folder in scan.tree.walk():
        hidden = id(folder) not in used
        if folder.images and (hidden or folder.path not in reading.places):
            passed = Phrase("ledger.mask" if folder.of_masks else "ledger.hidden_folder")
            reason = passed if hidden else _why(folder, reading)
            ledger.leave_out("files", reason, _paths(folder, folder.images))
        ledger.leave_out("files", Phrase("ledger.stray_table"), _paths(folder, folder.tables))
        ledger.leave_out("files", Phrase("ledger.archive"), _paths(folder, folder.archives))
        ledger.use_files("card", len(folder.cards))
        for kind, names in folder.others.items():
            ledger.leave_out("files", Phrase("ledger.no_image", found=kind_of_file(kind)), _paths(folder, names))
    for reason, path in scan.unread:
        ledger.leave_out("files", reason, [shown(path)])
    if scan.links:
        ledger.decide(Phrase("layouts.links", count=len(scan.links), names=quoted(scan.links)))
    empty = [
        below.path
        for folder in scan.tree.used()
        if folder.with_images
        for below in folder.folders
        if not below.below and not below.passed_over
    ]
    if empty:
        ledger.decide(Phrase("layouts.without_images", count=f"{len(empty):,}", names=quoted(empty)))
    several = [
        folder.inside(name) for folder in scan.tree.used() if folder.path in reading.places for name in folder.several
    ]
    if several:
        ledger.decide(Phrase("layouts.several_pages", count=f"{len(several):,}", names=quoted(several)))


def _why(folder: Folder, reading: Reading) -> Phrase:
    above = (reason for path, reason in reading.aside.items() if f"{folder.path}/".startswith(f"{path}/"))
    return next(above, Phrase("ledger.no_class_folder"))


def kind_of_file(kind: str) -> Phrase | str:
    """What a file is that is neither image nor table, for people."""
    if kind == "system":
        return Phrase("ledger.system_files")
    if kind == "empty":
        return Phrase("ledger.empty_files")
    if kind == "text":
        return Phrase("ledger.text_files")
    if kind == "spreadsheet":
        return Phrase("ledger.spreadsheets")
    if kind in (RECORDS, "dictionary"):
        return Phrase("ledger.json_records" if kind == RECORDS else "ledger.json_dictionary")
    return Phrase("ledger.other_files") if kind == "binary" else kind


def _paths(folder: Folder, names: Sequence[str]) -> list[str]:
    return [shown(folder.inside(name)) for name in names]

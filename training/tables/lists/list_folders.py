"""A folder whose text files list its images -> rows of splits, their classes said by the lists or by the folders."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict, DatasetInfo, Features, Image

from resnet_hub.errors import DataError, Phrase

from ...layouts import (
    LISTS,
    SPLIT_OF,
    Ledger,
    Scan,
    account_for,
    deciding_tables,
    image_cells,
    quoted,
    says_division,
    set_masks_aside,
    shown,
    split_in,
    splits_among,
    tree_lines,
)
from ...settings import AUTO
from ..columns import in_place, read_names
from ..names import Files, NamedFiles
from ..table_folders import named_by_split
from .folder_places import FolderPlaces
from .image_lists import COLUMNS, ID_PATH, ImageList, find_lists, read_list, read_pairs
from .list_classes import Classes, by_folders, classes_of, of_names

SPLITS = ("train", "validation", "test")
LABELS_BY_ID, SPLITS_BY_ID = "image_class_labels.txt", "train_test_split.txt"
"""What CUB calls the texts beside images.txt that give the class and the split of an id."""
MOST_DIVISIONS = 20
"""Parts into which a file that is called so may divide images; cross validation has ten."""


@dataclass(frozen=True)
class _Part:
    """The rows of one split."""

    split: str
    lists: tuple[str, ...]
    """The files that say it."""
    images: Dataset
    labels: pa.ChunkedArray
    """Texts; all null where the lists say none."""
    numbers: np.ndarray
    """The number of each row's file in the index, -1 for none, int64 (N,)."""

    @property
    def labeled(self) -> bool:
        return self.labels.null_count < len(self.labels)


def read_list_folder(scan: Scan, layout: str, ledger: Ledger) -> DatasetDict | None:
    """The splits of a folder that has lists of its images; None where it has none that say splits or classes.

    Args:
        scan: The folder.
        layout: One of `settings.LAYOUTS`.
        ledger: Is told of each of its files.

    Raises:
        DataError: The lists and the folders or tables say different things, or one cannot be read.
    """
    if layout not in (AUTO, LISTS):
        return None
    read = None
    set_masks_aside(scan.tree)
    if any(folder.others.get("text") for folder in scan.tree.used()):
        files = Files(scan.root, (folder.inside(name) for folder in scan.tree.used() for name in folder.images))
        folders = FolderPlaces(scan, files)
        if lists := find_lists(scan, files, folders.of_classes):
            read = _ListReader(scan, files, folders, ledger, layout).read(lists)
    if read is None and layout == LISTS:
        raise DataError("layouts.contradiction", layout=layout, seen=tree_lines(scan.tree))
    return read


@dataclass
class _ListReader:
    """Reads the lists of one folder."""

    scan: Scan
    files: Files
    folders: FolderPlaces
    ledger: Ledger
    layout: str

    def read(self, lists: list[ImageList]) -> DatasetDict | None:
        """The splits; None where the lists say nothing that the folders do not say."""
        parts = self._by_ids(lists)
        if parts is None:
            parts = [self._part(split, found) for split, found in self._chosen(lists).items()]
        if not parts or self._say_nothing_new(parts):
            return None
        self._refuse_splits(parts)
        self._refuse_others(parts)
        told = _told(parts)
        parts, classes = self._with_classes(parts)
        reason = Phrase("lists.reason", files=told)
        self.ledger.decide(Phrase("layouts.chosen", layout=LISTS, reason=reason))
        self.ledger.decide(classes.reason)
        used = NamedFiles(self.files)
        for part in parts:
            used.add_numbers(part.numbers[part.numbers >= 0])
        tables = {path for part in parts for path in (*part.lists, classes.file) if path}
        account_for(self.scan, used, tables, self.ledger)
        found = {part.split: _labeled(part, classes) for part in parts}
        return DatasetDict({split: found[split] for split in SPLITS if split in found})

    def _chosen(self, lists: list[ImageList]) -> dict[str, ImageList]:
        """The list of each split; none where none says a split or a class. Raises: DataError for several of one."""
        by_path = {one.path: one for one in lists}
        named = named_by_split(list(by_path))
        both = [path for path in named.get("train", ()) if "trainval" in path.lower().replace("_", "")]
        if both and "validation" in named and len(named["train"]) == len(both) + 1:  # train.txt and val.txt in one
            named["train"] = [path for path in named["train"] if path not in both]
            self.ledger.decide(Phrase("lists.both_splits", files=quoted(both)))
        says_class = [path for path, one in by_path.items() if one.labels or one.form is COLUMNS]
        if not named and says_class:
            stem = posixpath.splitext(posixpath.basename(says_class[0]))[0]
            named = {split_in(stem) or "train" if len(says_class) == 1 else "train": says_class}
        chosen = [path for paths in named.values() for path in paths]
        others = [path for path in by_path if path not in chosen and path not in both]
        if any(len(paths) > 1 for paths in named.values()) or not set(others).isdisjoint(says_class):
            raise DataError("lists.several", files=quoted(list(by_path)), layout=self.folders.layout)
        if others:
            self.ledger.decide(Phrase("lists.says_nothing", files=quoted(others)))
        return {split: by_path[path] for split, (path,) in named.items()}

    def _part(self, split: str, found: ImageList) -> _Part:
        """The rows of a list."""
        rows = read_list(self.scan.root, found)
        if found.form is COLUMNS and not self.folders.classes.issuperset(rows["label"].unique().to_pylist()):
            raise DataError("lists.columns", file=shown(found.path), layout=self.folders.layout)
        return self._located(split, found, rows["path"], rows["label"])

    def _by_ids(self, lists: list[ImageList]) -> list[_Part] | None:
        """The splits of images.txt with the files beside it that give classes and splits by id, as in CUB."""
        for one in lists:
            folder, name = posixpath.split(one.path)
            there = [posixpath.join(folder, file) for file in (LABELS_BY_ID, SPLITS_BY_ID)]
            there = [path for path in there if (self.scan.root / path).is_file()]
            if one.form is ID_PATH and name.lower() == "images.txt" and there:
                return self._joined(one, there)
        return None

    def _joined(self, images: ImageList, beside: list[str]) -> list[_Part]:
        rows, given = read_list(self.scan.root, images), {}
        ids = rows["id"].to_pylist()
        for path in beside:
            pairs = read_pairs(self.scan.root / path)
            lacking = next((one for one in ids if one not in pairs), None)
            if lacking is not None:
                raise DataError("lists.ids", file=shown(path), images=shown(images.path), id=shown(lacking))
            given[posixpath.basename(path)] = [pairs[one] for one in ids]
        flags = np.array(given.get(SPLITS_BY_ID, ["1"] * len(ids)))
        if not np.isin(flags, ("0", "1")).all():
            raise DataError("lists.no_flags", file=SPLITS_BY_ID)
        labels, parts = pa.array(given.get(LABELS_BY_ID, [None] * len(ids)), pa.string()), []
        for split, flag in (("train", "1"), ("test", "0")):
            some = pa.array(flags == flag)
            part = self._located(split, images, rows["path"].filter(some), pa.chunked_array([labels.filter(some)]))
            parts.append(replace(part, lists=(images.path, *beside)))
        return [part for part in parts if len(part.images)]

    def _located(self, split: str, found: ImageList, paths: pa.ChunkedArray, labels: pa.ChunkedArray) -> _Part:
        """Rows with the files that their paths name."""
        folder, name = posixpath.split(found.path)
        cells = pc.dictionary_encode(paths.combine_chunks().cast(pa.large_string()))
        words = (word for word, meant in SPLIT_OF.items() if meant == split)
        hints = (posixpath.splitext(name)[0].lower(), *words, "images", "data")
        reading = read_names(cells.dictionary, "path", self.files, folder, hints, self.ledger)
        numbers = reading.numbers(cells.dictionary, self.files)[cells.indices.to_numpy(zero_copy_only=False)]

        def locate(name: str) -> str | None:
            file = reading.file(name)
            return None if file is None else self.files.path(file)

        if 2 * np.count_nonzero(numbers >= 0) < len(numbers):
            name = shown(cells.dictionary[int(cells.indices[int(np.argmin(numbers))].as_py())].as_py()[:200])
            raise DataError("lists.not_there", file=shown(found.path), name=name, seen=tree_lines(self.scan.tree))
        images = in_place(Dataset(pa.table({"image": paths})), "image", locate)
        return _Part(split, (found.path,), images, labels, numbers)

    def _say_nothing_new(self, parts: list[_Part]) -> bool:
        """Whether lists without train and without classes say of each image the split that its folder says."""
        if any(part.labeled or part.split == "train" for part in parts) or not self.folders.say_splits:
            return False
        same = all(self.folders.place(number)[0] == part.split for part in parts for number in part.numbers.tolist())
        if same:
            self.ledger.decide(Phrase("lists.as_folders", files=_told(parts)))
        return same

    def _refuse_splits(self, parts: list[_Part]) -> None:
        """Raises: DataError where a list says splits in place of classes, by its name or by its words."""
        for part in parts:
            stem, labels = posixpath.splitext(posixpath.basename(part.lists[0]))[0], _labels_of([part])
            by_name = says_division(stem) and not splits_among([stem]) and len(labels) <= MOST_DIVISIONS
            by_words = {label.casefold() for label in labels} <= SPLIT_OF.keys()
            if len(part.lists) == 1 and labels and (by_name or by_words):
                told = {"labels": quoted(sorted(labels)), "layout": self.folders.layout}
                raise DataError("lists.say_splits", file=shown(part.lists[0]), **told)

    def _refuse_others(self, parts: list[_Part]) -> None:
        """Raises: DataError where tables name the images too, or folders say other splits, and nobody chose."""
        if self.layout != AUTO:
            return
        lists = _told(parts)
        if tables := deciding_tables(self.scan, self.folders.of_classes):
            raise DataError("lists.and_tables", files=lists, tables=quoted(tables), seen=tree_lines(self.scan.tree))
        for part in parts if self.folders.say_splits else ():
            for number in part.numbers.tolist():
                split = self.folders.place(number)[0]
                if split not in (None, part.split):
                    name = shown(self.files.index.name(number))
                    told = {"name": name, "split": part.split, "other": split, "layout": self.folders.layout}
                    raise DataError("lists.other_split", file=shown(part.lists[0]), **told)

    def _with_classes(self, parts: list[_Part]) -> tuple[list[_Part], Classes]:
        """The parts with a label in each row that has one anywhere, and what the labels mean. Raises: DataError."""
        labeled, folders = [part for part in parts if part.labeled], self.folders
        has_train = any(part.split == "train" for part in parts)
        if not labeled:
            if not has_train or not folders.places:
                raise DataError(
                    "lists.no_classes" if has_train else "lists.no_train", files=_told(parts), layout=folders.layout
                )
            told = [pa.chunked_array([folders.classes_of(part.numbers)], pa.string()) for part in parts]
            parts = [replace(part, labels=labels) for part, labels in zip(parts, told, strict=True)]
            return parts, of_names(_labels_of(parts), Phrase("lists.classes_of_folders"))
        pairs = {
            pair
            for part in labeled
            for pair in zip(part.labels.to_pylist(), folders.classes_of(part.numbers), strict=True)
        }
        alike = by_folders((label, name) for label, name in pairs if label is not None and name is not None)
        if alike is None and self.layout == AUTO:
            raise DataError("lists.other_classes", file=shown(labeled[0].lists[0]), layout=folders.layout)
        classes = classes_of(self.scan, _labels_of(labeled), [path for part in labeled for path in part.lists], alike)
        return (parts, classes) if has_train else self._with_train(parts, classes)

    def _with_train(self, parts: list[_Part], classes: Classes) -> tuple[list[_Part], Classes]:
        """The same with train as the folders say it, where lists say the classes of other splits by their names."""
        meant = set(classes.names or _labels_of(parts))
        if not self.folders.say_splits or not meant <= self.folders.classes:
            told = _told(parts)
            raise DataError("lists.no_train", files=told, layout=self.folders.layout)
        named = {number for part in parts for number in part.numbers.tolist()}
        places = ((number, self.folders.place(number)) for number in range(len(self.files.index)))
        rows = [(number, label) for number, (split, label) in places if split == "train" and number not in named]
        numbers = np.array([number for number, label in rows if label is not None], np.int64)
        labels = pa.chunked_array([[label for _, label in rows if label is not None]], pa.string())
        names = [self.files.index.name(number) for number in numbers.tolist()]
        cells, features = image_cells(self.files.path("").rstrip("/"), names), Features({"image": Image()})
        images = Dataset(pa.table({"image": cells}).cast(features.arrow_schema), info=DatasetInfo(features=features))
        texts = [replace(part, labels=classes.texts(part.labels)) for part in parts]
        whole = [_Part("train", (), images, labels, numbers), *texts]
        return whole, of_names(_labels_of(whole), Phrase("lists.train_of_folders"))


def _told(parts: list[_Part]) -> str:
    return quoted(list(dict.fromkeys(path for part in parts for path in part.lists)))


def _labels_of(parts: list[_Part]) -> set[str]:
    return {label for part in parts for label in part.labels.unique().to_pylist() if label is not None}


def _labeled(part: _Part, classes: Classes) -> Dataset:
    """The rows with their labels."""
    features = Features({**part.images.features, "label": classes.feature})
    table = part.images.with_format("arrow")[:].append_column("label", classes.column(part.labels))
    return Dataset(table.cast(features.arrow_schema), info=DatasetInfo(features=features))

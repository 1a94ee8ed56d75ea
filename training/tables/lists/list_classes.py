"""What the classes of lists are called: by a text with a class in each line, or by the folders of their images."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
from datasets import ClassLabel, Value

from resnet_hub.errors import DataError, Phrase

from ...layouts import Scan, shown
from .image_lists import NUMBER, read_class_names

CLASS_NAMES = (
    "classes.txt", "class_names.txt", "classnames.txt", "class_list.txt", "classlist.txt", "labels.txt",
    "label_names.txt", "names.txt", "categories.txt", "category.txt", "synsets.txt", "wnids.txt",
)  # fmt: skip
"""Text files with a class in each line, the likeliest first."""
MOST_CLASSES = 100_000


@dataclass(frozen=True)
class Classes:
    """What the labels of lists mean."""

    reason: Phrase
    """Where their names are from, for the log."""
    names: tuple[str, ...] | None = None
    """The classes in their order; None where they are found later, from the labels themselves."""
    index: Mapping[str, int] | None = None
    """Label -> its place among the names."""
    kind: Literal["string", "int64", "float64"] = "string"
    """What labels without names are."""
    file: str | None = None
    """The text that gives the names."""

    @property
    def feature(self) -> ClassLabel | Value:
        """The type of their column."""
        return Value(self.kind) if self.names is None else ClassLabel(names=list(self.names))

    def column(self, labels: pa.ChunkedArray) -> pa.ChunkedArray:
        """The labels as such a column."""
        if self.index is not None:
            cells = [None if text is None else self.index[text] for text in labels.to_pylist()]
            return pa.chunked_array([pa.array(cells, pa.int64())])
        return labels if self.kind == "string" else labels.cast("float64").cast(self.kind)

    def texts(self, labels: pa.ChunkedArray) -> pa.ChunkedArray:
        """The labels as their names."""
        if self.names is None or self.index is None:
            return labels
        cells = [None if text is None else self.names[self.index[text]] for text in labels.to_pylist()]
        return pa.chunked_array([cells], pa.string())


def of_names(names: Iterable[str], reason: Phrase) -> Classes:
    """Labels that are the names themselves, sorted."""
    known = tuple(sorted(names))
    return Classes(reason, known, {name: place for place, name in enumerate(known)})


def classes_of(scan: Scan, labels: set[str], lists: Sequence[str], folders: Mapping[str, str] | None) -> Classes:
    """What labels mean: names where they are texts; of numbers, those of a file, else of folders, else none.

    Args:
        scan: The folder.
        labels: All of them, each once.
        lists: Their paths; the folder of the first is looked into first for names.
        folders: Label -> name of the one folder its images lie in, where that is so for all.

    Raises:
        DataError: The file that names the classes has no line for a number, or may count from 0 or from 1.
    """
    if not all(map(NUMBER.fullmatch, labels)):
        return Classes(Phrase("lists.named"))
    if any(not float(label).is_integer() for label in labels):
        return Classes(Phrase("lists.named"), kind="float64")
    found = _named_by_file(scan, labels, lists, folders)
    if found is not None:
        return found
    if folders is not None and folders.keys() >= labels:
        ordered = sorted(labels, key=float)
        names = tuple(folders[label] for label in ordered)
        return Classes(Phrase("lists.names_of_folders"), names, {label: place for place, label in enumerate(ordered)})
    return Classes(Phrase("lists.only_numbers"), kind="int64")


def _named_by_file(
    scan: Scan, labels: set[str], lists: Sequence[str], folders: Mapping[str, str] | None
) -> Classes | None:
    """The names that a text gives to numbers; None where there is no such text."""
    file = _file_of_names(scan, lists)
    if file is None:
        return None
    named = read_class_names(scan.root / file)
    numbers = {label: int(float(label)) for label in labels}
    if len(named) > MOST_CLASSES or len(set(named.values())) < len(named):
        raise DataError("lists.doubled_names", file=shown(file), count=f"{len(named):,}")
    starts = [start for start in (0, 1) if all(number - start in named for number in numbers.values())]
    if folders is not None and len(starts) > 1:
        alike = [one for one in starts if all(folders.get(label) == named[numbers[label] - one] for label in labels)]
        starts = alike or starts
    if min(named) != 0 or (0 in numbers.values() and starts):
        starts = starts[:1]  # the file says the numbers itself, or one of them is 0
    if not starts:
        raise DataError("lists.unknown_number", file=shown(file), count=len(named), numbers=_span(numbers.values()))
    if len(starts) > 1:
        raise DataError("lists.counting", file=shown(file), count=len(named), numbers=_span(numbers.values()))
    order = sorted(named)
    places = {number + starts[0]: place for place, number in enumerate(order)}
    reason = Phrase("lists.names_of_file", file=shown(file), start=min(places))
    index = {label: places[number] for label, number in numbers.items()}
    return Classes(reason, tuple(named[one] for one in order), index, file=file)


def _span(numbers: Iterable[int]) -> str:
    known = sorted(numbers)
    return f"{known[0]}..{known[-1]}"


def _file_of_names(scan: Scan, lists: Sequence[str]) -> str | None:
    """The text that names the classes: beside the list, above it, or in another folder."""
    above = posixpath.dirname(lists[0])
    homes = [above, posixpath.dirname(above), ""]
    texts = {folder.inside(name) for folder in scan.tree.used() for name in folder.others.get("text", ())} - set(lists)
    rank = {name: place for place, name in enumerate(CLASS_NAMES)}
    found = [path for path in texts if posixpath.basename(path).lower() in rank]
    near = [path for path in found if posixpath.dirname(path) in homes]
    return min(near or found, key=lambda path: (rank[posixpath.basename(path).lower()], path), default=None)


def by_folders(pairs: Iterable[tuple[str, str]]) -> dict[str, str] | None:
    """Label -> folder, where each label has images in one folder of a class and each folder those of one label."""
    folders: dict[str, str] = {}
    labels: dict[str, str] = {}
    for label, folder in pairs:
        if folders.setdefault(label, folder) != folder or labels.setdefault(folder, label) != label:
            return None
    return folders

"""What the folders say of each image beside lists: its split and its class."""

from __future__ import annotations

import posixpath
from collections import defaultdict

import numpy as np

from resnet_hub.errors import DataError

from ...layouts import Scan, choose
from ..names import Files


class FolderPlaces:
    """What the folders say of each image, where they have one reading with several classes."""

    def __init__(self, scan: Scan, files: Files) -> None:
        self.files, self.layout = files, "flat"
        self.places: dict[str, tuple[str, str | None]] = {}
        try:
            layout, reading = choose(scan.tree)
        except DataError:
            return
        if len(reading.classes) > 1:
            self.layout, self.places = layout, reading.places

    @property
    def of_classes(self) -> set[str]:
        """Paths of the folders below which there are the images of one class alone."""
        below = defaultdict(set)
        for path, (_, label) in self.places.items():
            parts = path.split("/")
            for depth in range(1, len(parts) + 1):
                below["/".join(parts[:depth])].add(label)
        return {path for path, labels in below.items() if len(labels) == 1 and None not in labels}

    @property
    def classes(self) -> set[str]:
        """The classes that they say."""
        return {label for _, label in self.places.values() if label is not None}

    @property
    def say_splits(self) -> bool:
        """Whether there are several splits in them."""
        return len({split for split, _ in self.places.values()}) > 1

    def place(self, number: int) -> tuple[str | None, str | None]:
        """The split and the class of a file by its number; None for what the folders do not say."""
        if number < 0 or not self.places:
            return None, None
        return self.places.get(posixpath.dirname(self.files.index.name(number)), (None, None))

    def classes_of(self, numbers: np.ndarray) -> list[str | None]:
        """The class of each of many files."""
        return [self.place(number)[1] for number in numbers.tolist()]

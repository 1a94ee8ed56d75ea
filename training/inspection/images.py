"""`EncodedImages`: what the room needs to know of a set of images, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Identity:
    """What tells whether the encoded images of a set are those of an earlier run, known without reading them."""

    place: str
    """The set: a folder, say."""
    keys: np.ndarray
    """A number for each image that is another where its content is, uint64 (N,); 0 where nobody can tell."""
    outline: str
    """A hash of the names and sizes of the images in their order, the same for a copy on another machine."""


class EncodedImages(Protocol):
    """A set of encoded images."""

    @property
    def name(self) -> str:
        """What the set is called in messages."""

    def __len__(self) -> int: ...

    def encoded(self, rows: np.ndarray) -> Iterator[tuple[bytes | str, str]]:
        """The encoded image, as bytes or a path, and a name for it, of each of these rows."""

    def identity(self) -> Identity:
        """What the images are."""

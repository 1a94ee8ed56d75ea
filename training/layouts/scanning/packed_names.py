"""`PackedNames`: the names of many files in a quarter of the memory that a list takes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import overload

PACKED = 100
"""Names that become one text together; none holds a NUL."""


class PackedNames(Sequence[str]):
    """Names in the order in which they were added; looking through them is quick, looking one up is not."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._last: list[str] = []

    def append(self, name: str) -> None:
        """Adds a name."""
        self._last.append(name)
        if len(self._last) == PACKED:
            self._packed.append(os.fsencode("\0".join(self._last)))
            self._last = []

    def __len__(self) -> int:
        return PACKED * len(self._packed) + len(self._last)

    def __iter__(self) -> Iterator[str]:
        for packed in self._packed:
            yield from os.fsdecode(packed).split("\0")
        yield from self._last

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return list(islice(self, *place.indices(len(self)))) if (place.step or 1) > 0 else list(self)[place]
        start = place + len(self) if place < 0 else place
        if not 0 <= start < len(self):
            raise IndexError(place)
        return next(islice(self, start, None))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(str.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))

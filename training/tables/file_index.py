"""`FileIndex`: the names of a dataset's files in one array, found by any key of theirs, in few bytes for each."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

CHUNK = 10_000
"""Names that are Python's own at a time: a million of them would take ten times the room of the array."""
Key = Callable[[str], str]


class FileIndex(Collection[str]):
    """Names of files, sorted, each with its number. Names that are no text are among them."""

    def __init__(self, names: Iterable[str]) -> None:
        """Takes the names in any order."""
        pending, parts = iter(names), []
        while some := list(islice(pending, CHUNK)):
            parts.append(pa.array(map(os.fsencode, some), pa.large_binary()))
        whole = pa.chunked_array(parts, pa.large_binary())
        self.names = pc.take(whole, pc.sort_indices(whole)).combine_chunks()
        self._by_key = cache(self._keyed)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), CHUNK):
            yield from map(os.fsdecode, self.names.slice(start, CHUNK).to_pylist())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.number(name) is not None

    def name(self, number: int) -> str:
        """The name of a number."""
        return os.fsdecode(self.names[number].as_py())

    def number(self, name: str) -> int | None:
        """The number of a name; None where there is no such file."""
        return next(self._numbers(_itself, name), None)

    def numbers(self, names: pa.Array) -> np.ndarray:
        """The number of each of many names, int64 (N,); -1 where there is no such file."""
        found = pc.index_in(names.cast(pa.large_binary()), value_set=self.names)
        return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def having(self, key: Key, wanted: str, most: int | None = None) -> list[str]:
        """The names, in their order, of which a key is this text; at most so many."""
        found = map(self.name, self._numbers(key, wanted))
        return list(islice(found, most))

    def _numbers(self, key: Key, wanted: str) -> Iterator[int]:
        """The numbers of the names of which a key is this text, in their order."""
        hashes, order = self._by_key(key)
        sought = _hash(wanted)
        for place in range(bisect_left(hashes, sought), len(hashes)):
            if hashes[place] != sought:
                return
            if key(self.name(order[place])) == wanted:
                yield order[place]

    def _keyed(self, key: Key) -> tuple[memoryview, memoryview]:
        """The hashes of a key of all names, sorted, and the numbers of the names in that order."""
        hashes = np.fromiter((_hash(key(name)) for name in self), np.uint64, len(self))
        order = np.argsort(hashes, kind="stable").astype(np.int32)
        return hashes[order].data, order.data  # their items are Python's numbers, quicker one by one


def _itself(name: str) -> str:
    return name


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))

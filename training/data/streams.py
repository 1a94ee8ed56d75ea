"""`Stream`: a streamed training split. What is held out of it follows from the images alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import xxhash
from accelerate import PartialState
from datasets import Dataset, Features, IterableDataset
from datasets.distributed import split_dataset_by_node

from resnet_hub.errors import DataError

from ..settings import FinetuneRecipe
from ..splits import Split
from ..tables import REFUSED, EncodedImage
from ..targets import Target, find_columns, find_target, has_target, names_are_declared, read_targets

CHUNK = 64
"""Rows whose targets are read at once."""
Row = tuple[bytes, str, np.ndarray]
"""An encoded image, its name and its target."""


@dataclass(frozen=True)
class Holdout:
    """The share of a stream's images that is held out: a hash of each one decides, on any process, in any order."""

    share: float
    seed: int

    def takes(self, content: bytes) -> bool:
        """Whether an image is held out; equal files always go the same way."""
        return xxhash.xxh3_64_intdigest(content, seed=self.seed) < self.share * 2**64


@dataclass(frozen=True)
class Stream:
    """Training images that are streamed: read as they come, reshuffled and read again after each pass."""

    name: str
    rows: IterableDataset
    """Not decoded, in the order of the files."""
    image_column: str
    target: Target
    length: int
    """Images of one epoch, over all processes."""
    part: tuple[int, int]
    """Which process of how many these images are for."""
    buffer: int
    """Images that are mixed at a time."""
    seed: int
    sample: Split
    """The first images, held in memory: what class weights, scales and a head that is fitted first are taken from."""
    holdout: Holdout | None = None
    """Which images are not trained on; None where the dataset has a validation split of its own."""

    def __len__(self) -> int:
        return self.length

    @property
    def labels(self) -> np.ndarray:
        """Targets of the first images, as in `Split`; those of all are not known."""
        return self.sample.labels

    def passes(self) -> Iterator[tuple[int, Row]]:
        """The number of the pass, from 0, and its rows, without an end.

        Raises:
            DataError: A pass has no image to train on.
        """
        for number in itertools.count():
            # Not by `set_epoch`: that number is shared by the processes of a loader, which are at different passes.
            rows = mixed(part_of(self.rows, *self.part, number), self.buffer, self.seed, number)
            found = False
            for row in labeled_rows(rows, self.rows.features, self.image_column, self.target, self.name):
                if self.holdout is None or not self.holdout.takes(row[0]):
                    found = True
                    yield number, row
            if not found:
                raise DataError("data.empty_stream", split=self.name)

    @property
    def num_shards(self) -> int:
        """Files that the processes of a loader can share out."""
        files, processes = self.rows.num_shards, self.part[1]
        return int(files // processes if files >= processes else files)


def open_stream(
    tables: dict[str, IterableDataset], recipe: FinetuneRecipe, names: list[str]
) -> tuple[Stream, dict[str, Split]]:
    """The training images, and of the other splits the first ones, held in memory.

    Args:
        tables: Splits as they come.
        recipe: How much is read ahead, mixed and held out.
        names: The splits in use, train first.

    Raises:
        DataError: The columns or the class names are not known, or there is nothing to hold out.
    """
    state = PartialState()
    image_column, columns = find_columns(tables[names[0]], recipe.image_column, recipe.label_column)
    plain = {name: tables[name].select_columns([image_column, *columns]) for name in names}
    plain = {name: rows.cast_column(image_column, EncodedImage()) for name, rows in plain.items()}
    encoded = {name: mixed(rows, recipe.shuffle_buffer, recipe.seed) for name, rows in plain.items()}
    holdout = None
    if not any(name not in ("test", names[0]) for name in names):
        holdout = Holdout(recipe.val_fraction, recipe.seed)
    # Read once: whoever breaks off a shuffled stream waits for its threads, some seconds.
    kept, held_out = _read_ahead(encoded[names[0]], image_column, holdout, recipe.stream_images)
    target = _stream_target([*kept, *held_out], encoded[names[0]], columns, recipe)

    def split_of(rows: Iterable[dict[str, Any]], name: str) -> Split:
        labeled = labeled_rows(rows, encoded[name].features, image_column, target, name)
        return _held(islice(labeled, recipe.stream_images), name)

    others = {name: split_of(encoded[name], name) for name in names[1:]}
    if holdout:
        name = f"{recipe.val_fraction:.0%} of {names[0]}"
        others["validation"] = replace(split_of(held_out, names[0]), name=name)
    stream = Stream(
        names[0],
        plain[names[0]],
        image_column,
        target,
        (recipe.max_steps or 0) * recipe.images_per_batch * state.num_processes,
        (state.process_index, state.num_processes),
        recipe.shuffle_buffer,
        recipe.seed,
        split_of(kept, names[0]),
        holdout,
    )
    return stream, others


def part_of(rows: IterableDataset, process: int, processes: int, number: int = 0) -> IterableDataset:
    """The rows that one of several processes reads in a pass: whole files, other ones in the next pass.

    In each pass every file is read by one process. Where a file more falls to some, they are a little later with their
    next pass; as the files change hands, no image is seen more often than another for it. Where there are fewer files
    than processes, each reads all and keeps its share of the rows.
    """
    if rows.num_shards < processes:
        return split_dataset_by_node(rows, process, processes)
    return rows.shard(processes, (process + number) % processes, contiguous=False)


def mixed(rows: IterableDataset, buffer: int, seed: int, number: int = 0) -> IterableDataset:
    """The rows in the order of a pass, which follows from the seed and its number: files shuffled, rows in a buffer."""
    seed = int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
    return rows.shuffle(seed=seed, buffer_size=buffer)


def labeled_rows(
    rows: Iterable[dict[str, Any]], features: Features, image_column: str, target: Target, name: str
) -> Iterator[Row]:
    """The rows that have a target, one after the other; targets are read by the chunk.

    Args:
        rows: Of the split, with their cells by column.
        features: The types of the columns.
        image_column: The column with the images.
        target: What is learned of them.
        name: The split.
    """
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        targets = read_targets(_table(chunk, features, target.columns), name, target)
        for row, value, known in zip(chunk, targets, has_target(targets), strict=True):
            if known:
                content, path = _content(row[image_column])
                yield content, path or f"an image of {name}", value


def _table(rows: Sequence[dict[str, Any]], features: Features, columns: tuple[str, ...]) -> Dataset:
    """Some columns of some rows, as a dataset in memory."""
    wanted = Features({column: features[column] for column in columns})
    return Dataset.from_dict({column: [row[column] for row in rows] for column in columns}, features=wanted)


def _content(cell: dict[str, Any] | None) -> tuple[bytes, str | None]:
    """The bytes of a cell, read from where they are, and the name of the image.

    Paths have been confined to the dataset by whoever opened the stream.
    """
    content, path = (cell or {}).get("bytes"), (cell or {}).get("path")
    if content is None and path:
        content = _read(path)
    return content or b"", path


def _read(path: str) -> bytes:
    """A file on disk or on the Hub; one that is not there is as one that is not the dataset's."""
    try:
        if path.startswith("/"):
            return Path(path).read_bytes()
        with fsspec.open(path, "rb") as file:
            return file.read()
    except OSError as error:
        if path.startswith("/") or isinstance(error, FileNotFoundError):
            return REFUSED
        raise


def _stream_target(
    read: Sequence[dict[str, Any]], rows: IterableDataset, columns: tuple[str, ...], recipe: FinetuneRecipe
) -> Target:
    """The target, by the types and the first rows. Raises: DataError where the class names are not known."""
    target = find_target(_table(read, rows.features, columns), columns, recipe.task, entire=False)
    if recipe.label_names is not None:
        return target.named(tuple(name.strip() for name in recipe.label_names.split(",")))
    if not names_are_declared(rows.features, target):
        raise DataError("data.undeclared_classes", column=columns[0], names=", ".join(target.names[:20]))
    return target


def _read_ahead(
    rows: IterableDataset, image_column: str, holdout: Holdout | None, most: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The first rows to train on and those to hold out, at most `most` of each.

    Raises:
        DataError: There are too few.
    """
    kept: list[dict[str, Any]] = []
    held_out: list[dict[str, Any]] = []
    for row in rows:
        part = kept
        if holdout:
            content, path = _content(row[image_column])
            row[image_column] = {"bytes": content, "path": path}
            part = held_out if holdout.takes(content) else kept
        if len(part) < most:
            part.append(row)
        if len(kept) == most and (holdout is None or len(held_out) == most):
            break
    if not kept or (holdout and not held_out):
        raise DataError("data.short_stream")
    return kept, held_out


def _held(rows: Iterable[Row], name: str) -> Split:
    """Images in memory as a split."""
    held = list(rows)
    cells = [{"bytes": content, "path": path} for content, path, _ in held]
    rows_held = Dataset.from_dict({"image": cells}, features=Features({"image": EncodedImage()}))
    return Split(name, rows_held, np.array([row[2] for row in held]))

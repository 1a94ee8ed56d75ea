"""Answers on their way to one table: kept part by part, so that an interrupted prediction goes on where it was."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from resnet_hub.checkpoint import write_atomically
from resnet_hub.errors import ConfigError, TrainingError

SUFFIX = ".parts"
"""What is added to the name of a table for the folder of its parts."""
KEY_FILE = "asked.json"
"""File beside the parts that says what was asked: parts of something else are not gone on with."""
_PART = re.compile(r"([0-9]{12})-([0-9]{1,9})\.parquet")


class PredictionParts:
    """A folder with the rows that are answered already, from the first on, each part a parquet file that is whole."""

    def __init__(self, folder: Path, asked: Mapping[str, Any], *, again: bool = False) -> None:
        """Opens the folder, or makes it.

        Args:
            folder: Of the parts.
            asked: What decides about the answers, as JSON values.
            again: Whether to begin again where there are parts of something else.

        Raises:
            ConfigError: There are parts of something else.
            TrainingError: The folder cannot be written.
        """
        self.folder = folder
        key = json.dumps(asked, indent=2, sort_keys=True, ensure_ascii=False)
        try:
            if folder.exists() and self._key() != key:
                if not again:
                    raise ConfigError("predictions.other_parts", folder=str(folder))
                shutil.rmtree(folder)
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / KEY_FILE, lambda file: file.write_text(key, "utf-8"))
        except OSError as error:
            raise _unwritable(folder, error) from error
        self._files = self._whole()

    @property
    def done(self) -> int:
        """How many rows are answered, from the first on."""
        return sum(rows for _, rows in self._files)

    @property
    def bad(self) -> int:
        """How many of them have a problem in place of an answer."""
        return sum(table.num_rows - table.column("problem").null_count for table in self.tables())

    def add(self, table: pa.Table) -> None:
        """Keeps the rows that follow those that are done. Raises: TrainingError."""
        file = self.folder / f"{self.done:012d}-{table.num_rows}.parquet"
        try:
            write_atomically(file, lambda temporary: pq.write_table(table, temporary))
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        self._files.append((file, table.num_rows))

    def tables(self) -> Iterator[pa.Table]:
        """All rows in their order, a part at a time."""
        for file, _ in self._files:
            yield pq.read_table(file)

    def remove(self) -> None:
        """Removes the folder: the rows are in their table."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _key(self) -> str:
        file = self.folder / KEY_FILE
        return file.read_text("utf-8") if file.is_file() else ""

    def _whole(self) -> list[tuple[Path, int]]:
        """The parts in their order, as far as one follows the other; what comes after a gap is answered again."""
        found, done = [], 0
        for file in sorted(self.folder.iterdir()):
            named = _PART.fullmatch(file.name)
            if named and int(named[1]) == done and _rows(file) == int(named[2]):
                found.append((file, int(named[2])))
                done += int(named[2])
        return found


def _rows(file: Path) -> int:
    """Rows of a parquet file; -1 where it is none."""
    try:
        return int(pq.read_metadata(file).num_rows)
    except (OSError, pa.ArrowException):
        return -1


def _unwritable(folder: Path, error: OSError) -> TrainingError:
    return TrainingError("push.unwritable_predictions", file=str(folder), reason=error.strerror or str(error))

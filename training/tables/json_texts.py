"""Tables of JSON -> the same with dates as they are written: as a class or a name of a file, a date is a text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
from datasets import Dataset, Features, Value

DATES = ("timestamp", "date", "time", "duration")
"""How the types begin that PyArrow gives to texts that look like these."""


def with_dates_as_texts(rows: Dataset, files: Sequence[Path]) -> Dataset:
    """The rows with the texts of the files where they were taken for dates: "2021-05-04" and not midnight of that day.

    Args:
        rows: As `datasets` reads them.
        files: Of JSON lines, or of one list of records, in the order of the rows.
    """
    kinds = {name: str(getattr(feature, "dtype", "")) for name, feature in rows.features.items()}
    columns = [name for name, kind in kinds.items() if kind.startswith(DATES)]
    if not columns:
        return rows
    texts: dict[str, list[str | None]] = {name: [] for name in columns}
    for record in (record for file in files for record in _records(file)):
        for name in columns:
            cell = record.get(name)
            texts[name].append(None if cell is None else str(cell))
    if any(len(cells) != len(rows) for cells in texts.values()):  # another reader's idea of a row
        return rows
    table = rows.with_format("arrow")[:]
    for name in columns:
        table = table.set_column(table.column_names.index(name), name, pa.chunked_array([texts[name]], pa.string()))
    features = Features({name: Value("string") if name in columns else kind for name, kind in rows.features.items()})
    return Dataset(table.cast(features.arrow_schema), info=datasets.DatasetInfo(features=features), split=rows.split)


def _records(file: Path) -> Iterator[dict[str, Any]]:
    """The records of a file that was read already, so that it is sound."""
    with file.open(encoding="utf-8-sig") as text:
        first = next((line for line in text if line.strip()), "")
        text.seek(0)
        if first.lstrip().startswith("["):
            yield from json.load(text)
            return
        for line in text:
            if line.strip():
                yield json.loads(line)

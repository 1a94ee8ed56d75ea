"""Rows that come batch by batch -> a table whose memory does not grow with them: it lies in a file of this process."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile

import pyarrow as pa
from datasets.fingerprint import get_temporary_cache_files_directory

MOST_HELD = 50_000
"""Rows up to which a table is kept in memory."""


def table_on_disk(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """The batches as one table, in memory where they are few, else in a mapped file.

    The file lies where `datasets` keeps those of this process, which go with it.

    Args:
        batches: In order.
        schema: Of each of them.
    """
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) > MOST_HELD:
            return _written(chain(held, batches), schema)
    return pa.Table.from_batches(held, schema)


def _written(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    folder = Path(get_temporary_cache_files_directory())
    with (
        NamedTemporaryFile(dir=folder, suffix=".arrow", delete=False) as file,
        pa.ipc.new_file(file, schema) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)
    return pa.ipc.open_file(pa.memory_map(file.name)).read_all()

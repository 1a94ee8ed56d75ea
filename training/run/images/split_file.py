"""split.parquet: which images a run trained on and which it held out, as a table of hashes, without names."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from resnet_hub.checkpoint import MAX_SPLIT_BYTES, SPLIT_FILE, local_path, write_atomically
from resnet_hub.errors import DataError, HubError
from resnet_hub.hub import download_beside
from resnet_hub.metadata import CheckpointMetadata

from ...splits import ROLES, RecordedPart, RecordedSplit

logger = logging.getLogger(__name__)

SCHEMA = pa.schema(
    [
        ("split", pa.dictionary(pa.int32(), pa.string())),
        ("digest", pa.uint64()),
        ("target", pa.int64()),
    ]
)
KEY = b"resnet_hub"
"""Key of the file's metadata under which the form and the run's names of its splits stand, as JSON."""
FORMAT = 1
MAX_IMAGES = 50_000_000
"""Rows of a record that is read: those of the largest public sets of labeled images, several times."""
MAX_NAME = 200


def write_split(folder: Path, recorded: RecordedSplit) -> None:
    """Writes the record into a run folder, some ten bytes an image. Raises: OSError where the disk does not take it."""
    told = {"format": FORMAT, "names": {role: part.name for role, part in recorded.parts.items()}}
    told |= {} if recorded.knows_trained else {"knows_trained": False}
    lengths = [len(part.digests) for part in recorded.parts.values()]
    roles = pa.DictionaryArray.from_arrays(
        np.repeat(np.arange(len(lengths), dtype=np.int32), lengths), list(recorded.parts)
    )
    digests, targets = (
        np.concatenate([getattr(part, name) for part in recorded.parts.values()]) for name in ("digests", "targets")
    )
    table = pa.table([roles, digests, targets], SCHEMA.with_metadata({KEY: json.dumps(told)}))
    # Not compressed, so that what a file unfolds to is bounded by its size, whoever wrote it.
    write_atomically(folder / SPLIT_FILE, lambda file: pq.write_table(table, file, compression="none"))


def read_split(model: str, metadata: CheckpointMetadata) -> RecordedSplit | None:
    """The record of the run that trained a network; None where it left none, and where the Hub cannot be asked.

    Args:
        model: A run folder or a Hub id, which has been loaded.
        metadata: What the network says of itself: the Hub is asked where it says of which run it is.

    Raises:
        DataError: There is one that cannot be read.
    """
    path = local_path(model)
    if path is not None:
        file = path / SPLIT_FILE
        return _read(file, model) if file.is_file() else None
    if metadata.recipe is None:
        return None
    try:
        downloaded = download_beside(model, SPLIT_FILE)
    except HubError as error:
        logger.warning("%s", error)
        return None
    return _read(downloaded, model) if downloaded is not None else None


def _read(file: Path, model: str) -> RecordedSplit:
    try:
        if file.stat().st_size > MAX_SPLIT_BYTES:
            raise ValueError(f"it has more than {MAX_SPLIT_BYTES:,} bytes")
        return _parts(pq.ParquetFile(file, read_dictionary=["split"]))
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise DataError("run.unreadable_split", file=SPLIT_FILE, model=model, reason=reason) from error


def _parts(file: pq.ParquetFile) -> RecordedSplit:
    """The record, with all columns of the types that are written. Raises: ValueError, KeyError, pa.ArrowException."""
    found, facts = file.schema_arrow, file.metadata
    if [(field.name, field.type) for field in found] != [(field.name, field.type) for field in SCHEMA]:
        raise ValueError("its columns are others")
    groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(len(SCHEMA))]
    if facts.num_rows > MAX_IMAGES or any(column.compression != "UNCOMPRESSED" for column in columns):
        raise ValueError(f"it has more than {MAX_IMAGES:,} rows or is compressed")
    told = json.loads((found.metadata or {})[KEY])
    names, knows_trained = told["names"], told.get("knows_trained") is not False
    table = file.read()
    if any(column.null_count for column in table.columns):
        raise ValueError("it has empty cells")
    roles = pc.fill_null(pc.index_in(table["split"], value_set=pa.array(ROLES)), -1).to_numpy()
    digests, targets = table["digest"].to_numpy(), table["target"].to_numpy()
    places = {role: roles == place for place, role in enumerate(ROLES) if role in names}
    if "train" not in places:
        raise ValueError("it does not say what was trained on")
    parts = {
        role: RecordedPart(_name(names[role], role), digests[here], targets[here]) for role, here in places.items()
    }
    return RecordedSplit(parts, knows_trained)


def _name(name: object, role: str) -> str:
    """The run's name of a split; its role where a stranger wrote what is none."""
    return name if isinstance(name, str) and name.isprintable() and len(name) <= MAX_NAME else role

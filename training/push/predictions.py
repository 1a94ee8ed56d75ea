"""What a network answered on every image of a split -> a table: one row for each image, as parquet or a dataset."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset

from resnet_hub.checkpoint import write_atomically
from resnet_hub.csv_table import csv_lines
from resnet_hub.errors import TrainingError
from resnet_hub.hub import with_host, with_or_without_xet

from ..data import dataset_errors

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("file", pa.string()),
        ("label", pa.string()),
        ("index", pa.int32()),
        ("score", pa.float32()),
        ("top_labels", pa.list_(pa.string())),
        ("top_scores", pa.list_(pa.float32())),
        ("true_label", pa.string()),
        ("seen", pa.string()),
        ("problem", pa.string()),
    ]
)


@dataclass(frozen=True)
class Answers:
    """The ranked classes of every row of a split, in the order of the rows."""

    indices: np.ndarray
    """The outputs of the network, best first, int64 (N, k)."""
    scores: np.ndarray
    """Their scores as in `resnet_hub.Prediction`, float32 (N, k)."""
    problems: dict[int, str]
    """Row -> why its image cannot be decoded; its indices and scores say nothing."""


@dataclass(frozen=True)
class Asked:
    """What is known of each image that is answered: N entries each."""

    rows: Sequence[int]
    """Its number in the split of the dataset, from 0."""
    files: Sequence[str | None]
    """Its file, where known."""
    classes: Sequence[str | None]
    """Its true class, where known."""
    seen: Sequence[str | None]
    """What the run that trained the network used it for: train, validation or test; None for nothing that is known."""

    def part(self, first: int, count: int) -> Asked:
        """The same of so many images from one on."""
        kept = slice(first, first + count)
        return Asked(self.rows[kept], self.files[kept], self.classes[kept], self.seen[kept])


def predictions_table(answers: Answers, label_names: Sequence[str], asked: Asked) -> pa.Table:
    """One row for each image, in the order of the dataset; without an answer where there is a problem.

    Args:
        answers: N rows.
        label_names: The names of the network's classes.
        asked: What is known of each.
    """
    good = [row not in answers.problems for row in range(len(answers.indices))]
    named = [[label_names[index] for index in row] for row in answers.indices.tolist()]
    ranked = answers.scores.tolist()
    columns = {
        "row": asked.rows,
        "file": asked.files,
        "label": _where(good, [row[0] for row in named]),
        "index": _where(good, answers.indices[:, 0].tolist()),
        "score": _where(good, [row[0] for row in ranked]),
        "top_labels": _where(good, named),
        "top_scores": _where(good, ranked),
        "true_label": asked.classes,
        "seen": asked.seen,
        "problem": [answers.problems.get(row) for row in range(len(good))],
    }
    return pa.table({name: pa.array(columns[name], SCHEMA.field(name).type) for name in SCHEMA.names}, SCHEMA)


def _where(good: Sequence[bool], values: Sequence[object]) -> list[object]:
    return [value if kept else None for kept, value in zip(good, values, strict=True)]


def write_predictions(tables: Iterable[pa.Table], file: Path) -> None:
    """Writes the rows of all tables atomically, as CSV or parquet, as the name says. Raises: TrainingError."""
    write = _write_csv if file.suffix == ".csv" else _write_parquet
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, lambda temporary: write(tables, temporary))
    except OSError as error:
        raise TrainingError(
            "push.unwritable_predictions", file=str(file), reason=error.strerror or str(error)
        ) from error


def _write_parquet(tables: Iterable[pa.Table], file: Path) -> None:
    with pq.ParquetWriter(file, SCHEMA) as writer:
        for table in tables:
            writer.write_table(table)


def _write_csv(tables: Iterable[pa.Table], file: Path) -> None:
    """Lists as JSON, and scores with the digits of a float32."""
    rows = ([_cell(row[name]) for name in SCHEMA.names] for table in tables for row in table.to_pylist())
    with file.open("w", encoding="utf-8", newline="") as opened:
        opened.writelines(csv_lines(chain([SCHEMA.names], rows)))


def _cell(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return json.dumps([_cell(item) for item in value], ensure_ascii=False)
    return value


def push_predictions(
    tables: Iterable[pa.Table], repo_id: str, split: str, private: bool | None, revision: str | None
) -> str:
    """Uploads all rows as one split of a dataset in one commit, and returns its address; other splits stay.

    Raises:
        HubError: The Hub refused or could not be reached.
    """
    name = re.sub(r"\W+", "_", split)
    with TemporaryDirectory() as folder, dataset_errors(f"--push-to-hub {repo_id!r}", repo_id, "write to"):
        file = Path(folder, "rows.parquet")
        _write_parquet(tables, file)
        rows = Dataset.from_parquet(str(file), cache_dir=folder)
        options = {"split": name, "private": private, "revision": revision}
        pushed = with_or_without_xet(
            lambda: rows.push_to_hub(repo_id, commit_message=f"Predictions on {name}", **options)
        )
    return with_host(pushed.commit_url)

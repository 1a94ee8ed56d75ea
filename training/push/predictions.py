"""What a network answered on every image of a split -> a table: one row for each image, as parquet or a dataset."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset

from resnet_hub.checkpoint import write_atomically
from resnet_hub.errors import TrainingError

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
        ("problem", pa.string()),
    ]
)
# Where the cache of the Hub keeps the files of one commit.
_SNAPSHOT = re.compile(r".*/snapshots/[0-9a-f]{40}/")


@dataclass(frozen=True)
class Answers:
    """The ranked classes of every row of a split, in the order of the rows."""

    indices: np.ndarray
    """The outputs of the network, best first, int64 (N, k)."""
    scores: np.ndarray
    """Their scores as in `resnet_hub.Prediction`, float32 (N, k)."""
    problems: dict[int, str]
    """Row -> why its image cannot be decoded; its indices and scores say nothing."""


def predictions_table(
    answers: Answers, label_names: Sequence[str], files: Sequence[str | None], classes: Sequence[str | None]
) -> pa.Table:
    """One row for each image, in the order of the dataset; without an answer where there is a problem.

    Args:
        answers: N rows.
        label_names: The names of the network's classes.
        files: The file of each row, where known.
        classes: The true class of each row, where known.
    """
    good = [row not in answers.problems for row in range(len(answers.indices))]
    named = [[label_names[index] for index in row] for row in answers.indices.tolist()]
    ranked = answers.scores.tolist()
    columns = {
        "row": range(len(good)),
        "file": files,
        "label": _where(good, [row[0] for row in named]),
        "index": _where(good, answers.indices[:, 0].tolist()),
        "score": _where(good, [row[0] for row in ranked]),
        "top_labels": _where(good, named),
        "top_scores": _where(good, ranked),
        "true_label": classes,
        "problem": [answers.problems.get(row) for row in range(len(good))],
    }
    return pa.table({name: pa.array(columns[name], SCHEMA.field(name).type) for name in SCHEMA.names}, SCHEMA)


def _where(good: Sequence[bool], values: Sequence[object]) -> list[object]:
    return [value if kept else None for kept, value in zip(good, values, strict=True)]


def shown_file(path: str | None, dataset: str) -> str | None:
    """An image's file without the folders of this machine: relative to the dataset's folder, or its name."""
    if path is None:
        return None
    shown = _SNAPSHOT.sub("", Path(path).as_posix())
    for folder in (Path(dataset), Path(dataset).resolve()):
        if Path(shown).is_relative_to(folder):
            return Path(shown).relative_to(folder).as_posix()
    return Path(shown).name if Path(shown).is_absolute() else shown


def write_predictions(table: pa.Table, file: Path) -> None:
    """Writes the table as parquet, atomically. Raises: TrainingError where it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, lambda temporary: pq.write_table(table, temporary))
    except OSError as error:
        raise TrainingError(
            "push.unwritable_predictions", file=str(file), reason=error.strerror or str(error)
        ) from error


def push_predictions(table: pa.Table, repo_id: str, split: str, private: bool | None, revision: str | None) -> str:
    """Uploads the table as one split of a dataset in one commit, and returns its address; other splits stay.

    Raises:
        HubError: The Hub refused or could not be reached.
    """
    name = re.sub(r"\W+", "_", split)
    with dataset_errors(f"--push-to-hub {repo_id!r}", repo_id, "write to"):
        pushed = Dataset(table).push_to_hub(
            repo_id, split=name, private=private, revision=revision, commit_message=f"Predictions on {name}"
        )
    return str(pushed.commit_url)

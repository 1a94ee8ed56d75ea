"""confusion.csv and predictions.parquet: what was answered on a split, as tables that pandas reads in one line."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from resnet_hub.checkpoint import write_atomically
from resnet_hub.csv_table import csv_text

from ...data import shown_files
from ...metrics import Evaluation, SingleLabelEvaluation
from ...splits import Split
from ..run_folder import MATRIX_FILE, PREDICTIONS_FILE

logger = logging.getLogger(__name__)

MATRIX_CLASSES = 1000
"""Classes of the largest confusion matrix that is written: a million cells, two megabytes."""


def write_tables(
    folder: Path, evaluation: Evaluation, split: Split, label_names: tuple[str, ...], dataset: str
) -> list[Path]:
    """Writes both tables; returns their paths. A task of other answers than one class has no confusion matrix.

    Args:
        folder: Where to.
        evaluation: The answers to all images of the split.
        split: Its images.
        label_names: Names of the outputs.
        dataset: As it was given; files are named from there.
    """
    files = [write_predictions_of(folder, evaluation, split, label_names, dataset)]
    if not isinstance(evaluation, SingleLabelEvaluation):
        return files
    if len(label_names) > MATRIX_CLASSES:
        logger.info("  no %s of %s classes; %s has all answers", MATRIX_FILE, f"{len(label_names):,}", PREDICTIONS_FILE)
        return files
    return [write_matrix(folder, evaluation, label_names), *files]


def write_matrix(folder: Path, evaluation: SingleLabelEvaluation, label_names: tuple[str, ...]) -> Path:
    """Writes the numbers of images by true class (rows) and predicted class (columns); returns the file's path."""
    counts = evaluation.confusion(np.arange(len(label_names))).tolist()
    text = csv_text(("true", *label_names), [(name, *row) for name, row in zip(label_names, counts, strict=True)])
    write_atomically(folder / MATRIX_FILE, lambda file: file.write_text(text, "utf-8", newline=""))
    return folder / MATRIX_FILE


def write_predictions_of(
    folder: Path, evaluation: Evaluation, split: Split, label_names: tuple[str, ...], dataset: str
) -> Path:
    """Writes one row for each image: its number in the split, its file, what is true and what was answered."""
    images = {"row": np.arange(len(split)), "file": shown_files(split.paths, dataset)}
    columns = images | evaluation.by_image(label_names)
    table = pa.table({name: _array(values) for name, values in columns.items()})
    write_atomically(folder / PREDICTIONS_FILE, lambda file: pq.write_table(table, file))
    return folder / PREDICTIONS_FILE


def _array(values: Any) -> pa.Array:
    """A column; of values (N, C) each cell is a list of C; texts or lists of texts are no array."""
    if not isinstance(values, np.ndarray):
        text = pa.string()
        return pa.array(values, pa.list_(text) if any(isinstance(value, list) for value in values) else text)
    if values.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    return pa.array(values)

"""A run folder as an object of Python: its figures as tables, its images, its network, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from resnet_hub.classifier import ImageClassifier
from resnet_hub.errors import TrainingError
from resnet_hub.hub import push_checkpoint

from ..run import (
    HELD_OUT_FOLDER,
    MATRIX_CLASSES,
    MATRIX_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    RECIPE_FILE,
    RESULTS_FILE,
    TIMINGS_FILE,
    plot_curves,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_BYTES = 256_000_000
"""Of a table: a hundred million images would have more."""
DECIDING = ("val_top1", "val_map", "val_r2")


@dataclass(frozen=True)
class Run:
    """What a run left in its folder, finished or not; nothing is read before it is asked for.

    Args:
        folder: The output folder of a run.

    Raises:
        TrainingError: The folder holds none.
    """

    folder: Path

    def __init__(self, folder: str | PathLike[str]) -> None:
        object.__setattr__(self, "folder", Path(folder))
        if not any((self.folder / name).is_file() for name in (RECIPE_FILE, METRICS_FILE, RESULTS_FILE)):
            raise TrainingError("session.no_run", folder=str(self.folder))

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def finished(self) -> bool:
        """Whether its report is written."""
        return (self.folder / RESULTS_FILE).is_file()

    @property
    def results(self) -> dict[str, Any]:
        """All that was measured at the end: results.json. Raises: TrainingError where it is not there, or damaged."""
        return self._json(self._content(RESULTS_FILE), RESULTS_FILE)

    @property
    def metrics(self) -> pd.DataFrame:
        """One row for each epoch, by its number: losses, figures and learning rate, seconds and memory [bytes].

        Raises:
            TrainingError: No epoch is done, or the file is damaged.
        """
        rows = pd.DataFrame(self._rows(METRICS_FILE)).set_index("epoch")
        if not (self.folder / TIMINGS_FILE).is_file():
            return rows
        return rows.join(pd.DataFrame(self._rows(TIMINGS_FILE)).set_index("epoch"))

    def curves(self) -> Figure:
        """Losses and the deciding figure over the epochs, also of a run that is not finished. Raises: TrainingError."""
        rows = self._rows(METRICS_FILE)
        if self.finished:
            results = self.results
            return plot_curves(rows, results["best_epoch"], results.get("best_weights", "val"))
        name = next(name for name in DECIDING if name in rows[0])
        return plot_curves(rows, max(rows, key=lambda row: row[name])["epoch"], "val")

    @property
    def confusion(self) -> pd.DataFrame:
        """Numbers of images, one row for each true class, one column for each class that was answered.

        Raises:
            TrainingError: The run is not finished, or its task has no such matrix.
        """
        if self.finished and not (self.folder / MATRIX_FILE).exists():
            raise TrainingError("session.no_confusion", folder=str(self.folder), file=MATRIX_FILE, most=MATRIX_CLASSES)
        self._content(MATRIX_FILE)
        return pd.read_csv(self.folder / MATRIX_FILE, index_col=0, keep_default_na=False)

    @property
    def predictions(self) -> pd.DataFrame:
        """One row for each measured image: its file, what is true and what was answered.

        Raises:
            TrainingError: The run is not finished, or the file is damaged.
        """
        self._content(PREDICTIONS_FILE)
        try:
            table = pd.read_parquet(self.folder / PREDICTIONS_FILE)
        except (OSError, ValueError) as error:
            raise self._unreadable(PREDICTIONS_FILE, error) from error
        kept = self.folder / HELD_OUT_FOLDER
        images = [kept / f"{row}.webp" for row in table["row"]]
        return table.assign(image=[str(file) if file.is_file() else None for file in images])

    def mistakes(self, count: int = 10) -> pd.DataFrame:
        """The wrong answers, the surest first; of numbers the answers that are farthest off.

        Args:
            count: How many at most.

        Returns:
            Rows of `predictions`; `image` is the file of a small copy that the run kept, None where it kept none.
        """
        table = self.predictions
        if "correct" in table:
            table = table[~table["correct"]]
        by = "score" if "score" in table else "loss"
        return table.sort_values(by, ascending=False, kind="stable").head(count)

    @cached_property
    def classifier(self) -> ImageClassifier:
        """Its best weights, ready to answer. Raises: CheckpointError where there are none yet."""
        return ImageClassifier.from_pretrained(str(self.folder))

    def push(self, repo_id: str, **options: Any) -> str:
        """Puts the checkpoint with its card and its report on the Hub; returns the address of the commit.

        Args:
            repo_id: owner/name, made where it is missing.
            options: Those of `push_to_hub`: private, revision, create_pr, commit_message, token.
        """
        return str(push_checkpoint(self.folder, repo_id, **options))

    def resume(self, **settings: Any) -> Run:
        """Goes on with the run where it was interrupted; returns it.

        Args:
            settings: What may change, such as `epochs`.

        Raises:
            TrainingError: It is finished, or kept no state.
        """
        # By name, as what trains stands above what it leaves.
        finetune: Callable[..., Run] = cast(Any, import_module("..finetune", __package__))
        return finetune(resume=self.folder, **settings)

    def _rows(self, file: str) -> list[dict[str, Any]]:
        """The lines of a table of epochs. Raises: TrainingError where it has none."""
        lines = self._content(file).decode("utf-8", "replace").splitlines()
        rows = [self._json(line.encode(), file) for line in lines]
        if not rows:
            raise TrainingError("session.not_finished", folder=str(self.folder), file=file)
        return rows

    def _content(self, file: str) -> bytes:
        path = self.folder / file
        if not path.is_file():
            raise TrainingError("session.not_finished", folder=str(self.folder), file=file)
        if path.stat().st_size > MAX_BYTES:
            raise self._unreadable(file, ValueError(f"{path.stat().st_size:,} bytes"))
        return path.read_bytes()

    def _json(self, content: bytes, file: str) -> dict[str, Any]:
        try:
            values = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self._unreadable(file, error) from error
        if not isinstance(values, dict):
            raise self._unreadable(file, ValueError("not an object"))
        return values

    def _unreadable(self, file: str, error: Exception) -> TrainingError:
        return TrainingError("session.unreadable", file=str(self.folder / file), reason=str(error)[:200])

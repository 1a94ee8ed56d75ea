"""The folder of a run: a checkpoint and, beside it, what the run did and found."""

from __future__ import annotations

import json
import logging
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator
from PIL import Image

from resnet_hub.card import SAMPLES_FILE, without_paths
from resnet_hub.checkpoint import CARD_FILE, CONFIG_FILE, SPLIT_FILE, WEIGHTS_FILE, write_atomically
from resnet_hub.config import IMAGE_MODES, Preprocessing
from resnet_hub.errors import CheckpointError, TrainingError
from resnet_hub.images import visible
from resnet_hub.preprocessing import open_image, to_channels

from ..hardware import main_process_decides
from ..processes import Stopped
from ..settings import FinetuneRecipe, launch_command
from ..splits import RecordedSplit, Split
from .folder_lock import FolderLock
from .images import remove_held_out, write_split
from .serialization import remove_snapshots

logger = logging.getLogger(__name__)

RECIPE_FILE = "recipe.toml"
METRICS_FILE = "metrics.jsonl"
TIMINGS_FILE = "timings.jsonl"
"""What depends on how fast the machine was, so that metrics.jsonl is the same wherever a run is repeated."""
RESULTS_FILE = "results.json"
CURVES_FILE = "curves.png"
CONFUSION_FILE = "confusion.png"
MATRIX_FILE = "confusion.csv"
PREDICTIONS_FILE = "predictions.parquet"
"""What was answered on each image of the measured split. It names files, so it is not pushed."""
MISTAKES_FILE = "mistakes.png"
RATES_FILE = "lr.png"
LAST_FILE = "last.safetensors"
"""The weights that training ended with; model.safetensors has the best."""
EMA_FILE = "ema.safetensors"
"""The EMA of the weights at the end, where one was kept."""
EXAMPLES_FOLDER = "examples"
STATE_FOLDER = "state"
TRACKER_FOLDER = "trackers"
FILES = (
    CONFIG_FILE,
    WEIGHTS_FILE,
    LAST_FILE,
    EMA_FILE,
    CARD_FILE,
    SPLIT_FILE,
    RECIPE_FILE,
    METRICS_FILE,
    TIMINGS_FILE,
    RESULTS_FILE,
    CURVES_FILE,
    CONFUSION_FILE,
    MATRIX_FILE,
    PREDICTIONS_FILE,
    MISTAKES_FILE,
    SAMPLES_FILE,
)
FIRST_FILES = (RECIPE_FILE, SPLIT_FILE)
"""What a run writes before it has trained anything."""

EXAMPLES = 6
"""Held-out images put beside the checkpoint, for the page to show."""
EXAMPLE_SIDES = (256, 512)
"""Pixels: the longest side of an example; smaller images are enlarged by whole numbers, larger ones reduced."""


def claim_folder(recipe: FinetuneRecipe, accelerator: Accelerator, *, resumed: bool = False) -> FolderLock | None:
    """Makes the output folder and keeps other runs out of it; what is in it stays.

    Args:
        recipe: Names the folder.
        accelerator: The main process alone holds the folder, and gets the lock to release at the end.
        resumed: Whether the folder holds the run that goes on.

    Raises:
        TrainingError: It holds a run already, or another run is writing into it, or it cannot be written.
    """
    locks: list[FolderLock] = []
    main_process_decides(lambda: locks.append(_claim(recipe, resumed=resumed)))
    return locks[0] if locks else None


@contextmanager
def claimed(recipe: FinetuneRecipe, accelerator: Accelerator, *, resumed: bool) -> Iterator[None]:
    """A block for which the output folder is this run's, as in `claim_folder`.

    A run that fails before it has saved anything leaves the folder free, to fix a mistake and try again.
    """
    made = not recipe.folder.exists()
    lock = claim_folder(recipe, accelerator, resumed=resumed)
    try:
        yield
    except BaseException:
        if lock is not None and not resumed and set(_held(recipe.folder)) <= set(FIRST_FILES):
            for name in FIRST_FILES:
                (recipe.folder / name).unlink(missing_ok=True)
        raise
    finally:
        if lock is not None:
            lock.release()
            if made:
                with suppress(OSError):  # it is not empty
                    recipe.folder.rmdir()


def begin_run(recipe: FinetuneRecipe, recorded: RecordedSplit | None, *, resumed: bool = False) -> None:
    """Writes recipe and split into a claimed folder, where they replace a run that `overwrite` gives up.

    To be called when data and network are there: a mistake in naming them costs no earlier run.

    Args:
        recipe: As it was asked for.
        recorded: The images of the run; None where nobody looked at those held out.
        resumed: Whether the run goes on: then they are there, but where its state comes from another machine.

    Raises:
        TrainingError: The folder cannot be written.
    """
    main_process_decides(lambda: _begin(recipe, recorded, resumed=resumed))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """A block that writes into the output folder. Raises: TrainingError where the folder does not take it."""
    try:
        yield
    except OSError as error:
        raise TrainingError("run.unwritable", folder=str(folder), reason=error.strerror) from error


def _claim(recipe: FinetuneRecipe, *, resumed: bool) -> FolderLock:
    folder = recipe.folder
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
    try:
        if not resumed:
            _replaceable(recipe)
    except TrainingError:
        lock.release()
        raise
    _remove_unfinished(folder)
    return lock


def _remove_unfinished(folder: Path) -> None:
    """Removes what a killed run was writing: files of ours under the temporary names of `write_atomically`."""
    for file in folder.glob(".*"):
        if any(file.name.startswith(f".{name}.") for name in FILES):
            file.unlink(missing_ok=True)


def _begin(recipe: FinetuneRecipe, recorded: RecordedSplit | None, *, resumed: bool) -> None:
    if resumed and (recipe.folder / RECIPE_FILE).exists():
        return
    taken = [] if resumed else _replaceable(recipe)
    with _writing(recipe.folder):
        if not resumed:
            _empty(recipe.folder, taken)
        with (recipe.folder / RECIPE_FILE).open("x", encoding="utf-8") as file:  # fails if another run was quicker
            file.write(_shareable(recipe).to_toml())
        if recorded is not None:
            write_split(recipe.folder, recorded)


def _replaceable(recipe: FinetuneRecipe) -> list[str]:
    """What the folder holds of a run. Raises: TrainingError where that may not be replaced."""
    folder = recipe.folder
    with _writing(folder):
        taken = _held(folder)
    if taken and not recipe.overwrite:
        files = ", ".join(taken[:3])
        if STATE_FOLDER in taken:
            raise TrainingError("run.interrupted", folder=str(folder), files=files)
        raise TrainingError("run.taken", folder=str(folder), files=files)
    return taken


def _held(folder: Path) -> list[str]:
    return [name for name in (*FILES, STATE_FOLDER) if (folder / name).exists()]


def _empty(folder: Path, taken: Sequence[str]) -> None:
    """Removes what a run has left, and nothing else."""
    for name in (STATE_FOLDER, TRACKER_FOLDER):
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
    for name in taken:
        (folder / name).unlink(missing_ok=True)
    for image in (folder / EXAMPLES_FOLDER).glob("*.png"):
        image.unlink()
    remove_held_out(folder)


def _shareable(recipe: FinetuneRecipe) -> FinetuneRecipe:
    """The recipe without where on this machine its data are and its run goes, since its file is pushed."""
    named = {name: without_paths(getattr(recipe, name)) for name in ("dataset", "model", "labels")}
    return replace(recipe, output="", overwrite=False, **named)


def check_room(folder: Path, needed: int) -> None:
    """Raises: TrainingError when the folder's disk has less than `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TrainingError("run.no_room", needed=needed / 1e6, folder=str(folder), free=free / 1e6)


def append_row(folder: Path, row: Mapping[str, Any], timing: Mapping[str, Any]) -> None:
    """Adds an epoch: one line of JSON to metrics.jsonl, and one to timings.jsonl. Raises: TrainingError."""
    with _writing(folder):
        for name, values in ((METRICS_FILE, row), (TIMINGS_FILE, timing)):
            with (folder / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(values) + "\n")


def rewrite_rows(folder: Path, rows: Sequence[Mapping[str, Any]], timings: Sequence[Mapping[str, Any]]) -> None:
    """Makes both files hold these epochs and no later ones, which a resumed run repeats. Raises: TrainingError."""
    with _writing(folder):
        for name, values in ((METRICS_FILE, rows), (TIMINGS_FILE, timings)):
            _write_lines(folder / name, values)


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    write_atomically(path, lambda file: file.write_text(text, "utf-8"))


def remove_state(folder: Path) -> None:
    """Removes what a finished run needs no more to go on."""
    remove_snapshots(folder / STATE_FOLDER)


@contextmanager
def reporting(folder: Path) -> Iterator[None]:
    """A block that writes the report when all is trained.

    Raises:
        TrainingError: The disk does not take it.
        Stopped: It was asked to stop; says how the report is written after all.
    """
    command = f"{launch_command('finetune')} --resume {shlex.quote(str(folder))}"
    try:
        yield
    except Stopped as stop:
        raise Stopped(f"stopped before the report was written; write it with:  {command}", status=stop.status) from None
    except (OSError, CheckpointError) as error:
        cause = error.__cause__ if isinstance(error, CheckpointError) else error
        reason = getattr(cause, "strerror", None) or error
        raise TrainingError("run.unwritten_report", folder=str(folder), reason=reason, command=command) from error


def write_results(folder: Path, results: Mapping[str, Any]) -> None:
    """Writes results.json: everything that was measured."""
    text = json.dumps(results, indent=2, ensure_ascii=False)
    write_atomically(folder / RESULTS_FILE, lambda file: file.write_text(text + "\n", "utf-8"))


def write_examples(
    folder: Path, split: Split, label_names: tuple[str, ...], task: str, preprocessing: Preprocessing
) -> None:
    """Writes up to six images of as many classes, as PNG named after what they show, into examples/.

    None of a network of other channels than 1, 3 and 4: no browser would show them.
    """
    channels = preprocessing.input_size[0]
    if channels not in IMAGE_MODES:
        logger.info("no images are kept as examples for a page: browsers do not show those of %d channels", channels)
        return
    target = folder / EXAMPLES_FOLDER
    target.mkdir(exist_ok=True)
    _, first = np.unique(split.strata(), return_index=True)
    chosen = np.linspace(0, len(first) - 1, min(EXAMPLES, len(first))).round().astype(int)
    for index in first[chosen]:
        content, name = split.image(index)
        image = visible(to_channels(open_image(content, name=name, preprocessing=preprocessing), channels))
        smallest, largest = EXAMPLE_SIDES
        factor = max(1, smallest // max(image.size))
        image = image.resize([factor * side for side in image.size], Image.Resampling.NEAREST)
        image.thumbnail((largest, largest))
        label = re.sub(r"[^\w-]+", "_", split.caption(index, label_names, task))[:40]
        image.save(target / f"{label}-{index}.png")

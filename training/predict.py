"""`accelerate launch -m training.predict`: a network and images -> a table of answers, as parquet, CSV or a dataset."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if not __package__:  # `accelerate launch training/predict.py` puts this folder on the path instead of the project's
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    __package__ = "training"
    import training  # noqa: F401

import torch
from accelerate import Accelerator
from torch import Tensor

from resnet_hub import ImageClassifier
from resnet_hub.checks import check_integer
from resnet_hub.errors import CheckpointError, ConfigError, DataError, HubError, ImageError

from .data import SHOWN, load_images, shown_files
from .entry import run_settings
from .hardware import main_process_decides, main_process_first, make_accelerator
from .loading import UNREADABLE, EvalTransform, make_loader, prepare_batch
from .loop import gather, show_progress, unique_rows
from .push import (
    Answers,
    Asked,
    PushTarget,
    call_with_retries,
    check_target,
    predictions_table,
    push_predictions,
    write_predictions,
)
from .run import Seen, read_split
from .settings import HubSettings, RunSettings, setting
from .splits import Split
from .tables import refuse_stranger
from .trials import with_batch_size

logger = logging.getLogger("training")


@dataclass(frozen=True)
class PredictionSettings(HubSettings, RunSettings):
    """Writes what a network answers on every image of a split: the same rows on any number of processes."""

    model: str = setting("", "checkpoint folder, Hub id or published name")
    split: str | None = setting(
        None, "split to predict on; validation, else test, else what the run held out, else the first where absent"
    )
    output: str = setting("", "parquet or CSV file to write")
    overwrite: bool = setting(False, "replace the output file where there is one")
    top_k: int = setting(5, "classes in each row, best first")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("--top-k", self.top_k, 1, 100_000)
        if not self.model:
            raise ConfigError("predictions.no_model")
        if not self.output and self.push_to_hub is None:
            raise ConfigError("predictions.no_place")
        if self.output and not self.output.endswith((".parquet", ".csv")):
            raise ConfigError("predictions.no_table", file=self.output)


def predict(settings: PredictionSettings) -> None:
    """Answers every image and writes the table. Raises: DataError, CheckpointError, HubError, ConfigError."""
    accelerator = make_accelerator(settings.precision, settings.threads)
    main_process_decides(lambda: check_places(settings))
    classifier = ImageClassifier.from_pretrained(settings.model, device=accelerator.device)
    settings = with_batch_size(settings, classifier.model, accelerator)
    recorded = main_process_first(lambda: read_split(settings.model, classifier.model.metadata))
    split, classes, rows = load_images(settings, settings.split, recorded)
    log_plan(settings, classifier, split)

    answers = answer(settings, classifier, split, accelerator)
    if accelerator.is_main_process:
        seen = Seen.of(split, recorded)
        asked = Asked(rows.tolist(), shown_files(split.paths, settings.dataset), classes, seen.names(len(split)))
        for line in seen.lines(split.name, settings.model):
            logger.info("%s", line)
        finish(settings, split, predictions_table(answers, classifier.label_names, asked))
    accelerator.end_training()


def check_places(settings: PredictionSettings) -> None:
    """Finds out before any work whether the table can be put where it should. Raises: ConfigError, HubError."""
    output = Path(settings.output)
    if settings.output and (output.is_dir() or (output.exists() and not settings.overwrite)):
        raise ConfigError("predictions.taken", file=settings.output)
    if settings.push_to_hub is not None:
        check_target(PushTarget.of(settings, kind="dataset"))


def log_plan(settings: PredictionSettings, classifier: ImageClassifier, split: Split) -> None:
    """Logs what is about to happen."""
    logger.info("data   %s: %s images of %s", settings.dataset, f"{len(split):,}", split.name)
    architecture, classes = classifier.model.config.architecture, len(classifier.label_names)
    logger.info("model  %s from %s: %d classes", architecture, settings.model, classes)


def answer(
    settings: PredictionSettings, classifier: ImageClassifier, split: Split, accelerator: Accelerator
) -> Answers:
    """The network's ranked classes for every row, on every process.

    Raises:
        DataError: More images cannot be decoded than are allowed.
        CheckpointError: The network's answers are not finite.
    """
    loader = accelerator.prepare(
        make_loader(
            split,
            EvalTransform(classifier.preprocessing),
            batch_size=settings.images_per_batch,
            seed=0,
            workers=settings.workers,
            train=False,
            processes=accelerator.num_processes,
            lenient=True,
        )
    )
    network = classifier.model.to(memory_format=torch.channels_last)
    found: list[list[Tensor]] = []
    unreadable: list[int] = []
    for pixels, labels, rows in show_progress(loader, "predicting", accelerator):
        with torch.inference_mode(), accelerator.autocast():
            logits = network(prepare_batch(pixels, classifier.preprocessing))
        ranked = classifier.rank(classifier.scores(logits.float()), settings.top_k)
        # Copies, since parts that are kept hold the scores of all classes in memory.
        kept = (part.clone() for part in ranked)
        rows, labels, indices, scores = gather(accelerator, rows, labels, *kept)
        found.append([rows, indices, scores])
        unreadable += rows[labels == UNREADABLE].tolist()
        refuse_bad(split, sorted(set(unreadable)), settings.max_bad_images)
        if not scores.isfinite().all():
            raise CheckpointError("predictions.not_finite", model=settings.model)
    outputs, values = unique_rows(found)
    return Answers(outputs, values, {row: problem(split, row, settings, classifier) for row in unreadable})


def refuse_bad(split: Split, rows: Sequence[int], allowed: int) -> None:
    """Raises: DataError on every process where more images cannot be decoded than are allowed."""
    if len(rows) > allowed:
        names = "; ".join(split.image(row)[1] for row in rows[:SHOWN]) + ("; ..." if len(rows) > SHOWN else "")
        raise DataError("predictions.undecodable_images", count=len(rows), images=names, allowed=allowed)


def problem(split: Split, row: int, settings: PredictionSettings, classifier: ImageClassifier) -> str:
    """Why the image of a row cannot be decoded, without the folders of this machine."""
    content, name = split.image(row)
    try:
        refuse_stranger(content, name)
        classifier.prepare(content, name=shown_files([name], settings.dataset)[0] or name)
    except ImageError as error:
        return str(error)
    return "it could not be decoded when it was its turn"


def finish(settings: PredictionSettings, split: Split, table: Any) -> None:
    """Writes and pushes the table, and logs where it is and what it says."""
    bad = table.column("problem").drop_null().to_pylist()
    if bad:
        logger.warning("%d images cannot be decoded and have no answer: %s", len(bad), "; ".join(bad))
    log_accuracy(table)
    if settings.output:
        write_predictions(table, Path(settings.output))
        logger.info("wrote  %s: %s rows", settings.output, f"{table.num_rows:,}")
    if settings.push_to_hub is not None:
        push(settings, split, table)


def log_accuracy(table: Any) -> None:
    """Logs how many answers are right: where some images were trained on, apart from the others and after them."""
    columns = (table.column(name).to_pylist() for name in ("true_label", "label", "seen"))
    known = [
        (true == found, seen == "train")
        for true, found, seen in zip(*columns, strict=True)
        if true is not None and found is not None
    ]
    fresh, trained = ([right for right, on in known if on is wanted] for wanted in (False, True))
    groups = [("images with a known class", fresh)]
    if trained:
        groups = [("images that were not trained on", fresh), ("images that were trained on", trained)]
    for name, right in groups:
        if right:
            logger.info("%d of %d %s are right (%.2f%%)", sum(right), len(right), name, _percent(right))


def push(settings: PredictionSettings, split: Split, table: Any) -> None:
    """Pushes the table; where the Hub does not take it, it is in a file all the same. Raises: HubError."""
    target = PushTarget.of(settings, kind="dataset")
    try:
        url = call_with_retries(
            lambda: push_predictions(table, target.repo_id, split.name, target.private, target.revision),
            lambda error, wait: logger.warning("push   %s; trying again in %.0f s", error, wait),
        )
    except HubError as error:
        file = Path(settings.output or f"predictions-{time.strftime('%Y%m%d-%H%M%S')}.parquet")
        if not settings.output:
            write_predictions(table, file)
        raise HubError("predictions.not_pushed", reason=error, file=str(file)) from error
    logger.info("pushed %s", url)


def _percent(right: Sequence[bool]) -> float:
    return 100 * sum(right) / len(right)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_settings(predict, PredictionSettings, "predict", arguments)


if __name__ == "__main__":
    sys.exit(main())

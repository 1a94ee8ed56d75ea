"""`accelerate launch -m training.predict`: a network and images -> a table of answers, as parquet, CSV or a dataset."""

from __future__ import annotations

import hashlib
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

if not __package__:  # `accelerate launch training/predict.py` puts this folder on the path instead of the project's
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    __package__ = "training"
    import training  # noqa: F401


from resnet_hub import ImageClassifier
from resnet_hub.errors import ConfigError, HubError, counted

from .data import load_images, shown_files
from .entry import run_settings
from .hardware import (
    from_main_process,
    leaving_together,
    main_process_decides,
    main_process_first,
    make_accelerator,
)
from .measurement import answer, weights_digest
from .processes import Stopped
from .push import (
    SUFFIX,
    Asked,
    PredictionParts,
    PushTarget,
    call_with_retries,
    check_target,
    predictions_table,
    push_predictions,
    write_predictions,
)
from .run import Seen, read_split
from .settings import PredictionSettings
from .splits import Split
from .trials import with_batch_size

logger = logging.getLogger("training")


def predict(settings: PredictionSettings) -> None:
    """Answers every image and writes the table, from where an earlier try of the same was interrupted.

    Raises:
        DataError, CheckpointError, HubError, ConfigError: The images, the network or the places are not as they should.
        Stopped: It was asked to stop; what is answered is kept.
    """
    accelerator = make_accelerator(settings.precision, settings.threads)
    main_process_decides(lambda: check_places(settings))
    classifier = ImageClassifier.from_pretrained(settings.model, device=accelerator.device)
    settings = with_batch_size(settings, classifier.model, accelerator)
    recorded = main_process_first(lambda: read_split(settings.model, classifier.model.metadata))
    split, classes, rows = load_images(settings, settings.split, recorded)
    log_plan(settings, classifier, split)

    seen = Seen.of(split, recorded)
    asked = Asked(rows.tolist(), shown_files(split.paths, settings.dataset), classes, seen.names(len(split)))
    with leaving_together(accelerator), parts_of(settings, classifier, asked) as parts:
        done, bad = from_main_process(lambda: (parts.done, parts.bad))
        if done:
            logger.info("resume %s of %s images are answered already", f"{done:,}", f"{len(split):,}")
        for first, answers in answer(settings, classifier, split, accelerator, done=done, bad=bad):
            parts.add(predictions_table(answers, classifier.label_names, asked.part(first, len(answers.indices))))
        if accelerator.is_main_process:
            for line in seen.lines(split.name, settings.model):
                logger.info("%s", line)
            finish(settings, split, parts)
    accelerator.end_training()


@contextmanager
def parts_of(settings: PredictionSettings, classifier: ImageClassifier, asked: Asked) -> Iterator[PredictionParts]:
    """The answers so far: beside the table that is asked for, else, where they are only pushed, for this time alone.

    Raises:
        ConfigError: On every process, where there are answers of another prediction.
        Stopped: It was asked to stop; says what is kept.
    """
    with TemporaryDirectory() as passing:
        folder = Path(f"{settings.output}{SUFFIX}") if settings.output else Path(passing, "answers")
        opened: list[PredictionParts] = []
        main_process_decides(
            lambda: opened.append(
                PredictionParts(folder, key_of(settings, classifier, asked), again=settings.overwrite)
            )
        )
        parts = opened[0] if opened else PredictionParts(Path(passing, "none"), {})
        try:
            yield parts
        except Stopped as stop:
            kept = f"{parts.done:,} answers are kept in {folder}; the same command goes on" if settings.output else ""
            raise Stopped(f"stopped; {kept or 'nothing is kept without --output'}", status=stop.status) from None


def key_of(settings: PredictionSettings, classifier: ImageClassifier, asked: Asked) -> dict[str, Any]:
    """What decides about the answers: the weights, the images by their rows and files, and the settings."""
    images = hashlib.sha256(str(len(asked.rows)).encode())
    for row, file in zip(asked.rows, asked.files, strict=True):
        images.update(f"{row} {file}\n".encode())
    chosen = {name: getattr(settings, name) for name in ("dataset", "split", "top_k", "precision")}
    return {"images": images.hexdigest(), "weights": weights_digest(classifier.model), **chosen}


def check_places(settings: PredictionSettings) -> None:
    """Finds out before any work whether the table can be put where it should. Raises: ConfigError, HubError."""
    output = Path(settings.output)
    if settings.output and (output.is_dir() or (output.exists() and not settings.overwrite)):
        raise ConfigError("predictions.taken", file=settings.output)
    if settings.push_to_hub is not None:
        check_target(PushTarget.of(settings, kind="dataset"))


def log_plan(settings: PredictionSettings, classifier: ImageClassifier, split: Split) -> None:
    """Logs what is about to happen."""
    logger.info("data   %s: %s of %s", settings.dataset, counted(len(split), "image", "images"), split.name)
    architecture, classes = classifier.model.config.architecture, len(classifier.label_names)
    logger.info("model  %s from %s: %s", architecture, settings.model, counted(classes, "class", "classes"))


def finish(settings: PredictionSettings, split: Split, parts: PredictionParts) -> None:
    """Writes and pushes the table, and logs where it is and what it says."""
    bad = [text for table in parts.tables() for text in table.column("problem").drop_null().to_pylist()]
    if bad:
        have = f"{counted(len(bad), 'image', 'images')} cannot be decoded and {'has' if len(bad) == 1 else 'have'}"
        logger.warning("%s no answer: %s", have, "; ".join(bad))
    log_accuracy(parts.tables())
    if settings.output:
        write_predictions(parts.tables(), Path(settings.output))
        logger.info("wrote  %s: %s rows", settings.output, f"{parts.done:,}")
    if settings.push_to_hub is not None:
        push(settings, split, parts)
    parts.remove()


def log_accuracy(tables: Iterable[Any]) -> None:
    """Logs how many answers are right: where some images were trained on, apart from the others and after them."""
    right, known = Counter[bool](), Counter[bool]()
    for table in tables:
        columns = (table.column(name).to_pylist() for name in ("true_label", "label", "seen"))
        for true, found, seen in zip(*columns, strict=True):
            if true is not None and found is not None:
                known[seen == "train"] += 1
                right[seen == "train"] += true == found
    groups = [("images with a known class", False)]
    if known[True]:
        groups = [("images that were not trained on", False), ("images that were trained on", True)]
    for name, trained in groups:
        if known[trained]:
            share = 100 * right[trained] / known[trained]
            logger.info("%d of %d %s are right (%.2f%%)", right[trained], known[trained], name, share)


def push(settings: PredictionSettings, split: Split, parts: PredictionParts) -> None:
    """Pushes the table; where the Hub does not take it, it is in a file all the same. Raises: HubError."""
    target = PushTarget.of(settings, kind="dataset")
    try:
        url = call_with_retries(
            lambda: push_predictions(parts.tables(), target.repo_id, split.name, target.private, target.revision),
            lambda error, wait: logger.warning("push   %s; trying again in %.0f s", error, wait),
        )
    except HubError as error:
        file = Path(settings.output or f"predictions-{time.strftime('%Y%m%d-%H%M%S')}.parquet")
        if not settings.output:
            write_predictions(parts.tables(), file)
        raise HubError("predictions.not_pushed", reason=error, file=str(file)) from error
    logger.info("pushed %s", url)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_settings(predict, PredictionSettings, "predict", arguments)


if __name__ == "__main__":
    sys.exit(main())

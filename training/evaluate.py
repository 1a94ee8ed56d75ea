"""`accelerate launch -m training.evaluate`: a network and a split -> its accuracy, counted once for every image."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

if not __package__:  # `accelerate launch training/evaluate.py` puts this folder on the path instead of the project's
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    __package__ = "training"
    import training  # noqa: F401

import numpy as np
import torch

from resnet_hub import ResNet
from resnet_hub.checkpoint import load_weights
from resnet_hub.errors import ConfigError, TrainingError
from resnet_hub.metadata import CheckpointMetadata
from resnet_hub.models import PretrainedNetwork
from resnet_hub.scores import temperature_of

from .data import load_split, shown_files
from .entry import run_settings
from .hardware import leaving_together, main_process_first, make_accelerator
from .loop import unmapped
from .measurement import measure, remove_parts, weights_digest
from .metrics import Evaluation, format_interval
from .run import EMA_FILE, LAST_FILE, History, Seen, draw_report, read_split, write_results, write_tables
from .settings import EvaluationSettings
from .splits import Split
from .trials import with_batch_size

logger = logging.getLogger("training")

LARGEST_RECORDED = 256
"""Images of a recorded batch that are taken over; a larger one was a large GPU's, and this may be a small machine."""
WEIGHTS = {"last": LAST_FILE, "ema": EMA_FILE}


def evaluate_checkpoint(settings: EvaluationSettings) -> Evaluation:
    """Evaluates a checkpoint on a split, from where an earlier try with the same report was interrupted.

    Raises:
        DataError, CheckpointError, HubError, ConfigError, TrainingError: Something is not as it should be.
        Stopped: It was asked to stop; with a report, what was found is kept.
    """
    accelerator = make_accelerator(settings.precision, settings.threads)
    model = load_model(settings)
    settings = with_batch_size(as_trained(settings, model.metadata), model, accelerator)
    recorded = main_process_first(lambda: read_split(settings.model, model.metadata))
    split = load_split(settings, settings.split, model.label_names or (), model.config.task, recorded)
    with leaving_together(accelerator):
        found = measure(settings, model, split, accelerator, asked_of(settings, model, split))
        if accelerator.is_main_process:
            report_evaluation(settings, model, split, found, Seen.of(split, recorded))
            remove_parts(settings)
    accelerator.end_training()
    return found


def asked_of(settings: EvaluationSettings, model: PretrainedNetwork, split: Split) -> dict[str, Any]:
    """What decides about the figures: the weights, the images with their targets, and the settings."""
    images = hashlib.sha256(np.ascontiguousarray(split.labels).tobytes())
    for file in shown_files(split.paths, settings.dataset):
        images.update(f"{file}\n".encode())
    chosen = {name: getattr(settings, name) for name in ("dataset", "checkpoint", "precision")}
    temperature = temperature_of(model.metadata)
    weights = weights_digest(model)
    return {"images": images.hexdigest(), "weights": weights, "temperature": temperature, "split": split.name, **chosen}


def as_trained(settings: EvaluationSettings, metadata: CheckpointMetadata) -> EvaluationSettings:
    """The settings with the batch size that the checkpoint was trained and measured with; what is given stays.

    Args:
        settings: Returned as they are where the checkpoint says nothing of use.
        metadata: What the checkpoint says of itself, which somebody else may have written.
    """
    size = (metadata.recipe or {}).get("batch_size")
    if settings.batch_size is not None or type(size) is not int or not 1 <= size <= LARGEST_RECORDED:
        return settings
    return replace(settings, batch_size=size)


def load_model(settings: EvaluationSettings) -> PretrainedNetwork:
    """The network with the weights that the settings name. Raises: CheckpointError, HubError, ConfigError."""
    model = ResNet.from_pretrained(settings.model)
    if model.label_names is None:
        raise ConfigError("evaluation.no_class_names", model=settings.model)
    if settings.checkpoint != "best":
        file = Path(settings.model) / WEIGHTS[settings.checkpoint]
        if not file.is_file():
            raise ConfigError(
                "evaluation.no_such_weights", checkpoint=settings.checkpoint, file=file.name, model=settings.model
            )
        load_weights(model, file, model.config, dtype=torch.float32)
        # It was found for the best weights.
        model.metadata = replace(model.metadata, temperature=None)
    return unmapped(model)


def report_evaluation(
    settings: EvaluationSettings, model: PretrainedNetwork, split: Split, found: Evaluation, seen: Seen
) -> None:
    """Prints the figures: for programs on standard output, else as lines of the log; writes the report."""
    figures = {"split": split.name, **figures_of(found), "seen": seen.counts()}
    if seen.partly:
        figures["unseen"] = figures_of(found.only(~seen.trained_on))
    names = model.label_names or ()
    if settings.report is not None:
        with report_folder(settings.report) as folder:
            write_results(folder, {**figures, "per_class": found.by_class(names), **found.details()})
            draw_report(folder, History(), found, split, names, model.config.in_chans)
            write_tables(folder, found, split, names, settings.dataset)
    if settings.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for line in seen.lines(split.name, settings.model):
        logger.info("%s", line)
    if seen.partly:
        log_figures(f"{split.name}, images not trained on", found.only(~seen.trained_on), figures["unseen"])
        log_figures(f"{split.name}, all images", found, figures)
    else:
        log_figures(split.name, found, figures)


def figures_of(found: Evaluation) -> dict[str, Any]:
    """Every figure by name, with the number of images and the intervals."""
    return {"images": len(found), **found.summary(), "intervals": found.intervals()}


def log_figures(name: str, found: Evaluation, figures: Mapping[str, Any]) -> None:
    """Logs an evaluation, in two lines."""
    logger.info("%s: %s, %s", name, found.headline, format_interval(figures["intervals"]))
    logger.info("  %s", "  ".join(f"{name} {value:.4f}" for name, value in found.summary().items()))


@contextmanager
def report_folder(name: str) -> Iterator[Path]:
    """The folder of the report, made where missing. Raises: TrainingError where it cannot be written."""
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    except OSError as error:
        reason = error.strerror or str(error)
        raise TrainingError("evaluation.unwritable_report", folder=name, reason=reason) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_settings(evaluate_checkpoint, EvaluationSettings, "evaluate", arguments)


if __name__ == "__main__":
    sys.exit(main())

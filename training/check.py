"""`resnet-hub check DATASET`: what is wrong with a dataset, before anything is trained, as a folder to look through."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

if not __package__:  # `accelerate launch training/check.py` puts this folder on the path instead of the project's
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    __package__ = "training"
    import training  # noqa: F401

from accelerate import Accelerator

from resnet_hub import ResNet
from resnet_hub.cli import printable
from resnet_hub.errors import ConfigError, Phrase, ResNetHubError, TrainingError
from resnet_hub.models import PretrainedNetwork

from .data import Data, load_data
from .doctor import LABELS_FILE, Findings, Judgement, judge_labels, lines, write_report
from .entry import run_command
from .hardware import main_process_decides, make_accelerator
from .settings import DataCheckSettings, launch_command, parser_of
from .trials import with_batch_size

logger = logging.getLogger("training")


def check(settings: DataCheckSettings) -> Path:
    """Looks through a dataset and writes the report; returns its folder. Raises: DataError, TrainingError."""
    main_process_decides(lambda: refuse_taken(settings))
    accelerator = make_accelerator(settings.precision, settings.threads)
    data = load_data(settings.recipe)
    log_data(settings, data)
    judgement = judge_by_network(settings, data, accelerator)
    found = Findings(data, settings.dataset, judgement, settings.model if judgement else None)
    if accelerator.is_main_process:
        for line in lines(found):
            logger.info("%s", line)
        files = write_report(found, settings.folder)
        log_end(settings, files)
    accelerator.end_training()
    return settings.folder


def refuse_taken(settings: DataCheckSettings) -> None:
    """Raises: TrainingError where the report would replace corrections that somebody may have written."""
    if (settings.folder / LABELS_FILE).exists() and not settings.overwrite:
        raise TrainingError("doctor.taken", folder=str(settings.folder))


def judge_by_network(settings: DataCheckSettings, data: Data, accelerator: Accelerator) -> Judgement | None:
    """What the network says of the labels; None, and a line on why, where it cannot be opened."""
    try:
        network = open_network(settings)
    except ResNetHubError as error:
        logger.warning("%s", printable(str(Phrase("doctor.no_network", model=settings.model, reason=error))))
        return None
    settings = with_batch_size(settings, network, accelerator)
    return judge_labels(
        data,
        network,
        accelerator,
        batch_size=settings.images_per_batch,
        workers=settings.workers,
        seed=settings.seed,
    )


def open_network(settings: DataCheckSettings) -> PretrainedNetwork:
    """The network that gives the features. Raises: ConfigError, CheckpointError, HubError."""
    network = ResNet.from_pretrained(settings.model)
    if settings.image_size is not None:
        size = (network.config.in_chans, settings.image_size, settings.image_size)
        network.preprocessing = replace(network.preprocessing, input_size=size)
    return network


def log_data(settings: DataCheckSettings, data: Data) -> None:
    """Logs what is looked through."""
    splits = ", ".join(f"{len(split):,} of {printable(split.name)}" for split in data.splits)
    logger.info("data   %s: %d classes, images %s", printable(settings.dataset), len(data.label_names), splits)


def log_end(settings: DataCheckSettings, files: Sequence[Path]) -> None:
    """Logs where the report is, and what to do with it."""
    logger.info("report %s", "  ".join(map(str, files)))
    labels = settings.folder / LABELS_FILE
    if labels in files:
        dataset, file = (shlex.quote(text) for text in (settings.dataset, str(labels)))
        again = f"{launch_command('finetune')} --dataset {dataset} --labels {file}"
        logger.info("next   write the right class, or <drop>, into column correction of %s; then %s", labels, again)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""

    def command(flags: Sequence[str]) -> object:
        given = vars(parser_of("check").parse_args(flags))
        named = given.pop("named", None)
        if named is not None and given.setdefault("dataset", named) != named:
            raise ConfigError("doctor.two_datasets", first=named, second=given["dataset"])
        return check(DataCheckSettings(**given))

    return run_command(command, sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())

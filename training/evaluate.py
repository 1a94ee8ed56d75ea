"""`accelerate launch -m training.evaluate`: a network and a split -> its accuracy, counted once for every picture."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # `accelerate launch training/evaluate.py` puts this folder on the path instead of the project's
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import torch

from resnet_hub import ResNet
from resnet_hub.errors import ConfigError
from training.augment import EvalTransform
from training.batches import make_loader
from training.data import load_split
from training.entry import run_command
from training.hardware import make_accelerator
from training.loop import evaluate
from training.metrics import Evaluation
from training.settings.base import setting
from training.settings.flags import settings_parser
from training.settings.run import RunSettings

logger = logging.getLogger("training")


@dataclass(frozen=True)
class EvaluationSettings(RunSettings):
    """Measures a network on one split of a dataset, the same on any number of processes."""

    model: str = setting("", "checkpoint folder, Hub id or timm tag")
    split: str | None = setting(None, "split to measure on; validation, else test, else the only one where absent")
    json: bool = setting(False, "print the figures as one JSON object with all digits")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.model:
            raise ConfigError("--model is missing; give a checkpoint folder, a Hub id or a timm tag")


def measure(settings: EvaluationSettings) -> Evaluation:
    """The network's answers on the split. Raises: DataError, CheckpointError, HubError, ConfigError."""
    accelerator = make_accelerator(settings.precision, settings.threads)
    model = ResNet.from_pretrained(settings.model)
    if model.label_names is None:
        raise ConfigError(f"--model {settings.model!r} carries no class names, so its classes match no dataset")
    split = load_split(settings, settings.split, model.label_names, model.config.task)
    loader = make_loader(
        split,
        EvalTransform(model.preprocessing),
        batch_size=settings.batch_size,
        seed=0,
        workers=settings.workers,
        train=False,
        processes=accelerator.num_processes,
    )
    network, batches = accelerator.prepare(model.to(memory_format=torch.channels_last), loader)
    found = evaluate(accelerator, network, batches, model.preprocessing)
    if accelerator.is_main_process:
        tell(settings, split.name, found)
    accelerator.end_training()
    return found


def tell(settings: EvaluationSettings, split: str, found: Evaluation) -> None:
    """Prints the figures: for programs on standard output, else as a line of the log."""
    figures = {"split": split, "pictures": len(found.labels), **found.summary()}
    if settings.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    right = int((found.labels == found.predictions).sum())
    logger.info("%s: top-1 %.2f%% (%d of %d pictures)", split, 100 * found.top1, right, len(found.labels))
    logger.info("  loss %.4f  macro F1 %.4f", found.loss, found.macro_f1)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = settings_parser(EvaluationSettings, "training.evaluate")
    given = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda flags: measure(EvaluationSettings(**vars(parser.parse_args(flags)))), given)


if __name__ == "__main__":
    sys.exit(main())

"""`resnet-hub check`, `finetune`, `evaluate`, `predict-dataset`: the trainer in this process, with its own flags."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from resnet_hub.cli.parser import remark
from resnet_hub.errors import Phrase


class TrainerCommand(NamedTuple):
    """One word of the command line that hands all others to the trainer."""

    help: str
    """One sentence."""
    entry: str
    """The module of `resnet_hub.training` that runs it."""


COMMANDS = {
    "check": TrainerCommand(
        "Looks through a dataset: images that repeat or are bad, labels that are likely wrong.", "check"
    ),
    "finetune": TrainerCommand("Fine-tunes a network on a dataset of images.", "finetune"),
    "evaluate": TrainerCommand("Measures a network on a split of a dataset.", "evaluate"),
    "predict-dataset": TrainerCommand("Answers every image of a split, as a table.", "predict"),
}


def run_trainer(command: TrainerCommand, arguments: Sequence[str]) -> int:
    """The exit status of an entry of the trainer. Raises: MissingExtraError where it is not installed."""
    # By name, as the library stands without the trainer.
    settings = import_module("resnet_hub.training.settings")
    with settings.as_command():
        settings.refuse_early(command.entry, arguments)
    if "torch" not in sys.modules:
        remark(Phrase("cli.loading"))
    entry = import_module(f"resnet_hub.training.{command.entry}")
    with settings.as_command():
        return entry.main(list(arguments))

"""The part of a check that a dry run does: what is doubtful in the images, and in the labels of a small dataset."""

from __future__ import annotations

import logging
import shlex

from resnet_hub.cli import printable
from resnet_hub.errors import Phrase

from ..data import Data
from ..loop import Learner
from ..settings import launch_command
from ..splits import Split
from .findings import Findings
from .judging import judge_labels
from .pool import Pool
from .report import lines

logger = logging.getLogger("training")

FEW = 500
"""Images whose labels a dry run judges; of more it would take longer than all else in it."""


def report_doubts(data: Data, learner: Learner) -> None:
    """Logs which images repeat and, of a small dataset, which labels are likely wrong.

    Args:
        data: The dataset.
        learner: With the network that training would start from.
    """
    recipe, judgement = learner.recipe, None
    judged = isinstance(data.train, Split) and len(Pool.of(data)) <= FEW and not recipe.from_scratch
    if judged:
        judgement = judge_labels(
            data,
            learner.network,
            learner.accelerator,
            batch_size=recipe.images_per_batch,
            workers=recipe.workers,
            seed=recipe.seed,
        )
    if not learner.accelerator.is_main_process:
        return
    for line in lines(Findings(data, recipe.dataset, judgement)):
        logger.info("%s", line)
    if not judged or (judgement and len(judgement.suspects)):
        command = f"{launch_command('check')} --dataset {shlex.quote(recipe.dataset)}"
        logger.info("%s", printable(str(Phrase("doctor.check_shows", command=command))))

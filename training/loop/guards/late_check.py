"""`--check lazy`: images that turn out undecodable while they train are counted and named; others take their places."""

from __future__ import annotations

import logging

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor

from resnet_hub.errors import counted

from ...data import refuse_bad
from ...loading import fault_of
from ...splits import Split

logger = logging.getLogger("training")


class LateCheck:
    """Counts the images that were passed over, on all processes together, against how many are allowed."""

    def __init__(self, accelerator: Accelerator, split: Split, allowed: int) -> None:
        """Knows of none yet.

        Args:
            accelerator: Of this process; all processes check at the same steps.
            split: The training images, which nobody has looked at.
            allowed: How many may be undecodable.
        """
        self.accelerator, self.split, self.allowed = accelerator, split, allowed
        self.faults: dict[int, str] = {}
        """Index -> "name (reason)" of the images that cannot be decoded, as far as they have come."""
        self._noted: list[Tensor] = []

    def add(self, indices: Tensor) -> None:
        """Keeps the indices of a batch for the next check; waits for nothing."""
        self._noted.append(indices)

    def check(self) -> None:
        """Raises: DataError on every process, where more images cannot be decoded than are allowed."""
        noted, self._noted = self._noted, []
        mine = torch.cat(noted) if noted else torch.zeros(0, dtype=torch.int64)
        bad = [[-1 - index for index in mine[mine < 0].tolist()]]
        if self.accelerator.num_processes > 1:
            bad = gather_object(bad)
        new = sorted({index for part in bad for index in part} - self.faults.keys())
        self.faults |= {index: fault_of(self.split, index) for index in new}
        refuse_bad(list(self.faults.values()), self.allowed)
        if new and self.accelerator.is_main_process:
            logger.warning(
                "%s of %s cannot be decoded, and what comes after takes the place: %s",
                counted(len(new), "image", "images"),
                self.split.name,
                "; ".join(self.faults[index] for index in new),
            )

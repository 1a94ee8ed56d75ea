"""NaN guard: stops training on the first non-finite loss, and names its step and images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor

from resnet_hub.errors import TrainingError

CHECK_EVERY = 50
"""Steps between checks where one waits for the device or the other processes; on one CPU there is one after each step.
Source: a check after every step costs some 2 to 4 % on a GPU (airbench's notes); after 50 it cannot be measured."""
SHOWN = 3
"""Images that the message names."""


class NaNGuard:
    """Keeps the losses since the last check, with the indices of their images."""

    def __init__(self, accelerator: Accelerator, image_name: Callable[[int], str]) -> None:
        """Checks nothing yet.

        Args:
            accelerator: Of this process; all processes check at the same steps.
            image_name: Index of a training image -> its file or another name for it.
        """
        self.accelerator, self.image_name = accelerator, image_name
        alone = accelerator.num_processes == 1 and accelerator.device.type == "cpu"
        self.every = 1 if alone else CHECK_EVERY
        self._noted: list[tuple[int, Tensor, Tensor]] = []

    def add(self, step: int, loss: Tensor, indices: Tensor) -> None:
        """Keeps the loss of a batch and the indices of its images for the next check; waits for nothing."""
        self._noted.append((step, loss.detach(), indices))

    def check(self, epoch: int, lr: float | None, folder: Path) -> None:
        """Raises: TrainingError on every process, if a loss since the last check is not finite on one."""
        noted, self._noted = self._noted, []
        found: list[TrainingError | None] = [None]
        if noted:
            broken = ~torch.stack([loss for _, loss, _ in noted]).isfinite()
            if broken.any().item():
                step, _, indices = noted[int(broken.nonzero()[0])]
                found = [self._non_finite(epoch, step, indices.tolist(), lr, str(folder))]
        if self.accelerator.num_processes > 1:
            found = gather_object(found)
        error = next(filter(None, found), None)
        if error is not None:
            raise error

    def _non_finite(self, epoch: int, step: int, indices: list[int], lr: float | None, folder: str) -> TrainingError:
        """The error for the loss of a step with these images; training on would only spread it."""
        names = ", ".join(repr(self.image_name(index)) for index in indices[:SHOWN])
        if len(indices) <= SHOWN:
            return TrainingError("loop.no_number_in_step", epoch=epoch, step=step, images=names, folder=folder, lr=lr)
        more = len(indices) - SHOWN
        return TrainingError(
            "loop.no_number_in_large_step", epoch=epoch, step=step, images=names, more=more, folder=folder, lr=lr
        )

"""A look at the losses: the first that is no number stops the run, with its step and its images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor

from resnet_hub.errors import TrainingError

LOOK_EVERY = 50
"""Steps between looks where one waits for the device or the other processes; on one CPU there is one after each step.
Source: a look after every step costs some 2 to 4 % on a GPU (airbench's notes); after 50 it cannot be measured."""
SHOWN = 3
"""Images that the message names."""


class LossWatch:
    """Keeps the losses since the last look, with the images they are of."""

    def __init__(self, accelerator: Accelerator, image_name: Callable[[int], str]) -> None:
        """Looks at nothing yet.

        Args:
            accelerator: Of this process; all processes look at the same steps.
            image_name: Index of a training image -> its file or another name for it.
        """
        self.accelerator, self.image_name = accelerator, image_name
        alone = accelerator.num_processes == 1 and accelerator.device.type == "cpu"
        self.every = 1 if alone else LOOK_EVERY
        self._noted: list[tuple[int, Tensor, Tensor]] = []

    def note(self, step: int, loss: Tensor, indices: Tensor) -> None:
        """Keeps the loss of a batch and the indices of its images for the next look; waits for nothing."""
        self._noted.append((step, loss.detach(), indices))

    def look(self, epoch: int, lr: float, folder: Path) -> None:
        """Raises: TrainingError on every process, if a loss since the last look is infinite or no number on one."""
        noted, self._noted = self._noted, []
        found: list[str | None] = [None]
        if noted:
            broken = ~torch.stack([loss for _, loss, _ in noted]).isfinite()
            if broken.any().item():
                step, _, indices = noted[int(broken.nonzero()[0])]
                found = [f"in epoch {epoch}, step {step} ({self._images(indices.tolist())})"]
        if self.accelerator.num_processes > 1:
            found = gather_object(found)
        place = next(filter(None, found), None)
        if place is not None:
            raise no_number(place, lr, folder, images=True)

    def _images(self, indices: list[int]) -> str:
        names = ", ".join(repr(self.image_name(index)) for index in indices[:SHOWN])
        return names + (f" and {len(indices) - SHOWN} more" if len(indices) > SHOWN else "")


def no_number(place: str, lr: float, folder: Path, *, images: bool = False) -> TrainingError:
    """The sentence for a loss or weights that are no numbers; training on would only spread them.

    Args:
        place: Where they were met, such as "in epoch 3".
        lr: The learning rate of the recipe.
        folder: Of the run.
        images: Whether the place names images, which may be to blame.
    """
    look = ", or look at these images" if images else ""
    return TrainingError(
        f"the loss is no number any more {place}; what was saved before stays in {str(folder)!r}, its last good state "
        f"too: try a lower --lr than {lr:g}, or --clip-norm 1{look}"
    )

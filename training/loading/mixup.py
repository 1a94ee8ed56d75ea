"""What training changes about a whole batch, on the device: its size in early epochs, and images mixed in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from resnet_hub.config import Preprocessing
from resnet_hub.errors import ConfigError

from ..optim import as_shares
from ..settings import FinetuneRecipe

GROWTH = 0.75
"""Share of the epochs in which the images grow; the rest is trained at the input's size."""
SIZE_STEPS = (16, 4)
"""Pixels between two sizes: for inputs of at least 128 pixels, and for smaller ones."""


@dataclass(frozen=True)
class Views:
    """(network input (N, C, H, W), targets, epoch, batch) -> what is trained on instead.

    What is random follows from (seed, epoch, number of the batch, process) alone.
    """

    mixup: float
    cutmix: float
    probability: float
    task: str
    num_classes: int
    sides: tuple[int, ...]
    """Height of the images in each epoch, in pixels."""
    seed: int
    process: int

    @classmethod
    def of(
        cls, recipe: FinetuneRecipe, task: str, num_classes: int, preprocessing: Preprocessing, process: int
    ) -> Views:
        """The views that a recipe asks for.

        Args:
            recipe: Says what is mixed, and the size to start with.
            task: single_label, multi_label or regression.
            num_classes: Outputs of the network.
            preprocessing: The network's, which says the size to end with.
            process: Number of this process.

        Raises:
            ConfigError: A start larger than the end, or cutmix on numbers, which no rectangle has a share of.
        """
        if task == "regression" and recipe.cutmix:
            raise ConfigError("loading.cutmix_of_numbers")
        sides = epoch_sides(recipe.start_size, preprocessing.input_size[1], recipe.epochs)
        mixing = (recipe.mixup, recipe.cutmix, recipe.mix_probability)
        return cls(*mixing, task, num_classes, sides, recipe.seed, process)

    def __call__(self, inputs: Tensor, targets: Tensor, epoch: int, batch: int) -> tuple[Tensor, Tensor]:
        """Returns the inputs at the size of the epoch, mixed where that is asked for, and their targets.

        Args:
            inputs: Normalized images; changed in place where they are mixed.
            targets: Class numbers (N,), or (N, C); where images are mixed, class numbers become shares.
            epoch: Number of the pass, from 1.
            batch: Number of the batch in this process's pass.
        """
        inputs = resized(inputs, self.sides[min(epoch, len(self.sides)) - 1])
        if self.probability == 0 or not (self.mixup or self.cutmix):
            return inputs, targets
        return self._mixed(inputs, targets, (self.seed, epoch, batch, self.process))

    def _mixed(self, inputs: Tensor, targets: Tensor, seed: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        from timm.data.mixup import Mixup

        pairs = len(inputs) // 2 * 2  # timm mixes even numbers only; the last image of an odd batch stays as it is
        dense = as_shares(targets, self.num_classes) if self.task == "single_label" else targets.float()
        if not pairs:
            return inputs, dense
        # Each image is a class of its own here, so that the targets say which images are mixed in which shares:
        # one rule for classes, several classes and numbers alike.
        mix = Mixup(self.mixup, self.cutmix, prob=self.probability, label_smoothing=0, num_classes=pairs)
        with numpy_seeded(seed):
            changed, shares = mix(inputs[:pairs], torch.arange(pairs, device=inputs.device))
        inputs = torch.cat((changed, inputs[pairs:])).contiguous(memory_format=torch.channels_last)
        return inputs, torch.cat((shares @ dense[:pairs], dense[pairs:]))


def epoch_sides(start: int | None, end: int, epochs: int) -> tuple[int, ...]:
    """The side of the images in each epoch, in pixels: rising evenly to `end`, which the last quarter has.

    Raises:
        ConfigError: The start is larger than the end.
    """
    if start is None:
        return (end,) * epochs
    if start > end:
        raise ConfigError("loading.start_above_end", start=start, end=end)
    step = SIZE_STEPS[end < 128]
    growing = max(1, round(GROWTH * epochs)) if epochs > 1 else 0
    rising = (start + step * round((end - start) * epoch / growing / step) for epoch in range(growing))
    return tuple(min(end, side) for side in rising) + (end,) * (epochs - growing)


def resized(inputs: Tensor, side: int) -> Tensor:
    """The batch with this height and the same aspect; smoothed first, so that nothing flickers. Larger stays."""
    height, width = inputs.shape[-2:]
    if side >= height:
        return inputs
    size = (side, max(1, round(width * side / height)))
    small = F.interpolate(inputs, size, mode="bilinear", align_corners=False, antialias=True)
    return small.contiguous(memory_format=torch.channels_last)


@contextmanager
def numpy_seeded(seed: tuple[int, ...]) -> Iterator[None]:
    """Within it numpy's global generator, which timm draws from, follows from the seed; it is put back afterwards."""
    state = np.random.get_state()
    np.random.seed(np.random.SeedSequence(seed).generate_state(4))
    try:
        yield
    finally:
        np.random.set_state(state)

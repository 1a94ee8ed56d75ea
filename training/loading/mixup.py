"""Mixup and CutMix: images of a batch mixed in pairs, with their targets, on the device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from resnet_hub.errors import ConfigError

from ..optim import as_shares
from ..settings import FinetuneRecipe


@dataclass(frozen=True)
class BatchMixing:
    """(network input (N, C, H, W), targets, epoch, batch) -> what is trained on instead.

    What is random follows from (seed, epoch, number of the batch, process) alone.

    Source: Zhang et al. 2018, "mixup"; Yun et al. 2019, "CutMix".
    """

    mixup: float
    """Alpha of mixup; 0 is off."""
    cutmix: float
    """Alpha of CutMix; 0 is off. Where both are on, each batch gets one of them."""
    probability: float
    """Share of the batches that are mixed."""
    task: str
    num_classes: int
    seed: int
    process: int

    @classmethod
    def of(cls, recipe: FinetuneRecipe, task: str, num_classes: int, process: int) -> BatchMixing:
        """The mixing that a recipe requests.

        Args:
            recipe: Says what is mixed, and how often.
            task: single_label, multi_label or regression.
            num_classes: Outputs of the network.
            process: Number of this process.

        Raises:
            ConfigError: CutMix on regression targets, which no rectangle has a share of.
        """
        if task == "regression" and recipe.cutmix:
            raise ConfigError("loading.cutmix_of_numbers")
        return cls(recipe.mixup, recipe.cutmix, recipe.mix_probability, task, num_classes, recipe.seed, process)

    def __call__(self, inputs: Tensor, targets: Tensor, epoch: int, batch: int) -> tuple[Tensor, Tensor]:
        """Returns the inputs, mixed where the recipe says so, and their targets.

        Args:
            inputs: Normalized images (N, C, H, W); changed in place where they are mixed.
            targets: Class indices (N,), or (N, C); where images are mixed, class indices become shares.
            epoch: Number of the pass, from 1.
            batch: Number of the batch in this process's pass.
        """
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
        # one rule for every task.
        mix = Mixup(self.mixup, self.cutmix, prob=self.probability, label_smoothing=0, num_classes=pairs)
        with numpy_seeded(seed):
            changed, shares = mix(inputs[:pairs], torch.arange(pairs, device=inputs.device))
        inputs = torch.cat((changed, inputs[pairs:])).contiguous(memory_format=torch.channels_last)
        return inputs, torch.cat((shares @ dense[:pairs], dense[pairs:]))


@contextmanager
def numpy_seeded(seed: tuple[int, ...]) -> Iterator[None]:
    """Within it numpy's global RNG, which timm uses, is seeded; its state is restored afterwards."""
    state = np.random.get_state()
    np.random.seed(np.random.SeedSequence(seed).generate_state(4))
    try:
        yield
    finally:
        np.random.set_state(state)

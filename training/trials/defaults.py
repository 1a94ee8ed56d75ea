"""Defaults that adapt: settings that nobody gave follow from the number of images and epochs, and what is trained."""

from __future__ import annotations

from dataclasses import replace

from accelerate import Accelerator

from resnet_hub.models import PretrainedNetwork

from ..settings import USUAL_BATCH, FinetuneRecipe
from .batch_size import with_batch_size

USUAL_RATE, CAREFUL_RATE, GENTLE_RATE = 0.01, 0.005, 0.002
"""Peak learning rates of updates with the usual batch. The second where BatchNorm keeps its statistics, which then does
not hold back what updates do; the third where there are also so few images that what was published knows better.
Smaller batches have noisier gradients, and less in proportion.

Source: Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 2.1, downwards."""
FEW_IMAGES, VERY_FEW_IMAGES = 10_000, 1_000
"""Of training. Below the first, a new head is fitted before all else, and the statistics of the checkpoint tell more
than those of batches; with more, the epochs themselves find both. Below the second, the gentle rate."""


def with_defaults(
    recipe: FinetuneRecipe, network: PretrainedNetwork, accelerator: Accelerator, images: int
) -> FinetuneRecipe:
    """The recipe with a value for every setting that follows from the data; what is given stays.

    Args:
        recipe: Its absent settings are filled in.
        network: The one to train, ready for the data's classes.
        accelerator: Names the device, the precision and the processes.
        images: Number of training images.

    Raises:
        TrainingError: Not even one image fits.
    """
    recipe = with_batch_size(recipe, network, accelerator, images=images)
    learned = not recipe.from_scratch
    lr, linear_probe_first, freeze_bn_stats = recipe.lr, recipe.linear_probe_first, recipe.freeze_bn_stats
    few = learned and not recipe.streaming and images < FEW_IMAGES
    if linear_probe_first is None:
        linear_probe_first = few and network.head_is_new
    if freeze_bn_stats is None:
        freeze_bn_stats = few
    if lr is None:
        careful = GENTLE_RATE if few and images < VERY_FEW_IMAGES else CAREFUL_RATE
        share = recipe.images_per_batch * recipe.grad_accum_steps * accelerator.num_processes / USUAL_BATCH
        lr = (careful if freeze_bn_stats else USUAL_RATE) * min(1.0, share)
    warmup = recipe.warmup
    return replace(
        recipe, lr=lr, linear_probe_first=linear_probe_first, freeze_bn_stats=freeze_bn_stats, warmup_epochs=warmup
    )

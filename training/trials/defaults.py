"""Defaults that adapt: settings that nobody gave follow from the number of images and epochs, and what is trained."""

from __future__ import annotations

import logging
from dataclasses import replace

from accelerate import Accelerator

from resnet_hub.models import PretrainedNetwork

from ..settings import USUAL_BATCH, FinetuneRecipe
from .batch_size import with_batch_size

logger = logging.getLogger("training")

USUAL_RATE, CAREFUL_RATE, GENTLE_RATE = 0.01, 0.005, 0.002
"""Peak learning rates of updates with the usual batch. The second where BatchNorm keeps its statistics, which then does
not hold back what updates do; the third where there are also so few images that what was published knows better."""
LARGEST_SCALE = 8.0
"""The most that a larger batch multiplies a rate by: that of 256 images, up to which the linear rule was tried most.

The rate is in proportion to the images of an update, because fewer updates have as far to go, and smaller batches have
noisier gradients. Beyond the bound it stays, where the rule is known to fail sooner or later by network and data.

Source: Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 2.1."""
LONGEST_WARMUP = 0.2
"""The most of all epochs that a warm-up takes that is longer for a larger batch."""
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
    warmup = recipe.warmup
    update = recipe.images_per_batch * recipe.grad_accum_steps * accelerator.num_processes
    if lr is not None and accelerator.num_processes > 1 and accelerator.is_main_process:
        logger.info("rate   lr %g as given, for updates of %d images: more processes do not change it", lr, update)
    if lr is None:
        careful = GENTLE_RATE if few and images < VERY_FEW_IMAGES else CAREFUL_RATE
        usual = careful if freeze_bn_stats else USUAL_RATE
        scale = min(LARGEST_SCALE, update / USUAL_BATCH)
        lr = usual * scale
        if recipe.warmup_epochs is None:
            warmup = longer_warmup(warmup, scale, recipe.epochs)
        if scale != 1 and accelerator.is_main_process:
            logger.info(
                "rate   lr %g for updates of %d images, as %g for %d (linear up to %d images); warm-up of %g epochs",
                *(lr, update, usual, USUAL_BATCH, USUAL_BATCH * LARGEST_SCALE, warmup),
            )
    return replace(
        recipe, lr=lr, linear_probe_first=linear_probe_first, freeze_bn_stats=freeze_bn_stats, warmup_epochs=warmup
    )


def longer_warmup(warmup: float, scale: float, epochs: int) -> float:
    """Epochs of the warm-up to a rate that is scaled: as many updates as without, within a share of all epochs.

    Args:
        warmup: Epochs of it for the usual batch.
        scale: What the rate, and the batch, is multiplied by.
        epochs: Of the whole run.
    """
    return max(warmup, min(warmup * scale, LONGEST_WARMUP * epochs))

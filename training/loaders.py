"""The loaders of a run, one for each split: which pictures, which transform, which cache."""

from __future__ import annotations

from typing import Any

from accelerate import Accelerator

from resnet_hub.pretrained import PretrainedNetwork
from training.augment import EvalTransform, TrainTransform
from training.batches import make_loader
from training.cache import open_caches
from training.data import Data
from training.recipe import FinetuneRecipe


def make_loaders(
    recipe: FinetuneRecipe, data: Data, model: PretrainedNetwork, accelerator: Accelerator
) -> dict[str, Any]:
    """The loaders by split; with a head that is fitted first also "features", the pictures of train as in serving."""
    evaluation = EvalTransform(model.preprocessing)
    training = TrainTransform.of(recipe, model.preprocessing)
    splits = {"train": data.train, "validation": data.validation} | ({"test": data.test} if data.test else {})
    if recipe.head_first:
        splits["features"] = data.train
    transforms = {name: training if name == "train" else evaluation for name in splits}
    # A head is fitted once, so that its views are not worth the room.
    cached = [(split, transforms[name]) for name, split in splits.items() if name != "features"]
    caches = dict(zip(splits, open_caches(cached, recipe.cache_gb), strict=False))
    loaders = {
        name: make_loader(
            split,
            transforms[name],
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            workers=recipe.workers,
            train=name == "train",
            processes=accelerator.num_processes,
            balanced=name == "train" and recipe.balanced_sampling,
            cache=caches.get(name),
        )
        for name, split in splits.items()
    }
    if recipe.head_first:
        loaders["features"].sampler.shuffle = True  # of a large dataset a part is used, and rows are often sorted
    return loaders

"""The loaders of a run, one for each split: which images, which transform, which cache."""

from __future__ import annotations

import logging

from accelerate import Accelerator

from resnet_hub.errors import ConfigError
from resnet_hub.models import PretrainedNetwork

from ..data import Data
from ..settings import LAZY, FinetuneRecipe
from ..splits import Split
from .augment import EvalTransform, TrainTransform
from .cache import open_caches
from .image_dataset import Loader, loader_workers, make_loader
from .shared_memory import check_shared_memory
from .stream_batches import make_stream_loader

logger = logging.getLogger("training")


def make_loaders(
    recipe: FinetuneRecipe, data: Data, model: PretrainedNetwork, accelerator: Accelerator
) -> dict[str, Loader]:
    """The loaders by split; for a linear probe also "features", the images of train as in serving.

    Raises:
        ConfigError: Balance is asked for of a stream.
        TrainingError: This machine has not enough shared memory for the workers.
    """
    workers = loader_workers(recipe.workers, accelerator.num_processes)
    check_shared_memory(model.preprocessing.input_size, recipe.images_per_batch, workers)
    evaluation = EvalTransform(model.preprocessing)
    training = TrainTransform.of(recipe, model.preprocessing, resampled_on_device=accelerator.device.type != "cpu")
    if training.by_image and accelerator.is_main_process:
        logger.info(
            "views  --auto-augment %s works on one image at a time, in the loader's processes; trivialaugment and "
            "rand-... on whole batches, on the device",
            recipe.auto_augment,
        )
    loaders: dict[str, Loader] = {}
    splits: dict[str, Split] = {}
    if isinstance(data.train, Split):
        splits["train"] = features = data.train
    else:
        if recipe.balanced_sampling:
            raise ConfigError("loading.balanced_stream")
        loaders["train"], features = make_stream_loader(data.train, training, recipe, accelerator), data.train.sample
    splits |= {"validation": data.validation} | ({"test": data.test} if data.test else {})
    transforms = {name: training if name == "train" else evaluation for name in splits}
    caches = open_caches([(split, transforms[name]) for name, split in splits.items()], recipe.cache_gb)
    kept = dict(zip(splits, caches, strict=True))
    probed = recipe.linear_probe_first or recipe.features_once
    if probed:  # its views are used once, so that they are not worth the room
        splits["features"] = features
    for name, split in splits.items():
        loaders[name] = make_loader(
            split,
            transforms.get(name, evaluation),
            batch_size=recipe.images_per_batch,
            seed=recipe.seed,
            workers=recipe.workers,
            train=name == "train",
            processes=accelerator.num_processes,
            balanced=name == "train" and recipe.balanced_sampling,
            cache=kept.get(name),
            passing_over=recipe.check == LAZY and name in ("train", "features"),
        )
    if probed:
        loaders["features"].sampler.shuffle = True  # of a large dataset a part is used, and rows are often sorted
    return loaders

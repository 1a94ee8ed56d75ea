"""Images that one core loads for training each second, decoding every epoch and with decoded images cached."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from resnet_hub.config import Preprocessing
from training.data.load import load_data
from training.loading.augment import TrainTransform
from training.loading.cache import ImageCache, open_caches
from training.loading.image_dataset import make_loader
from training.settings.groups.run import USUAL_BATCH
from training.settings.recipe import FinetuneRecipe
from training.splits.split import Split


def main() -> None:
    """Prints one line for each way and epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="as for training.finetune")
    parser.add_argument("--image-size", type=int, default=224, help="side of the network's input in pixels")
    parser.add_argument("--shift", type=int, default=0, help="random shifts by so many pixels in place of crops")
    given = parser.parse_args()
    recipe = FinetuneRecipe(dataset=given.dataset, shift=given.shift)
    size = given.image_size
    transform = TrainTransform.of(recipe, Preprocessing(input_size=(3, size, size), crop_pct=1.0))
    split = load_data(recipe).train
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        (cache,) = open_caches([(split, transform)], None, Path(folder))
        stored = sum(file.stat().st_size for file in Path(folder).rglob("*.pixels")) / 1e6
        print(f"{len(split):,} images, {stored:,.0f} MB cached")
        for name, kept, epochs in (("decoding", None, 2), ("cached", cache, 4)):
            for epoch in range(1, epochs + 1):
                print(f"{name:9} epoch {epoch}: {images_per_second(recipe, split, transform, kept, epoch):8,.0f}/s")


def images_per_second(
    recipe: FinetuneRecipe, split: Split, transform: TrainTransform, cache: ImageCache | None, epoch: int
) -> float:
    """How fast one epoch of batches comes, without a network, by the time of the processor: others may be at work."""
    loader = make_loader(
        split,
        transform,
        batch_size=recipe.batch_size or USUAL_BATCH,
        seed=0,
        workers=0,
        train=True,
        processes=1,
        cache=cache,
    )
    loader.sampler.epoch = epoch
    started = time.process_time()
    count = sum(len(labels) for _, labels, _ in loader)
    return count / (time.process_time() - started)


if __name__ == "__main__":
    main()

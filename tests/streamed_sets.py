"""Folders of parquet files, and the settings that stream them."""

import datasets
from datasets import ClassLabel, Dataset, Features
from images import hash_free, image

from training.settings.recipe import FinetuneRecipe

COLORS = ("red", "green")


def parquet(folder, splits, label=None, files=1):
    """A folder of parquet files as the Hub lays them out; each split starts with other images."""
    (folder / "data").mkdir(parents=True)
    features = Features({"image": datasets.Image(), "label": label or ClassLabel(names=list(COLORS))})
    for start, (split, count) in enumerate(splits.items()):
        colors = [COLORS[number % 2] for number in range(count)]
        images = [image(color, hash_free(color, 200 * start + n), (16, 16)) for n, color in enumerate(colors)]
        labels = colors if label else [number % 2 for number in range(count)]
        rows = Dataset.from_dict({"image": images, "label": labels}, features=features)
        for file in range(files):
            part = rows.shard(files, file)
            part.to_parquet(folder / "data" / f"{split}-{file:05d}-of-{files:05d}.parquet")
    return folder


def recipe(folder, **settings):
    settings = {"max_steps": 2, "batch_size": 4, "shuffle_buffer": 20, "workers": 0, **settings}
    return FinetuneRecipe(dataset=str(folder), streaming=True, **settings)

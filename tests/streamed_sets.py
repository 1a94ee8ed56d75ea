"""Folders of parquet files, and the settings that stream them."""

import datasets
from datasets import ClassLabel, Dataset, Features
from pictures import hash_free, picture

from training.settings.recipe import FinetuneRecipe

COLOURS = ("red", "green")


def parquet(folder, splits, label=None, files=1):
    """A folder of parquet files as the Hub lays them out; each split starts with other pictures."""
    (folder / "data").mkdir(parents=True)
    features = Features({"image": datasets.Image(), "label": label or ClassLabel(names=list(COLOURS))})
    for start, (split, count) in enumerate(splits.items()):
        colours = [COLOURS[number % 2] for number in range(count)]
        pictures = [picture(colour, hash_free(colour, 200 * start + n), (16, 16)) for n, colour in enumerate(colours)]
        labels = colours if label else [number % 2 for number in range(count)]
        rows = Dataset.from_dict({"image": pictures, "label": labels}, features=features)
        for file in range(files):
            part = rows.shard(files, file)
            part.to_parquet(folder / "data" / f"{split}-{file:05d}-of-{files:05d}.parquet")
    return folder


def recipe(folder, **settings):
    settings = {"max_steps": 2, "batch_size": 4, "shuffle_buffer": 20, "workers": 0, **settings}
    return FinetuneRecipe(dataset=str(folder), streaming=True, **settings)

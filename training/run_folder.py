"""The folder of a run: a checkpoint and, beside it, what the run did and found."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator
from PIL import Image

from resnet_hub.checkpoint import write_atomically
from resnet_hub.checkpoint_config import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE
from resnet_hub.errors import TrainingError
from resnet_hub.preprocessing import open_image, to_channels
from training.data import Split
from training.recipe import FinetuneRecipe

RECIPE_FILE = "recipe.toml"
METRICS_FILE = "metrics.jsonl"
RESULTS_FILE = "results.json"
CURVES_FILE = "curves.png"
CONFUSION_FILE = "confusion.png"
MISTAKES_FILE = "mistakes.png"
LAST_FILE = "last.safetensors"
"""The weights that training ended with; model.safetensors has the best."""
EMA_FILE = "ema.safetensors"
"""The moving average of the weights at the end, where one was kept."""
EXAMPLES_FOLDER = "examples"
FILES = (
    CONFIG_FILE,
    WEIGHTS_FILE,
    LAST_FILE,
    EMA_FILE,
    CARD_FILE,
    RECIPE_FILE,
    METRICS_FILE,
    RESULTS_FILE,
    CURVES_FILE,
    CONFUSION_FILE,
    MISTAKES_FILE,
)
EXAMPLES = 6
"""Held-out pictures put beside the checkpoint, for the page to show."""
EXAMPLE_SIDES = (256, 512)
"""Pixels: the longest side of an example; smaller pictures are enlarged by whole numbers, larger ones reduced."""


def claim_folder(recipe: FinetuneRecipe, accelerator: Accelerator) -> None:
    """Makes the output folder and writes the resolved recipe into it; nobody else's run is touched.

    Raises:
        TrainingError: It holds a run already, or cannot be written.
    """
    folder = recipe.folder
    taken = [name for name in FILES if (folder / name).exists()]
    if taken and not recipe.overwrite:
        raise TrainingError(
            f"the output folder {str(folder)!r} already holds a run ({', '.join(taken[:3])}); "
            "choose another with --output, or replace it with --overwrite"
        )
    accelerator.wait_for_everyone()  # no process writes before all have looked
    if not accelerator.is_main_process:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in taken:
            (folder / name).unlink()
        for picture in (folder / EXAMPLES_FOLDER).glob("*.png"):
            picture.unlink()
        with (folder / RECIPE_FILE).open("x", encoding="utf-8") as file:  # fails if another run was quicker
            file.write(recipe.to_toml())
    except OSError as error:
        raise TrainingError(f"cannot write into the output folder {str(folder)!r} ({error.strerror})") from error


def append_metrics(folder: Path, row: Mapping[str, Any]) -> None:
    """Adds one line of JSON to metrics.jsonl."""
    with (folder / METRICS_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def write_results(folder: Path, results: Mapping[str, Any]) -> None:
    """Writes results.json: everything that was measured."""
    text = json.dumps(results, indent=2, ensure_ascii=False)
    write_atomically(folder / RESULTS_FILE, lambda file: file.write_text(text + "\n", "utf-8"))


def write_examples(folder: Path, split: Split, label_names: tuple[str, ...], task: str, channels: int) -> None:
    """Writes up to six pictures of as many classes, as PNG named after what they show, into examples/."""
    target = folder / EXAMPLES_FOLDER
    target.mkdir(exist_ok=True)
    _, first = np.unique(split.strata(), return_index=True)
    chosen = np.linspace(0, len(first) - 1, min(EXAMPLES, len(first))).round().astype(int)
    for index in first[chosen]:
        content, name = split.picture(index)
        picture = to_channels(open_image(content, name=name), channels)
        smallest, largest = EXAMPLE_SIDES
        factor = max(1, smallest // max(picture.size))
        picture = picture.resize([factor * side for side in picture.size], Image.Resampling.NEAREST)
        picture.thumbnail((largest, largest))
        label = re.sub(r"[^\w-]+", "_", split.caption(index, label_names, task))[:40]
        picture.save(target / f"{label}-{index}.png")

"""samples.png: a few images of the measured split with what was answered, for the model card."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from resnet_hub.card import SAMPLES_FILE
from resnet_hub.errors import counted

from ...metrics import AnsweredImage, Evaluation, answered
from ...splits import Split
from .report import cut_name, draw_sheet

logger = logging.getLogger(__name__)

SAMPLES = 3
MOST_NAMES = 3
"""Classes that are named above an image that has several."""


def draw_samples(
    folder: Path, evaluation: Evaluation, split: Split, label_names: tuple[str, ...], channels: int, *, shared: bool
) -> list[Path]:
    """Draws the first image of each of three classes, right or wrong; returns the path, none of a regression.

    Of fewer classes the next images are shown as well.

    Where they are not to be shared, one of an earlier end of the same run is removed.

    Args:
        folder: Where to.
        evaluation: The answers to all images of the split.
        split: Its images.
        label_names: Names of the outputs.
        channels: How many the network sees.
        shared: Whether the owner of the images allows it.
    """
    (folder / SAMPLES_FILE).unlink(missing_ok=True)
    if not shared:
        return []
    _, first = np.unique(split.strata(), return_index=True)
    chosen = np.linspace(0, len(first) - 1, min(SAMPLES, len(first))).round().astype(int)
    rows = first[chosen].tolist()
    rows += [row for row in range(len(split.strata())) if row not in rows][: SAMPLES - len(rows)]
    shown = answered(evaluation, rows)
    if not shown:
        logger.warning("--share-samples: a regression gives no classes, and its card shows no images")
        return []
    images = [(*split.image(one.row), _title(one, label_names)) for one in shown]
    logger.info(
        "  %s shows %s of %s on the card, and goes with a push",
        SAMPLES_FILE,
        counted(len(shown), "image", "images"),
        split.name,
    )
    return [draw_sheet(folder / SAMPLES_FILE, images, channels)]


def _title(one: AnsweredImage, label_names: tuple[str, ...]) -> str:
    told = _named(one.answer, label_names)
    if one.answer == one.truth:
        return f"{told} {one.score:.0%}"
    return f"{told} {one.score:.0%}\ntrue: {_named(one.truth, label_names)}"


def _named(classes: tuple[int, ...], label_names: tuple[str, ...]) -> str:
    names = [cut_name(label_names[index]) for index in classes[:MOST_NAMES]]
    rest = f" and {len(classes) - MOST_NAMES} more" if len(classes) > MOST_NAMES else ""
    return ", ".join(names) + rest if names else "none"

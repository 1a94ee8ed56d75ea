"""What a card says of how good a network is: the figure that decides, all figures, each class, what is confused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnet_hub.card.markdown import place, table, text
from resnet_hub.card.metadata import METRICS, is_number, mapping, numbers
from resnet_hub.metadata import CheckpointMetadata

MAX_RESULT_CLASSES = 50
"""Rows of the table of classes."""
MAX_CONFUSED = 5
"""Pairs of classes that are named."""
HEADLINES = {
    "top1": ("Accuracy", 100, "%"),
    "map": ("Mean average precision", 100, "%"),
}
"""The figure that decides, by task -> its words, and the factor to its unit. R squared stands in the table."""


def results(run: CheckpointMetadata) -> str:
    """The figure that decides, then all of them, and on which images they were measured."""
    rows = [(METRICS.get(metric, ("", metric))[1], round(value, 4)) for metric, value in numbers(run).items()]
    if not rows:
        return ""
    where = [text(place(run.dataset))] if run.dataset else []
    where += [f"revision {text(run.dataset_revision)}"] if run.dataset_revision else []
    where += [f"split {text(run.split)}"] if run.split else []
    where += [f"{text(run.num_images)} images"] if run.num_images else []
    measured = f"Measured on {', '.join(where)}." if where else "On which images this was measured is not recorded."
    parts = [_headline(run), table(("Metric", "Value"), rows), measured]
    return "## How well\n\n" + "\n\n".join(filter(None, parts))


def _headline(run: CheckpointMetadata) -> str:
    """The figure that decides, with its interval and how many images it is from; nothing where none is recorded."""
    figures, intervals = numbers(run), mapping(run.intervals)
    for name, (words, factor, unit) in HEADLINES.items():
        if name not in figures:
            continue
        said = f"**{words} {factor * figures[name]:.1f}{unit}**"
        sides, level = intervals.get(name), intervals.get("level")
        if isinstance(sides, list | tuple) and len(sides) == 2 and all(map(is_number, (*sides, level))):
            low, high = (factor * side for side in sides)
            said += f"; the {level:.0%} interval is {low:.1f} to {high:.1f}{unit}"
        images = f", from {text(run.num_images)} images" if is_number(run.num_images) else ""
        return f"{said}{images}."
    return ""


def confused(config: Mapping[str, Any], run: CheckpointMetadata) -> str:
    """Which classes are most often taken for which; nothing where no images were, or nobody counted."""
    found = mapping(run.per_class).get("confused")
    lines = []
    for row in map(mapping, found if isinstance(found, list | tuple) else ()):
        true, answer, images = (row.get(key) for key in ("true", "answer", "images"))
        if isinstance(true, int) and isinstance(answer, int) and isinstance(images, int) and min(true, answer) >= 0:
            names = (text(_class_name(config, index)) for index in (true, answer))
            count = "1 image" if images == 1 else f"{images} images"
            lines.append("- {} taken for {}: {}".format(*names, count))
    return "## What it confuses\n\n" + "\n".join(lines[:MAX_CONFUSED]) if lines else ""


def _class_name(config: Mapping[str, Any], index: int) -> object:
    names = config.get("label_names")
    return names[index] if isinstance(names, list | tuple) and index < len(names) else f"class {index}"


def per_class(config: Mapping[str, Any], run: CheckpointMetadata) -> str:
    """Precision, recall, F1 and count of the classes, those with the lowest F1 first."""
    recorded = run.per_class or {}
    found = recorded.get("rows")
    rows = []
    for row in map(mapping, found if isinstance(found, list | tuple) else ()):
        index, figures = row.get("index"), [row.get(key) for key in ("precision", "recall", "f1")]
        if isinstance(index, int) and index >= 0 and all(map(is_number, figures)):
            shares = (f"{figure:.3f}" for figure in figures)
            rows.append((_class_name(config, index), *shares, row.get("images", row.get("pictures", ""))))
    shown = table(("Class", "Precision", "Recall", "F1", "Images"), rows[:MAX_RESULT_CLASSES])
    if not shown:
        return ""
    measured, classes = recorded.get("measured"), config.get("num_classes")
    notes = ["Classes with the lowest F1 come first."]
    if isinstance(measured, int) and measured > min(len(rows), MAX_RESULT_CLASSES):
        notes.append(f"These are {min(len(rows), MAX_RESULT_CLASSES)} of {measured}; the others did better.")
    if isinstance(measured, int) and isinstance(classes, int) and classes > measured:
        notes.append(f"{classes - measured} of the {classes} classes had no image to be measured on.")
    return f"{shown}\n\n{' '.join(notes)}"

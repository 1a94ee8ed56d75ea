"""results.json -> the figures of a run: the headline with its interval, each class, and what the run was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resnet_hub.demo.run_report.run_files import count, json_object, line, number, part_of, share
from resnet_hub.errors import CheckpointError

RESULTS_FILE = "results.json"
MAX_BYTES = 16_000_000
"""Some twenty thousand classes, with all files that were left out."""
HEADLINES = ("top1", "map")
"""The figure that decides, by task: one class for each image, or several."""
MOST_SETTINGS = 100
LONGEST_VALUE = 80
"""Characters of a setting's value."""


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is told from the others."""

    index: int
    f1: float
    precision: float
    """Share of the answers with this class that are right."""
    recall: float
    """Share of the images of this class that were found."""
    images: int


@dataclass(frozen=True)
class Results:
    """What a run measured, and what it was; what cannot be read is None or empty."""

    headline: str
    """One of `HEADLINES`."""
    value: float
    """Of it, 0 to 1."""
    interval: tuple[float, float] | None
    """In which it lies, 0 to 1."""
    level: float | None
    """How sure that is."""
    measured: str
    """test, or validation, on which the best epoch was chosen."""
    images: int | None
    """Images that were measured."""
    trained: int | None
    """Images that were trained on."""
    classes: tuple[ClassFigures, ...]
    dataset: str | None
    """Its name; untrusted text."""
    start: str | None
    """The network that training began with; untrusted text. None for random weights."""
    best_epoch: int | None
    epochs: int | None
    seconds: float | None
    changed: Mapping[str, str] | None
    """Settings that differ from their defaults; untrusted text. None where the run did not record them."""


def parse_results(content: bytes, classes: int) -> Results:
    """The figures in a results.json of a network with so many classes. Raises: CheckpointError where there are none."""
    values = json_object(content, RESULTS_FILE)
    measured = "test" if isinstance(values.get("test"), dict) else "validation"
    headline = next((name for name in HEADLINES if share(part_of(values, measured, name)) is not None), None)
    if headline is None:
        raise CheckpointError("run_report.no_figures", file=RESULTS_FILE)
    sides = part_of(values, "intervals", headline)
    found = [share(side) for side in sides] if isinstance(sides, list) and len(sides) == 2 else []
    low, high = found or (None, None)
    run = part_of(values, "run")
    per_class = _classes(values.get("per_class"), classes)
    images = count(part_of(run, "dataset", "images", measured))
    if images is None and headline == "top1" and per_class:
        images = sum(row.images for row in per_class)
    scratch = part_of(run, "recipe", "from_scratch") is True
    return Results(
        headline,
        share(part_of(values, measured, headline)) or 0.0,
        (low, high) if low is not None and high is not None and low <= high else None,
        share(part_of(values, "intervals", "level")),
        measured,
        images,
        count(part_of(run, "dataset", "images", "train")),
        per_class,
        line(part_of(run, "dataset", "name")),
        None if scratch else line(part_of(run, "recipe", "model")),
        count(values.get("best_epoch"), 10**6),
        count(part_of(run, "recipe", "epochs"), 10**6),
        number(values.get("seconds")),
        _changed(part_of(run, "changed")),
    )


def _classes(rows: object, classes: int) -> tuple[ClassFigures, ...]:
    """The figures of each class; none where they are not of as many classes as the network has."""
    if not isinstance(rows, list) or len(rows) != classes:
        return ()
    found = []
    for index, row in enumerate(rows):
        f1, precision, recall = (share(part_of(row, name)) for name in ("f1", "precision", "recall"))
        images = count(part_of(row, "images"))
        if f1 is not None and precision is not None and recall is not None and images is not None:
            found.append(ClassFigures(index, f1, precision, recall, images))
    return tuple(found)


def _changed(settings: Any) -> dict[str, str] | None:
    if not isinstance(settings, dict):
        return None
    found = {}
    for name, value in list(settings.items())[:MOST_SETTINGS]:
        text = value if isinstance(value, str) else json.dumps(value)
        shown = line(text) or '""'
        found[line(name) or '""'] = shown if len(shown) <= LONGEST_VALUE else f"{shown[:LONGEST_VALUE]}…"
    return found

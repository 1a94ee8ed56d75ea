"""metrics.jsonl -> curves over the epochs, as far as they can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resnet_hub.demo.run_report.run_files import number
from resnet_hub.errors import CheckpointError

METRICS_FILE = "metrics.jsonl"
MAX_BYTES = 16_000_000
MOST_EPOCHS = 2000
LOSSES = ("train_loss", "val_loss", "ema_loss")
QUALITIES = ("val_top1", "ema_top1", "val_map", "ema_map")


@dataclass(frozen=True)
class Curve:
    """One figure over the epochs, from the first to the last that has it."""

    name: str
    """What metrics.jsonl calls it."""
    values: tuple[float, ...]
    """One for each epoch, finite."""


@dataclass(frozen=True)
class Curves:
    """What the epochs gave."""

    epochs: int
    """That were read."""
    losses: tuple[Curve, ...]
    qualities: tuple[Curve, ...]
    torn: int | None
    """The first line that cannot be read; curves end before it."""
    longer: bool
    """Whether there are more epochs than are read."""

    @property
    def cut(self) -> tuple[Curve, ...]:
        """Curves that end before the last epoch, at one without a finite number."""
        return tuple(curve for curve in (*self.losses, *self.qualities) if len(curve.values) < self.epochs)


def parse_curves(content: bytes) -> Curves:
    """The curves in a metrics.jsonl. Raises: CheckpointError where there is no epoch."""
    lines = content.splitlines()
    rows: list[Mapping[str, Any]] = []
    torn = None
    for place, line in enumerate(lines[: MOST_EPOCHS + 1], 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            torn = place
            break
        rows.append(row)
    longer = len(rows) > MOST_EPOCHS
    rows = rows[:MOST_EPOCHS]
    losses, qualities = (_curves(rows, names) for names in (LOSSES, QUALITIES))
    if not losses and not qualities:
        raise CheckpointError("run_report.no_epoch", file=METRICS_FILE)
    return Curves(len(rows), losses, qualities, torn, longer)


def _curves(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[Curve, ...]:
    curves = []
    for name in names:
        values: list[float] = []
        for row in rows:
            value = number(row.get(name))
            if value is None or not 0 <= value < 1e30:
                break
            values.append(value)
        if values:
            curves.append(Curve(name, tuple(values)))
    return tuple(curves)

"""What was measured once of networks with and without shortcuts, trained on CIFAR-10: curves, errors, loss surfaces.

`make lab` measures it and writes depth_laboratory.json; docs/why-residual.md tells what it says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from resnet_hub.checks import check_choice

RESULTS = Path(__file__).with_name("depth_laboratory.json")
NETWORKS = Path(__file__).parent.with_name("pretrained")
NETWORK_DEPTHS = (20, 56)
"""Layers of the trained networks that come with the package."""


@dataclass(frozen=True)
class Ending:
    """How good a network is on a split at the end of its training."""

    loss: float
    """Mean cross entropy, at least 0."""
    error: float
    """Share of wrong answers, 0 to 1."""


@dataclass(frozen=True)
class MeasuredTraining:
    """One training of the laboratory."""

    row: str
    """The kind of network: plain, residual, option-b, pre-activation, and so on, as in the plan of the laboratory."""
    depth: int
    """Layers that have weights."""
    seed: int
    """Of the first weights, the order of the images and their augmentation."""
    parameters: int
    epochs: int
    lr: float
    """The highest learning rate."""
    steps: int
    """Updates that were planned."""
    diverged: int | None
    """The update whose loss was no number any more, which ended the training; None where it came to its end."""
    train: Ending | None
    """On training images, as they are; None where it diverged."""
    test: Ending | None
    every: int
    """Updates between two points of the curves."""
    losses: tuple[float, ...]
    """The training loss, each point the mean of the updates since the last."""
    gradients: Mapping[str, tuple[float | None, ...]]
    """Part of the network (stem, stage 1, ..., head) -> the norm of its weights' gradient at each point.

    None where it was no number.
    """


@dataclass(frozen=True)
class LossSurface:
    """The training loss around a trained network, along two random directions of its weights' size."""

    row: str
    depth: int
    seed: int
    span: float
    """How far each direction goes either way, as a multiple of the weights."""
    losses: tuple[tuple[float | None, ...], ...]
    """Rows from low to high, square; the network is in the middle. None where the loss was no number."""


@dataclass(frozen=True)
class MeasuredRemoval:
    """How many of its blocks a trained network can lose before it gives another answer: means over test images.

    Only images that the whole network gets right are asked about, each once for every order.
    """

    row: str
    depth: int
    seed: int
    blocks: int
    can_go: int
    """Those of the blocks that can be passed over; without a shortcut one that changes the shape cannot."""
    images: int
    orders: int
    """Random orders for each image."""
    right_after_one: float
    """Share of the answers that are still right with one random block passed over, 0 to 1."""
    random: float
    """Blocks that can go in a random order."""
    random_middle: tuple[float, float]
    """Between which of these numbers half of the images are."""
    greedy: float
    """Blocks that can go where each time the one is passed over that is missed least."""


@dataclass(frozen=True)
class Laboratory:
    """All that was measured, and on what."""

    command: str
    dates: tuple[str, ...]
    hardware: str
    core_hours: float
    """Processor time of all trainings."""
    versions: Mapping[str, str]
    images: Mapping[str, Any]
    """How many there are to train and to test, whether they are a lossy copy, and their fingerprint."""
    settings: Mapping[str, Any]
    """What all trainings have in common."""
    missing: tuple[str, ...]
    """Trainings of the plan that were not made."""
    runs: tuple[MeasuredTraining, ...]
    surfaces: tuple[LossSurface, ...]
    removals: tuple[MeasuredRemoval, ...]
    """Of the networks that come with the package."""

    def of(self, row: str, depth: int | None = None) -> tuple[MeasuredTraining, ...]:
        """The trainings of this kind of network, of one depth or of all, seed by seed."""
        return tuple(run for run in self.runs if run.row == row and depth in (None, run.depth))


@cache
def laboratory() -> Laboratory:
    """What was measured; it is read once."""
    values = json.loads(RESULTS.read_text("utf-8"))
    return Laboratory(
        **{name: values[name] for name in ("command", "hardware", "core_hours", "versions", "images", "settings")},
        dates=tuple(values["dates"]),
        missing=tuple(values["missing"]),
        runs=tuple(_training(run) for run in values["runs"]),
        surfaces=tuple(
            LossSurface(**{**surface, "losses": tuple(tuple(row) for row in surface["losses"])})
            for surface in values["surfaces"]
        ),
        removals=tuple(
            MeasuredRemoval(**{**removal, "random_middle": tuple(removal["random_middle"])})
            for removal in values["removals"]
        ),
    )


def laboratory_network(depth: int, shortcuts: bool) -> Path:
    """The checkpoint folder of a small network that was trained here, for `from_pretrained`.

    It tells the ten classes of CIFAR-10 apart in images of 16 x 16 pixels, and not well: it is there to be taken apart.

    Args:
        depth: One of `NETWORK_DEPTHS`.
        shortcuts: Whether its blocks have them.

    Raises:
        ConfigError: There is no such depth.
    """
    check_choice("depth", depth, NETWORK_DEPTHS)
    return NETWORKS / f"lab_{'residual' if shortcuts else 'plain'}{depth}"


def _training(values: Mapping[str, Any]) -> MeasuredTraining:
    names = ("row", "depth", "seed", "parameters", "epochs", "lr", "steps", "diverged", "every")
    end = values["end"]
    return MeasuredTraining(
        **{name: values[name] for name in names},
        train=Ending(**end["train"]) if end else None,
        test=Ending(**end["test"]) if end else None,
        losses=tuple(values["loss"]),
        gradients={part: tuple(norms) for part, norms in values["gradients"].items()},
    )

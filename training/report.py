"""The pictures of a run: curves.png and confusion.png."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from resnet_hub.checkpoint import write_atomically
from training.metrics import Evaluation
from training.run_folder import CONFUSION_FILE, CURVES_FILE

CONFUSION_CLASSES = 40
"""Classes of a readable confusion picture; of more, those confused most are drawn."""
MAX_NAME = 30
"""Characters of a class name that are drawn."""


def draw_curves(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Draws the losses and the accuracy over the epochs; returns the picture's path."""
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    loss.plot(epochs, [row["train_loss"] for row in rows], marker=".", label="training (augmented, smoothed)")
    loss.plot(epochs, [row["val_loss"] for row in rows], marker=".", label="validation")
    loss.set(xlabel="epoch", ylabel="cross-entropy (nats)", title="Loss")
    loss.legend()
    top1 = [100 * row["val_top1"] for row in rows]
    best = int(np.argmax(top1))
    accuracy.plot(epochs, top1, color="tab:green", marker=".", label="validation")
    accuracy.plot(epochs[best], top1[best], "o", color="tab:green", label=f"best: {top1[best]:.2f} %")
    accuracy.set(xlabel="epoch", ylabel="top-1 accuracy (%)", title="Accuracy")
    accuracy.legend()
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    return _save(figure, folder / CURVES_FILE)


def draw_confusion(folder: Path, evaluation: Evaluation, label_names: Sequence[str]) -> Path:
    """Draws the numbers of pictures by true class (rows) and predicted class (columns); returns the picture's path."""
    counts = evaluation.confusion()
    shown = np.arange(len(label_names))
    if len(shown) > CONFUSION_CLASSES:
        errors = counts - np.diag(np.diag(counts))
        shown = np.sort(np.argsort(-(errors.sum(0) + errors.sum(1)), kind="stable")[:CONFUSION_CLASSES])
    part = counts[np.ix_(shown, shown)]
    shares = part / np.maximum(counts.sum(1)[shown, None], 1)
    side = 3.4 + 0.34 * len(shown)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    # Class names are foreign text: a "$" in one must not start a formula.
    names = [label_names[index][:MAX_NAME] for index in shown]
    axes.set_xticks(range(len(shown)), names, rotation=90, parse_math=False)
    axes.set_yticks(range(len(shown)), names, parse_math=False)
    title = f"{evaluation.top1:.2%} of {len(evaluation.labels):,} pictures right"
    if len(shown) < len(label_names):
        title += f"\n(the {len(shown)} classes confused most, of {len(label_names)})"
    axes.set(xlabel="predicted", ylabel="true", title=title)
    for row, column in zip(*np.nonzero(part), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(part[row, column]), ha="center", va="center", color=colour, fontsize=8)
    figure.colorbar(picture, ax=axes, fraction=0.04, label="share of the true class")
    return _save(figure, folder / CONFUSION_FILE)


def _save(figure: Figure, file: Path) -> Path:
    with warnings.catch_warnings():
        # The font that comes with matplotlib has no letters of some scripts; they show as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        write_atomically(file, lambda temporary: figure.savefig(temporary, format="png", dpi=110, bbox_inches="tight"))
    return file

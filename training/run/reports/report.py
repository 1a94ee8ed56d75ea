"""The images of a run: curves.png, confusion.png and mistakes.png."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_hub.checkpoint import write_atomically
from resnet_hub.config import IMAGE_MODES
from resnet_hub.errors import TrainingError
from resnet_hub.images import open_to_look_at, visible
from resnet_hub.preprocessing import to_channels

from ...metrics import QUALITIES, Evaluation, SingleLabelEvaluation
from ...splits import Split
from ..history import Best, History
from ..run_folder import CONFUSION_FILE, CURVES_FILE, MISTAKES_FILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = {"val": ("validation", "tab:green"), "ema": ("validation, moving average", "tab:purple")}
"""Label and color of the metrics of the weights, and of their EMA."""
CONFUSION_CLASSES = 40
"""Classes of a readable confusion image; of more, those confused most are drawn."""
MAX_NAME = 30
"""Characters of a class name that are drawn."""
MAX_SHORT_NAME = 22
"""Characters of a class name above a small image."""
MISTAKES = 24
"""Images on a sheet of mistakes."""
COLUMNS = 6
THUMBNAIL = 224
"""Longest side of an image on the sheet, in pixels."""


def draw_report(
    folder: Path,
    history: History,
    evaluation: Evaluation,
    split: Split,
    label_names: tuple[str, ...],
    channels: int,
) -> list[Path]:
    """Draws all images that the run and its task have; returns their paths. See the functions below."""
    images = [draw_curves(folder, history.rows, history.chosen)] if history.rows else []
    if isinstance(evaluation, SingleLabelEvaluation):
        images.append(draw_confusion(folder, evaluation, label_names))
    mistakes = draw_mistakes(folder, evaluation, split, label_names, channels)
    return [*images, mistakes] if mistakes else images


def draw_curves(folder: Path, rows: Sequence[Mapping[str, Any]], saved: Best) -> Path:
    """Draws what `plot_curves` plots; returns the image's path."""
    return save_figure(plot_curves(rows, saved.epoch, saved.kind), folder / CURVES_FILE)


def plot_curves(rows: Sequence[Mapping[str, Any]], epoch: int, kind: str) -> Figure:
    """Losses and the deciding metric over the epochs, those of the EMA too, with the saved epoch marked.

    Args:
        rows: Of metrics.jsonl.
        epoch: The one whose weights were saved.
        kind: Whose those were: `val`, or `ema` for the EMA.
    """
    epochs = [row["epoch"] for row in rows]
    figure = new_figure(figsize=(9, 3.6), layout="constrained")
    loss, quality = figure.subplots(1, 2)
    name = next(name for name in QUALITIES if f"val_{name}" in rows[0])
    title, unit, factor = QUALITIES[name]
    loss.plot(epochs, [row["train_loss"] for row in rows], marker=".", label="training (augmented, as minimized)")
    for measured, (label, color) in CURVES.items():
        if f"{measured}_{name}" not in rows[0]:
            continue
        loss.plot(epochs, [row[f"{measured}_loss"] for row in rows], color=color, marker=".", label=label)
        values = [factor * row[f"{measured}_{name}"] for row in rows]
        quality.plot(epochs, values, color=color, marker=".", label=label)
        if measured == kind:
            value = values[epochs.index(epoch)]
            quality.plot(epoch, value, "o", color=color, label=f"saved: epoch {epoch}, {value:.4g} {unit}".rstrip())
    loss.set(xlabel="epoch", ylabel="squared error" if name == "r2" else "cross-entropy (nats)", title="Loss")
    quality.set(xlabel="epoch", ylabel=f"{title} ({unit})" if unit else title, title=title.capitalize())
    for axes in (loss, quality):
        axes.legend()
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


def draw_confusion(folder: Path, evaluation: SingleLabelEvaluation, label_names: Sequence[str]) -> Path:
    """Draws the numbers of images by true class (rows) and predicted class (columns); returns the image's path."""
    # Of all classes, the matrix of 20,000 alone would take gigabytes.
    shown = evaluation.confused(CONFUSION_CLASSES)
    part = evaluation.confusion(shown)
    images = np.bincount(evaluation.targets, minlength=len(label_names))[shown]
    shares = part / np.maximum(images, 1)[:, None]
    side = 3.4 + 0.34 * len(shown)
    figure = new_figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    # Class names are foreign text: a "$" in one must not start a formula.
    names = [label_names[index][:MAX_NAME] for index in shown]
    axes.set_xticks(range(len(shown)), names, rotation=90, parse_math=False)
    axes.set_yticks(range(len(shown)), names, parse_math=False)
    title = f"{evaluation.top1:.2%} of {len(evaluation.targets):,} images right"
    if len(shown) < len(label_names):
        title += f"\n(the {len(shown)} classes confused most, of {len(label_names)})"
    axes.set(xlabel="predicted", ylabel="true", title=title)
    for row, column in zip(*np.nonzero(part), strict=True):
        color = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(part[row, column]), ha="center", va="center", color=color, fontsize=8)
    figure.colorbar(image, ax=axes, fraction=0.04, label="share of the true class")
    return save_figure(figure, folder / CONFUSION_FILE)


def draw_rates(file: Path, rates: np.ndarray, losses: np.ndarray, suggestion: float) -> None:
    """Draws the loss over rising learning rates, and the rate that is suggested.

    Raises:
        TrainingError: The file cannot be written.
    """
    figure = new_figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(rates, losses)
    axes.axvline(suggestion, color="tab:green", linestyle="--", label=f"suggested: {suggestion:.1e}")
    axes.set(xlabel="learning rate", ylabel="training loss, smoothed", title="Learning-rate sweep", xscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, file)
    except OSError as error:
        raise TrainingError("run.unwritable_figure", file=str(file), reason=error.strerror) from error


def draw_mistakes(
    folder: Path, evaluation: Evaluation, split: Split, label_names: tuple[str, ...], channels: int
) -> Path | None:
    """Draws the worst answers with what is true and what was said; returns the image's path, None without any.

    Args:
        folder: Where to.
        evaluation: The answers to all images of the split.
        split: Its images.
        label_names: Names of the outputs.
        channels: How many the network sees.
    """
    mistakes = evaluation.mistakes(MISTAKES, label_names)
    if not mistakes:
        return None
    cells = [
        (mistake.row, f"{cut_name(mistake.answer)} {mistake.sure}\ntrue: {cut_name(mistake.truth)}\nrow {mistake.row}")
        for mistake in mistakes
    ]
    images = ((*split.image(row), title) for row, title in cells)
    return draw_sheet(folder / MISTAKES_FILE, list(images), channels)


def draw_sheet(file: Path, images: Sequence[tuple[bytes | str, str, str]], channels: int) -> Path:
    """Draws a contact sheet; returns its path.

    Args:
        file: Where to.
        images: Each as bytes or a path, with its name, and the lines above it.
        channels: How many the network sees.
    """
    rows = -(-len(images) // COLUMNS)
    columns = min(COLUMNS, len(images))
    figure = new_figure(figsize=(2.2 * columns, 2.75 * rows))
    figure.subplots_adjust(0, 0, 1, 0.85 if rows == 1 else 0.95, wspace=0.1, hspace=0.35)
    for axes, shown in zip_longest(figure.subplots(rows, columns, squeeze=False).flat, images):
        axes.set_axis_off()
        if shown is None:
            continue
        content, name, title = shown
        image = visible(open_to_look_at(content, name=name))
        image = visible(to_channels(image, channels if channels in IMAGE_MODES else 3))
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        axes.imshow(image.convert("RGB"))
        axes.set_title(title, fontsize=8, parse_math=False)
    return save_figure(figure, file)


def cut_name(name: str) -> str:
    """One line of a name that fits above a small image."""
    line = " ".join(name.split())
    return line if len(line) <= MAX_SHORT_NAME else f"{line[: MAX_SHORT_NAME - 1]}…"


def new_figure(**options: Any) -> Figure:
    """An empty figure of matplotlib, which is imported here, because it takes a second that no first step waits for."""
    from .shown_figure import ShownFigure

    return ShownFigure(**options)


def save_figure(figure: Figure, file: Path) -> Path:
    """Writes a figure as a PNG, atomically; returns its path."""
    with warnings.catch_warnings():
        # The font that comes with matplotlib has no letters of some scripts; they show as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        write_atomically(file, lambda temporary: figure.savefig(temporary, format="png", dpi=110, bbox_inches="tight"))
    return file

"""The figures of docs/why-residual.md, as SVG, from what the laboratory found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resnet_hub.explain import Laboratory, MeasuredTraining

KINDS = {"plain": "without shortcuts", "residual": "with shortcuts"}
COLORS = {20: "#d9480f", 32: "#087f5b", 44: "#5f3dc4", 56: "#7048e8", 110: "#1c7ed6"}
PARTS = ("stem", "stage 1", "stage 2", "stage 3", "head")


def draw(found: Laboratory, folder: Path) -> None:
    """Draws all figures into `folder`. Equal results give equal files."""
    folder.mkdir(parents=True, exist_ok=True)
    # Neither random names nor a date; text stays text, which is smaller and can be searched.
    with mpl.rc_context({"svg.hashsalt": "lab", "svg.fonttype": "none", "axes.grid": True, "grid.alpha": 0.3}):
        figures = {"race": race(found), "errors": errors(found), "gradients": gradients(found)}
        if found.surfaces:
            figures["surfaces"] = surfaces(found)
        for name, figure in figures.items():
            figure.savefig(folder / f"lab-{name}.svg", metadata={"Date": None}, facecolor="white")


def race(found: Laboratory) -> Figure:
    """The training loss over the updates, a line for each seed, both kinds side by side."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, (kind, name) in zip(_pair(figure), KINDS.items(), strict=True):
        for run in found.of(kind):
            steps = run.every * np.arange(1, len(run.losses) + 1)
            axes.plot(steps, run.losses, color=COLORS[run.depth], linewidth=1, label=f"{run.depth} layers")
        _finish(axes, name, "updates", "training loss")
        axes.set_ylim(1, 2.5)
    return figure


def errors(found: Laboratory) -> Figure:
    """The errors at the end over the depth, a point for each seed."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, split in zip(_pair(figure), ("train", "test"), strict=True):
        for (kind, name), color in zip(KINDS.items(), ("#d9480f", "#087f5b"), strict=True):
            runs = [(run.depth, end.error) for run in found.of(kind) if (end := getattr(run, split))]
            depths = sorted({depth for depth, _ in runs})
            means = [100 * mean(error for depth, error in runs if depth == at) for at in depths]
            axes.plot(depths, means, color=color, label=name)
            axes.plot([depth for depth, _ in runs], [100 * error for _, error in runs], "o", color=color, markersize=4)
        _finish(axes, {"train": "training images", "test": "test images"}[split], "layers", "wrong [%]")
    return figure


def gradients(found: Laboratory) -> Figure:
    """The norm of the gradient of each part's weights over the training, of the networks with 56 layers and seed 0."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, (kind, name) in zip(_pair(figure), KINDS.items(), strict=True):
        for run in _first(found.of(kind, 56)):
            for part in PARTS:
                norms = [norm or np.nan for norm in run.gradients[part]]
                axes.semilogy(run.every * np.arange(1, len(norms) + 1), norms, linewidth=1, label=part)
        _finish(axes, f"56 layers, {name}", "updates", "norm of the gradient")
    return figure


def surfaces(found: Laboratory) -> Figure:
    """The loss around each trained network, as lines of equal loss on a logarithmic scale that all share."""
    figure = Figure(figsize=(9, 2.4), layout="constrained")
    all_axes = figure.subplots(1, len(found.surfaces), sharex=True, sharey=True, squeeze=False)[0]
    levels = np.geomspace(0.5, 100, 24)
    for axes, surface in zip(all_axes, found.surfaces, strict=True):
        losses = np.array([[np.nan if loss is None else loss for loss in row] for row in surface.losses])
        place = np.linspace(-surface.span, surface.span, len(losses))
        drawn = axes.contourf(
            place, place, np.clip(losses, 0.5, 100), levels, norm="log", cmap="inferno", extend="neither"
        )
        axes.set_title(f"{surface.depth} layers, {KINDS[surface.row.split('-')[0]]}", fontsize=9)
        axes.set_aspect("equal")
        axes.grid(False)
    bar = figure.colorbar(drawn, ax=all_axes, ticks=[0.5, 1, 2, 5, 10, 20, 50, 100], format="%g", shrink=0.7)
    bar.set_label("training loss")
    return figure


def _pair(figure: Figure) -> Sequence[Axes]:
    return figure.subplots(1, 2, sharey=True)


def _first(runs: Sequence[MeasuredTraining]) -> Sequence[MeasuredTraining]:
    return runs[:1]


def _finish(axes: Axes, title: str, across: str, up: str) -> None:
    """Title, labels, and each name once in the legend."""
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    handles, names = axes.get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), fontsize=8)

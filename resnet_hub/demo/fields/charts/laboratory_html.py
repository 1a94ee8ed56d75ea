"""What the laboratory of depth found, as HTML: errors at the end, other kinds of networks, and loss surfaces."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from resnet_hub.demo.fields.charts.depth_race import KINDS, mean_error, raced_depths
from resnet_hub.demo.fields.explanation_html import data_uri
from resnet_hub.demo.text import counted, measured, say
from resnet_hub.explain import Laboratory, LossSurface, MeasuredTraining, colored

SPLITS = ("train", "test")
SURFACE_SIDE = 84
"""Pixels of a picture of a loss surface, in each direction; it is shown twice as large."""
HIGHEST_LOSS, LOWEST_LOSS = 100.0, 0.5
"""The losses that have the brightest and the darkest color: all pictures share them."""


def endings_html(found: Laboratory, language: str) -> str:
    """HTML: a table of the errors at the end of the training, by depth, without shortcuts and with them."""
    head = "".join(
        f"<th scope='col'>{html.escape(say(f'lab.{split}_error', language))}, {html.escape(_kind(kind, language))}</th>"
        for kind in KINDS
        for split in SPLITS
    )
    rows = "".join(
        f"<tr><th scope='row'>{depth}</th>"
        + "".join(f"<td>{_errors(found.of(kind, depth), split, language)}</td>" for kind in KINDS for split in SPLITS)
        + "</tr>"
        for depth in raced_depths(found)
    )
    corner = html.escape(say("depth.depth", language))
    return _table(f"<tr><th scope='col'>{corner}</th>{head}</tr>", rows, say("lab.endings", language))


def variants_html(found: Laboratory, language: str) -> str:
    """HTML: a table of the other networks of the laboratory, in a drawer, and what all of it was measured on."""
    others = dict.fromkeys((run.row, run.depth) for run in found.runs if run.row not in KINDS)
    rows = "".join(_variant_row(found.of(*other), language) for other in others)
    columns = (say("lab.network", language), say("depth.depth", language), say("lab.updates", language))
    errors = (say(f"lab.{split}_error", language) for split in SPLITS)
    head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in (*columns, *errors))
    table = _table(f"<tr>{head}</tr>", rows, say("lab.variants", language))
    return (
        f"<details><summary>{html.escape(say('lab.variants', language))}</summary>{table}</details>"
        f"<p class='quiet'>{html.escape(measured_words(found, language))}</p>"
    )


def measured_words(found: Laboratory, language: str) -> str:
    """What was measured on what, in a sentence or two."""
    settings = found.settings
    return say(
        "lab.measured",
        language,
        train=counted(found.images["train"], language),
        test=counted(found.images["test"], language),
        side=settings["image_size"],
        width=settings["widths"][0],
        batch=settings["batch_size"],
        hours=f"{found.core_hours:.1f}",
        hardware=say("page.comma", language).join(one.partition(",")[0] for one in found.hardware.split("; ")),
        copy=say("lab.lossy", language) if found.images["lossy"] else "",
        date=found.dates[-1],
        torch=found.versions["torch"],
    )


def surfaces_html(found: Laboratory, language: str) -> str:
    """HTML: the loss surfaces side by side, in the same colors, each with its name and how high it rises."""
    figures = "".join(_surface_figure(surface, language) for surface in found.surfaces)
    return f"<div class='surfaces'>{figures}</div>"


def surface_picture(surface: LossSurface, side: int = SURFACE_SIDE) -> Image.Image:
    """The surface from above, RGB: dark where the loss is low, on a logarithmic scale that all surfaces share."""
    losses = np.array([[math.inf if loss is None else loss for loss in row] for row in surface.losses])
    levels = np.log(np.clip(losses, LOWEST_LOSS, HIGHEST_LOSS) / LOWEST_LOSS) / math.log(HIGHEST_LOSS / LOWEST_LOSS)
    smooth = Image.fromarray(levels.astype(np.float32), "F").resize((side, side), Image.Resampling.BICUBIC)
    return Image.fromarray(colored(np.asarray(smooth)))


def _surface_figure(surface: LossSurface, language: str) -> str:
    name = say("lab.surface_name", language, depth=surface.depth, kind=_kind(surface.row.split("-")[0], language))
    losses = [math.inf if loss is None else loss for row in surface.losses for loss in row]
    middle = surface.losses[len(surface.losses) // 2][len(surface.losses) // 2]
    typical = float(np.median(losses))
    words = say(
        "lab.surface_found",
        language,
        middle="∞" if middle is None else f"{middle:.2f}",
        typical=f"{typical:.3g}",
    )
    about = html.escape(f"{name}. {words}")
    return (
        f"<figure><img src='{data_uri(surface_picture(surface))}' alt='{about}' width='{2 * SURFACE_SIDE}' "
        f"height='{2 * SURFACE_SIDE}'><figcaption><b>{html.escape(name)}</b> {html.escape(words)}</figcaption></figure>"
    )


def _variant_row(runs: Sequence[MeasuredTraining], language: str) -> str:
    """The trainings that differ in their seed alone."""
    first = runs[0]
    name = html.escape(say(f"lab.row_{first.row.replace('-', '_')}", language))
    broken = [run.diverged for run in runs if run.diverged is not None]
    if broken:
        broke = html.escape(say("lab.diverged", language, step=broken[0]))
        ends = f"<td colspan='2'>{broke}</td>"
    else:
        ends = "".join(f"<td>{_errors(runs, split, language)}</td>" for split in SPLITS)
    return f"<tr><th scope='row'>{name}</th><td>{first.depth}</td><td>{counted(first.steps, language)}</td>{ends}</tr>"


def _errors(runs: Sequence[MeasuredTraining], split: str, language: str) -> str:
    """The mean error, and the range where there are several seeds."""
    words = measured(mean_error(runs, split), language)
    if len(runs) > 1:
        errors = [mean_error([run], split) for run in runs]
        words += f" ({measured(min(errors), language)} \N{EN DASH} {measured(max(errors), language)})"
    return html.escape(words)


def _kind(row: str, language: str) -> str:
    return say("depth.with" if row == "residual" else "depth.without", language)


def _table(head: str, rows: str, about: str) -> str:
    return (
        f"<div class='lab-table' tabindex='0' role='region' aria-label='{html.escape(about)}'>"
        f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )

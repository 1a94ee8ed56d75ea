"""A run as HTML: its headline, mistakes, classes, curves and settings.

Names of classes, of datasets and of settings are untrusted text; all of them are escaped in here.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from resnet_hub.demo.fields.charts.svg_chart import Line, line_chart
from resnet_hub.demo.run_report import ClassFigures, Curve, Curves, HeldImage, Results, RunReport
from resnet_hub.demo.text import counted, measured, say, sentence_of

MISTAKES = 12
"""Surest mistakes that are shown."""
WEAK_CLASSES = 15
TITLE_CLASSES, TITLE_LENGTH = 3, 40
"""Classes that a heading can name, and characters of all their names."""
LEAD_CLASSES, LEAD_NAME = 6, 40
"""Classes that the lead names, and characters of each."""
Thumbnail = Callable[[int], str | None]
"""The number of a held-out image -> its address; None where it cannot be shown."""


def run_title(names: Sequence[str], language: str) -> str | None:
    """A heading that asks for one of two or three classes; None for others, and where their names are long."""
    if not 2 <= len(names) <= TITLE_CLASSES or sum(map(len, names)) > TITLE_LENGTH:
        return None
    title = say("run.title", language, names=say("run.comma", language).join(names[:-1]), last=names[-1])
    return title[:1].upper() + title[1:]


def run_lead(names: Sequence[str], dataset: str | None, language: str) -> str:
    """HTML: what the network was trained on, and which classes it knows."""
    rest = len(names) - LEAD_CLASSES
    words = say(
        "run.lead_more" if rest > 0 else "run.lead",
        language,
        dataset=dataset or say("run.this_data", language),
        count=counted(len(names), language),
        names=say("run.comma", language).join(_cut(name) for name in names[:LEAD_CLASSES]),
        rest=counted(rest, language),
    )
    return html.escape(words)


def _cut(name: str) -> str:
    return name if len(name) <= LEAD_NAME else f"{name[: LEAD_NAME - 1]}…"


def headline_html(report: RunReport, language: str) -> str:
    """How good the network is, how sure that is, and on what it was measured."""
    results = report.results
    if results is None:
        return fault_html(report, "results", language)
    words = say(f"run.headline_{results.headline}", language, percent=measured(results.value, language))
    interval = say("run.no_interval", language)
    if results.interval is not None and results.level is not None:
        low, high = (measured(side, language) for side in results.interval)
        level = measured(results.level, language).replace(".0", "")
        interval = say("run.interval", language, low=low, high=high, level=level)
    images = results.images
    text = (
        say("run.measured_some", language, interval=interval)
        if images is None
        else say("run.measured", language, images=counted(images, language), interval=interval)
    )
    if results.measured == "validation":
        text += (" " if language == "en" else "") + say("run.chosen", language)
    return f"<p class='run-headline'>{html.escape(words)}</p><p>{html.escape(text)}</p>"


def mistakes_html(
    report: RunReport, names: Sequence[str], thumbnail: Thumbnail, sheet: str | None, language: str
) -> str:
    """The surest mistakes as buttons, each with its picture; in place of them why there are none, and the `sheet`."""
    heading = f"<h2>{_said('run.mistakes', language)}</h2>"
    if report.held_out is None:
        drawn = f"<img class='run-sheet' alt='{_said('run.sheet', language)}' src='{sheet}'>" if sheet else ""
        return heading + fault_html(report, "held_out", language) + drawn
    mistakes = report.held_out.mistakes(MISTAKES)
    told = [say("run.mistakes_text" if mistakes else "run.no_mistakes", language)]
    if report.held_out.left_out:
        told.append(say("run.left_out", language, count=report.held_out.left_out))
    lines = "".join(f"<p class='quiet'>{html.escape(line)}</p>" for line in told)
    return heading + lines + images_html(mistakes, names, thumbnail, language)


def images_html(
    images: Sequence[tuple[int, HeldImage]], names: Sequence[str], thumbnail: Thumbnail, language: str
) -> str:
    """Held-out images as buttons, which say in `data-why` which image is asked about."""
    buttons, missing = [], 0
    for place, image in images:
        address = thumbnail(place)
        if address is None:
            missing += 1
            continue
        answer, truth = (named(classes, names, language) for classes in (image.answer, image.truth))
        said = say("run.said", language, answer=answer, percent=measured(image.score, language))
        lines = [f"<b>{html.escape(said)}</b>"]
        if image.wrong:
            lines.append(f"<span>{html.escape(say('run.truth', language, truth=truth))}</span>")
        lines.append(f"<u>{_said('run.why', language)}</u>")
        picture = f"<img alt='' loading='lazy' src='{address}'>"
        buttons.append(f"<li><button type='button' data-why='{place}'>{picture}{' '.join(lines)}</button></li>")
    told = f"<p class='quiet'>{html.escape(say('run.not_shown', language, count=missing))}</p>" if missing else ""
    return (f"<ul class='run-images'>{''.join(buttons)}</ul>" if buttons else "") + told


def classes_html(report: RunReport, names: Sequence[str], language: str) -> str:
    """The classes with the lowest F1, lowest first, with bars and counts."""
    heading = f"<h2>{_said('run.classes', language)}</h2>"
    if report.results is None:
        return heading + fault_html(report, "results", language)
    if not report.results.classes:
        return heading + f"<p class='quiet'>{_said('run.no_classes', language)}</p>"
    measured = sorted((row for row in report.results.classes if row.images), key=lambda row: (row.f1, -row.images))
    rows = "".join(_class_row(row, names[row.index], language) for row in measured[:WEAK_CLASSES])
    told = []
    if rest := measured[WEAK_CLASSES:]:
        told.append(say("run.classes_more", language, count=counted(len(rest), language), f1=f"{rest[0].f1:.2f}"))
    if absent := len(report.results.classes) - len(measured):
        told.append(say("run.classes_absent", language, count=counted(absent, language)))
    lines = "".join(f"<p class='quiet'>{html.escape(line)}</p>" for line in told)
    return f"{heading}<p class='quiet'>{_said('run.classes_text', language)}</p><ul class='bars'>{rows}</ul>{lines}"


def _class_row(row: ClassFigures, name: str, language: str) -> str:
    words = say(
        "run.class_row",
        language,
        f1=f"{row.f1:.2f}",
        found=counted(round(row.recall * row.images), language),
        images=counted(row.images, language),
        precision=measured(row.precision, language),
    )
    return (
        f"<li><b>{html.escape(name)}</b><span>{html.escape(words)}</span><i style='width:{100 * row.f1:.1f}%'></i></li>"
    )


def curves_html(report: RunReport, language: str) -> str:
    """The losses and the figure that decides, over the epochs."""
    heading, curves = f"<h2>{_said('run.curves', language)}</h2>", report.curves
    if curves is None:
        return heading + fault_html(report, "curves", language)
    best = report.results.best_epoch if report.results else None
    marked = best if best is not None and 1 <= best <= curves.epochs > 1 else None
    told = [say("run.saved", language, epoch=marked)] if marked is not None else []
    if curves.torn is not None:
        told.append(say("run.torn", language, line=curves.torn))
    told += [say("run.cut", language, name=curve.name, epoch=len(curve.values)) for curve in curves.cut]
    if curves.longer:
        told.append(say("run.longer", language, epochs=counted(curves.epochs, language)))
    lines = "".join(f"<p class='quiet'>{html.escape(line)}</p>" for line in told)
    if curves.epochs == 1:
        return f"{heading}{_only_epoch(curves, language)}{lines}"
    return f"{heading}<div class='run-charts'>{_charts(curves, marked, language)}</div>{lines}"


def _only_epoch(curves: Curves, language: str) -> str:
    """HTML: the figures of a single epoch, of which a chart would be a dot."""
    rows = [("run.loss_axis", curve.name, f"{curve.values[0]:.3g}") for curve in curves.losses]
    for curve in curves.qualities:
        kind, _, task = curve.name.partition("_")
        rows.append((f"run.quality_{task}_axis", f"{kind}_loss", f"{100 * curve.values[0]:.1f}"))
    listed = ""
    for figure, split, value in rows:
        name = say("run.figure_of", language, figure=say(figure, language), split=say(f"run.{split}", language))
        listed += f"<dt>{html.escape(name)}</dt><dd>{value}</dd>"
    return f"<p class='quiet'>{_said('run.one_epoch', language)}</p><dl class='facts'>{listed}</dl>"


def _charts(curves: Curves, marked: int | None, language: str) -> str:
    """HTML: a chart of the losses, and one of the figure that decides."""

    def name(curve: Curve) -> str:
        kind = curve.name.partition("_")[0]
        return say(f"run.{kind}_loss", language)

    def chart(lines: Sequence[Line], words: str, axis: str) -> str:
        return line_chart(lines, words, say("run.epoch", language), say(axis, language), curves.epochs, marked=marked)

    epochs = counted(curves.epochs, language)
    charts = ""
    if curves.losses:
        lines = [Line(name(curve), curve.values) for curve in curves.losses]
        charts += chart(lines, say("run.loss", language, epochs=epochs), "run.loss_axis")
    if curves.qualities:
        task = curves.qualities[0].name.partition("_")[2]
        # The color of a line is by its place; the first is the training's, which has no such figure.
        lines = [Line(name(curve), [100 * value for value in curve.values]) for curve in curves.qualities]
        words = say(f"run.quality_{task}", language, epochs=epochs)
        charts += chart([Line("", ()), *lines], words, f"run.quality_{task}_axis")
    return charts


def settings_html(report: RunReport, split: str | None, language: str) -> str:
    """The dataset, what the network began with, and the settings that differ from their defaults."""
    heading = f"<h2>{_said('run.settings', language)}</h2>"
    results = report.results
    if results is None:
        return heading + fault_html(report, "results", language)
    unknown = say("run.unknown", language)
    facts = dict.fromkeys(("dataset", "start", "trained", "split", "epochs"), unknown) | _facts(
        results, split, language
    )
    rows = "".join(
        f"<dt>{_said(f'run.{name}', language)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items()
    )
    changed = f"<h3>{_said('run.changed', language)}</h3>"
    if results.changed is None:
        changed += f"<p class='quiet'>{_said('run.changed_unknown', language)}</p>"
    else:
        pairs = {name: value for name, value in results.changed.items() if name not in ("dataset", "model")}
        listed = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in pairs.items())
        nothing = f"<p class='quiet'>{_said('run.nothing_changed', language)}</p>"
        changed += f"<dl class='facts run-settings'>{listed}</dl>" if pairs else nothing
    return f"{heading}<dl class='facts'>{rows}</dl>{changed}"


def _facts(results: Results, split: str | None, language: str) -> dict[str, str]:
    """What is known, by the key of its name."""
    facts = {"start": results.start or say("run.random", language)}
    if results.dataset is not None:
        facts["dataset"] = results.dataset
    if results.trained is not None:
        facts["trained"] = say("run.trained_value", language, images=counted(results.trained, language))
    if results.images is not None:
        named_split = split or results.measured
        facts["split"] = say("run.split_value", language, split=named_split, images=counted(results.images, language))
    if results.epochs is not None and results.best_epoch is not None:
        facts["epochs"] = say("run.epochs_value", language, epochs=results.epochs, best=results.best_epoch)
    if results.seconds is not None and results.seconds >= 0:
        facts["took"] = say("run.took_value", language, minutes=f"{results.seconds / 60:,.1f}")
    return facts


def named(classes: Sequence[int], names: Sequence[str], language: str) -> str:
    """The names of some classes."""
    return say("run.comma", language).join(names[index] for index in classes) or say("run.nothing", language)


def fault_html(report: RunReport, part: str, language: str) -> str:
    """Why a part is not shown."""
    return (
        f"<p class='quiet'>{html.escape(sentence_of(report.faults[part], language))}</p>"
        if part in report.faults
        else ""
    )


def _said(key: str, language: str) -> str:
    return html.escape(say(key, language))

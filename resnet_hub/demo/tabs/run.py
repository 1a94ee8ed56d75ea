"""The tab that shows the run that made the page's network: how good it is, what it confuses, how it learned."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from resnet_hub.checkpoint import local_path
from resnet_hub.demo.fields import (
    AT_ONCE,
    CHOSEN,
    cell_html,
    classes_html,
    confusion_html,
    curves_html,
    headline_html,
    kept_image,
    mistakes_html,
    refusal,
    run_lead,
    run_title,
    settings_html,
)
from resnet_hub.demo.run_report import RunReader, RunReport, is_run, read_run
from resnet_hub.demo.serving import Inference
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, TabContext, whole_number
from resnet_hub.demo.text import language_of, names_in, own_label, sentence_of
from resnet_hub.errors import LANGUAGES, ResNetHubError
from resnet_hub.images import open_to_look_at, visible

RUNS = "runs"
"""The queue of what is asked about the run."""
THUMBNAIL = 192
"""Longest side of a picture on the tab, in pixels."""
SHEET = 2048
_CELL = re.compile(r"(\d{1,5})-(\d{1,5})")
# In the browser: what was opened is brought into view, where a phone shows the table alone.
INTO_VIEW = "() => document.querySelector('#run-cell')?.scrollIntoView({block: 'nearest'})"


def shows_run(inference: Inference) -> bool:
    """Whether the page's own network is that of a run folder, and its owner shows the run."""
    return inference.settings.run != "off" and inference.pool.missing is None and run_folder(inference) is not None


def run_folder(inference: Inference) -> Path | None:
    """The run folder of the page's own network; None where that is something else."""
    path = local_path(inference.settings.model)
    return path if path is not None and path.is_dir() and is_run(path) else None


def run_heading(page: gr.Blocks, inference: Inference) -> tuple[Any, Any] | None:
    """The heading, or None for the usual one, and the lead of a page over a run, which speak of its classes.

    None where the page shows no run.
    """
    folder = run_folder(inference) if shows_run(inference) else None
    if folder is None:
        return None
    classifier = inference.pool.own.classifier
    names = classifier.label_names
    results = read_run(folder, len(names), images=False).results
    dataset = results.dataset if results else None
    one_of_few = classifier.model.config.task == "single_label"
    named = {language: names_in(names, language) for language in LANGUAGES}
    titles = {language: run_title(named[language], language) or "" for language in LANGUAGES}
    title = own_label(page, titles) if one_of_few and all(titles.values()) else None
    return title, own_label(page, {language: run_lead(named[language], dataset, language) for language in LANGUAGES})


def run_tab(context: TabContext) -> BuiltTab:
    """Fills the current container; reads the run when a visitor opens the tab."""
    inference, inputs = context.inference, context.inputs
    own = inference.pool.own
    names = own.classifier.label_names
    folder = run_folder(inference)
    assert folder is not None  # `shows_run` decided
    reader = RunReader(folder, len(names), images=inference.settings.run == "images")
    headline = gr.HTML(elem_id="run-headline", elem_classes="plain run", min_height=84)
    mistakes = gr.HTML(elem_id="run-mistakes", elem_classes="plain run", js_on_load=CHOSEN)
    confusion = gr.HTML(elem_id="run-confusion", elem_classes="plain run", js_on_load=CHOSEN)
    cell = gr.HTML(elem_id="run-cell", elem_classes="plain run", js_on_load=CHOSEN)
    rest = gr.HTML(elem_id="run-rest", elem_classes="plain run")
    opened = gr.Textbox("", visible="hidden")
    queued: dict[str, Any] = {
        "concurrency_limit": AT_ONCE,
        "concurrency_id": RUNS,
        "api_visibility": "private",
        "show_progress": "hidden",
    }

    async def show(linked: str, request: gr.Request) -> list[Any]:
        language = language_of(request)
        try:
            parts = await inference.aside(_parts, reader, names, own.classifier.model.metadata.split, language)
        except Exception as error:
            return [refusal(sentence_of(error, language)), "", "", "", ""]
        return [*parts, await cell_of(linked, language)]

    async def cell_of(text: str, language: str) -> Any:
        asked = _CELL.fullmatch(text)
        if asked is None:
            return gr.skip()
        try:
            return await inference.aside(_cell, reader, names, int(asked[1]), int(asked[2]), language)
        except Exception as error:
            return refusal(sentence_of(error, language))

    async def open_cell(chosen: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        text = _text(chosen, "cell")
        return await cell_of(text, language_of(request)), text if _is_cell(text, len(names)) else gr.skip()

    async def ask_why(network: str, chosen: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        number = whole_number(_text(chosen, "why"))
        if number is None:
            return (gr.skip(),) * 6
        try:
            photo = await inference.aside(lambda: kept_image(reader.report().image(number), inputs.photo))
        except Exception as error:
            return refusal(sentence_of(error, language_of(request))), *(gr.skip(),) * 5
        name = gr.skip() if network in ("", own.name) else own.name  # the mistake is that of this network
        return gr.skip(), photo, name, name, *context.opening("why")

    looked_at = queued | {"show_progress": "minimal", "show_progress_on": [headline]}
    gr.on([context.tab.select], show, opened, [headline, mistakes, confusion, rest, cell], **looked_at)
    confusion.click(open_cell, None, [cell, opened], **queued).success(None, js=INTO_VIEW, api_visibility="private")
    shown = [cell, inputs.photo, inputs.network, inputs.choice, *context.rows]
    for pictures in (mistakes, cell):
        pictures.click(ask_why, inputs.network, shown, **queued)
    return BuiltTab([_cell_in_link(opened, len(names))], told=[headline, cell])


def _cell_in_link(opened: gr.Textbox, classes: int) -> LinkValue:
    """The cell whose images are opened."""
    return LinkValue(
        "cell",
        opened,
        lambda text: text if _is_cell(text, classes) else None,
        lambda text, _opened: text if _is_cell(text, classes) else None,
        lambda text, _opened: [text],
        [opened],
    )


def _is_cell(text: str, classes: int) -> bool:
    """Whether a stranger's text names a cell of the confusion matrix: the true class, and the answer."""
    asked = _CELL.fullmatch(text)
    return asked is not None and max(int(asked[1]), int(asked[2])) < classes


def _parts(reader: RunReader, names: tuple[str, ...], split: str | None, language: str) -> list[str]:
    """HTML of the headline, of the mistakes, of the confusion matrix, and of the rest."""
    report, names = reader.report(), names_in(names, language)
    return [
        headline_html(report, language),
        mistakes_html(report, names, lambda place: thumbnail(report, place), sheet(report), language),
        confusion_html(report, names, language),
        classes_html(report, names, language) + curves_html(report, language) + settings_html(report, split, language),
    ]


def _cell(reader: RunReader, names: tuple[str, ...], true: int, answer: int, language: str) -> str:
    report, names = reader.report(), names_in(names, language)
    return cell_html(report, true, answer, names, lambda place: thumbnail(report, place), language)


def thumbnail(report: RunReport, place: int) -> str | None:
    """A held-out image as a small data URI; None where it is missing, damaged, too large or elsewhere."""
    try:
        image = visible(open_to_look_at(report.image(place)))
    except ResNetHubError:
        return None
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BICUBIC)
    if max(image.size) < THUMBNAIL // 2:  # digits of 8 x 8 pixels are seen as squares
        factor = THUMBNAIL // max(image.size)
        image = image.resize((factor * image.width, factor * image.height), Image.Resampling.NEAREST)
    return _webp(image)


def sheet(report: RunReport) -> str | None:
    """The sheet of mistakes as a data URI; None where there is none to show."""
    content = report.sheet()
    if content is None:
        return None
    try:
        image = visible(open_to_look_at(content))
    except ResNetHubError:
        return None
    image.thumbnail((SHEET, SHEET), Image.Resampling.BICUBIC)
    return _webp(image)


def _webp(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _text(chosen: gr.EventData, name: str) -> str:
    """What a browser said of a click; it may be anybody's."""
    values = getattr(chosen, "_data", None)
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, str) else ""

"""Answers to many images -> a table, a gallery by class, a list of failures, and files to download.

While a run goes on these are sent again and again, and gradio sends what was added only: so lists and texts grow at
their ends, and the browser does the rest. Names and classes are untrusted text; all of it is escaped in here.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from typing import Any

from resnet_hub.csv_table import csv_text
from resnet_hub.demo.serving import ImageAnswer
from resnet_hub.demo.text import counted, exact, percent, say

OPEN = 12
"""Classes up to which all of them are unfolded."""
CSV_HEADER = ("file", "label", "index", "score", "second_label", "second_score", "problem")

# In the browser: the largest classes first.
GALLERY = (
    "${[...(value ?? [])].sort((one, other) => other.count - one.count).map((group, place, all) => "
    f"`<details ${{all.length <= {OPEN} || place === 0 ? 'open' : ''}}>"
    "<summary><span>${group.label}</span> (${group.count})</summary>"
    "<div class='images'>${group.figures}</div></details>`).join('')}"
)
_LINK = (
    "<a class='download' download='answers.{kind}' "
    'href="data:{mime};charset=utf-8,${{encodeURIComponent({text})}}">${{value.{kind}_words}}</a>'
)
DOWNLOADS = (
    "${value ? `"
    + _LINK.format(kind="csv", mime="text/csv", text="value.csv")
    + " "
    + _LINK.format(kind="json", mime="application/json", text="JSON.stringify(value.json, null, 2)")
    + "` : ''}"
)


def table(answers: Sequence[ImageAnswer], names: Sequence[str], language: str) -> dict[str, Any]:
    """What a table of gradio's shows: file, class, score, second class; `names` are those of all classes."""
    rows, display = [], []
    for answer in answers:
        if answer.predictions:
            best, *others = answer.predictions
            name, second = names[best.index], names[others[0].index] if others else ""
            rows.append([answer.name, name, best.score, second])
            display.append([answer.name, name, f"{best.score:.4f}", second])
    headers = [say(f"batch.{name}", language) for name in ("file", "label", "score", "second")]
    return {"headers": headers, "data": rows, "metadata": {"display_value": display}}


def groups(answers: Sequence[ImageAnswer], names: Sequence[str], language: str) -> list[dict[str, Any]]:
    """The images by their best class, in the order in which the classes came, for the template GALLERY."""
    found: dict[int, dict[str, Any]] = {}
    for answer in answers:
        if answer.predictions:
            best = answer.predictions[0]
            group = found.setdefault(best.index, {"label": html.escape(names[best.index]), "count": 0, "figures": ""})
            group["count"] += 1
            group["figures"] += _figure(answer, language)
    return list(found.values())


def _figure(answer: ImageAnswer, language: str) -> str:
    """HTML: an image with its name and its score."""
    name, score = html.escape(answer.name), percent(answer.predictions[0].score, language)
    image = "<div class='no-image'></div>"
    if answer.thumbnail:
        source = f"data:image/jpeg;base64,{base64.b64encode(answer.thumbnail).decode()}"
        image = f"<img alt='' loading='lazy' src='{source}'>"
    caption = f"<span title='{name}'>{name}</span> <b>{html.escape(score)}</b>"
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def failures(answers: Sequence[ImageAnswer], language: str) -> str:
    """HTML: the files without an answer, and why; empty where there are none."""
    failed = [answer for answer in answers if answer.problem is not None]
    if not failed:
        return ""
    rows = "".join(
        f"<li><b>{html.escape(answer.name)}</b> {html.escape(answer.problem or '')}</li>" for answer in failed
    )
    heading = html.escape(say("batch.failed", language, count=counted(len(failed), language)))
    return f"<h3>{heading}</h3><ul class='failures'>{rows}</ul>"


def downloads(answers: Sequence[ImageAnswer], model: str, language: str) -> dict[str, Any]:
    """All answers as CSV and as JSON, for the template DOWNLOADS: no file is stored on the server for them."""
    return {
        "csv": csv_text(CSV_HEADER, [_csv_row(answer) for answer in answers]),
        "csv_words": html.escape(say("batch.csv", language)),
        "json": {"model": model, "pictures": [as_json(answer) for answer in answers]},
        "json_words": html.escape(say("batch.json", language)),
    }


def _csv_row(answer: ImageAnswer) -> tuple[object, ...]:
    cells: list[object] = []
    for found in answer.predictions[:2]:
        cells += [found.label, found.index, exact(found.score)] if not cells else [found.label, exact(found.score)]
    return (answer.name, *cells, *[""] * (5 - len(cells)), answer.problem or "")


def as_json(answer: ImageAnswer) -> dict[str, Any]:
    """The answer of one file, as programs get it."""
    return {
        "name": answer.name,
        "predictions": [
            {"label": found.label, "index": found.index, "score": found.score} for found in answer.predictions
        ],
        "problem": answer.problem,
    }

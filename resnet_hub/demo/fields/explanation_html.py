"""Explanations as HTML: a heat map over its image, sheets of feature maps, a table of blocks.

Names of classes are untrusted text; all of them are escaped in here.
"""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from resnet_hub.demo.text import percent, say
from resnet_hub.explain import BlockEffect, HeatMap, StageMaps, colored, evidence_place, overlay

SMALL = 224
"""Height in pixels below which an image is shown in squares."""


def map_words(found: HeatMap, language: str) -> str:
    """The alternative text of the map: the class, and where the evidence is."""
    place = say(f"why.place_{evidence_place(found)}", language)
    return say("why.map_empty" if found.is_empty else "why.map", language, label=found.label, place=place)


def score_words(found: HeatMap, language: str) -> str:
    """What follows it: the score, and how far it falls where the method tells."""
    words = say("why.score", language, percent=percent(found.score, language))
    if found.largest_drop is None:
        return words
    if found.largest_drop == 0:
        return words + say("why.no_drop", language)
    return words + say("why.drop", language, points=f"{100 * found.largest_drop:.1f}")


def map_figure(image: Image.Image, found: HeatMap, language: str) -> str:
    """HTML: the colors of the map over the image, which style.css lets shine through, a scale and a download."""
    both = data_uri(overlay(image, found))
    stops = ",".join(f"rgb({red},{green},{blue})" for red, green, blue in colored(np.linspace(0, 1, 9)).tolist())
    return (
        f"{_layers(image, data_uri(image), found, language)}"
        f"<div class='scale' aria-hidden='true'><span>{say('why.least', language)}</span>"
        f"<i style='background:linear-gradient(to right,{stops})'></i><span>{say('why.most', language)}</span></div>"
        f"<a class='download' download='heat-map.png' href='{both}'>{say('why.download', language)}</a>"
    )


def glow_figure(image: Image.Image, found: HeatMap | None, language: str) -> str:
    """HTML: what the network saw, in few bytes, with the colors of the map over it where there is one."""
    return _layers(image, _compressed_uri(image), None if found is None or found.is_empty else found, language)


def _layers(image: Image.Image, source: str, found: HeatMap | None, language: str) -> str:
    """HTML: an image of this source, and the colors of the map over it."""
    squares = " squares" if image.height < SMALL else ""
    shape = f"style='aspect-ratio:{image.width}/{image.height}'"
    if found is None:
        words = html.escape(say("classify.seen_alt", language))
        return f"<figure class='heat' {shape}><img class='under{squares}' alt='{words}' src='{source}'></figure>"
    colors = data_uri(Image.fromarray(colored(found.values)))
    return (
        f"<figure class='heat' {shape}><img class='under{squares}' alt='' src='{source}'>"
        f"<img class='colors' alt='{html.escape(map_words(found, language))}' src='{colors}'></figure>"
    )


def sheet_figures(stages: Sequence[StageMaps], language: str) -> str:
    """HTML: the sheet of each stage under a line that says what it is."""
    figures = []
    for stage in stages:
        facts = {"name": stage.name, "channels": stage.channels, "height": stage.height, "width": stage.width}
        words = html.escape(say("why.stage", language, **facts, shown=len(stage.shown)))
        alt = html.escape(say("why.stage_alt", language, name=stage.name, shown=len(stage.shown)))
        image = f"<img alt='{alt}' width='{stage.sheet.width}' src='{data_uri(stage.sheet)}'>"
        figures.append(f"<figure class='sheet'><figcaption>{words}</figcaption>{image}</figure>")
    return "".join(figures)


def block_words(effects: Sequence[BlockEffect], label: str, language: str) -> str:
    """Two sentences: which block is missed most, and how many are not."""
    whole = effects[0].score
    worst = min(effects, key=lambda effect: effect.score_without)
    return say(
        "why.blocks_found",
        language,
        label=label,
        percent=percent(whole, language),
        name=worst.name,
        least=percent(worst.score_without, language),
        kept=sum(effect.score_without > whole / 2 for effect in effects),
        count=len(effects),
    )


def block_table(effects: Sequence[BlockEffect], label: str, language: str) -> str:
    """HTML: what the table shows in two sentences, and a row with two bars for each block."""
    largest = max((effect.relative_size for effect in effects if math.isfinite(effect.relative_size)), default=0) or 1
    rows = []
    for effect in effects:
        size = _bar(min(1, effect.relative_size / largest), f"{effect.relative_size:.2f}")
        score = _bar(effect.score_without, f"{100 * effect.score_without:.1f}\N{NO-BREAK SPACE}%")
        rows.append(f"<tr><th scope='row'>{html.escape(effect.name)}</th>{size}{score}</tr>")
    heads = "".join(f"<th scope='col'>{say(f'why.{name}', language)}</th>" for name in ("block", "size", "without"))
    words = html.escape(block_words(effects, label, language))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    name = html.escape(say("why.blocks", language))
    return f"<p>{words}</p><div class='blocks' tabindex='0' role='region' aria-label='{name}'>{table}</div>"


def data_uri(image: Image.Image) -> str:
    """The image as a data URI, in PNG, which is lossless."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _compressed_uri(image: Image.Image) -> str:
    """The image as a data URI of a few kilobytes; squares of a small image stay sharp, in PNG."""
    if image.height < SMALL:
        return data_uri(image)
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _bar(part: float, words: str) -> str:
    """A cell with a number and a bar of the part from 0 to 1 of its width."""
    return f"<td><span>{words}</span><i style='width:{100 * part:.1f}%'></i></td>"

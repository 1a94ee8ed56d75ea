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

from resnet_hub.demo.text import percent, say, tenths
from resnet_hub.explain import (
    Agreement,
    BlockEffect,
    CoverEffect,
    HeatMap,
    Place,
    StageMaps,
    colored,
    evidence,
    glow,
    overlay,
    place_in_network,
)

SMALL = 224
"""Height in pixels below which an image is shown in squares."""


def map_words(found: HeatMap, language: str) -> str:
    """The alternative text of the map: the class, and where the map is strongest."""
    where = evidence(found)
    place = say(f"why.place_{where.place}", language)
    if found.is_empty:
        key = "why.map_empty"
    elif where.place is Place.EVERYWHERE:
        key = "why.map_everywhere"
    elif where.others:
        key = "why.map_several"
    else:
        key = "why.map_edge" if where.at_edge else "why.map"
    others = say("why.and", language).join(say(f"why.place_{other}", language) for other in where.others)
    return say(key, language, label=found.label, place=place, others=others)


def score_words(found: HeatMap, language: str) -> str:
    """What follows it: the score, and how far it falls where the method tells."""
    words = say("why.score", language, percent=percent(found.score, language))
    if found.largest_drop is None:
        return words
    if found.largest_drop == 0:
        return words + say("why.no_drop", language)
    return words + say("why.drop", language, points=f"{100 * found.largest_drop:.1f}")


def effect_words(effect: CoverEffect, language: str) -> str:
    """What the map is worth: the scores with what it names covered, and with random places; empty for an empty map."""
    if not effect.covered:
        return ""
    return say(
        "why.worth" if effect.is_worth_the_name else "why.not_worth",
        language,
        part=percent(effect.covered, language),
        without=tenths(effect.score_without, language),
        elsewhere=tenths(effect.score_without_random, language),
    )


def agreement_words(found: Agreement, language: str) -> str:
    """Whether HiResCAM and occlusion name the same places."""
    return say(f"why.methods_{found.verdict}", language, overlap=percent(found.overlap, language))


def map_figure(image: Image.Image, found: HeatMap, language: str) -> str:
    """HTML: the glow of the map over the image, a scale and a download."""
    steps = np.linspace(0, 1, 9)
    colors = zip(colored(steps).tolist(), steps, strict=True)
    stops = ",".join(f"rgb({red} {green} {blue}/{value:.3f})" for (red, green, blue), value in colors)
    return (
        f"{_layers(image, data_uri(image), found, language)}"
        f"<div class='scale' aria-hidden='true'><span>{say('why.least', language)}</span>"
        f"<i style='background:linear-gradient(to right,{stops})'></i><span>{say('why.most', language)}</span></div>"
        f"<a class='download' download='heat-map.png' href='{data_uri(overlay(image, found))}'>"
        f"{say('why.download', language)}</a>"
    )


def glow_figure(image: Image.Image, found: HeatMap | None, language: str) -> str:
    """HTML: what the network saw, in few bytes, with the glow of the map over it where there is one."""
    return _layers(image, _compressed_uri(image), None if found is None or found.is_empty else found, language)


def _layers(image: Image.Image, source: str, found: HeatMap | None, language: str) -> str:
    """HTML: an image of this source, and the glow of the map over it; style.css has its opacity."""
    squares = " squares" if image.height < SMALL else ""
    shape = f"style='aspect-ratio:{image.width}/{image.height}'"
    if found is None:
        words = html.escape(say("classify.seen_alt", language))
        return f"<figure class='heat' {shape}><img class='under{squares}' alt='{words}' src='{source}'></figure>"
    return (
        f"<figure class='heat' {shape}><img class='under{squares}' alt='' src='{source}'>"
        f"<img class='colors' alt='{html.escape(map_words(found, language))}' src='{data_uri(glow(found))}'></figure>"
    )


def sheet_figures(stages: Sequence[StageMaps], language: str) -> str:
    """HTML: the sheet of each stage under a line that says what it is."""
    figures = []
    for stage in stages:
        name = part_name(stage.name, language)
        facts = {"name": name, "channels": stage.channels, "height": stage.height, "width": stage.width}
        words = html.escape(say("why.stage", language, **facts, shown=len(stage.shown)))
        alt = html.escape(say("why.stage_alt", language, name=name, shown=len(stage.shown)))
        image = f"<img alt='{alt}' width='{stage.sheet.width}' src='{data_uri(stage.sheet)}'>"
        figures.append(f"<figure class='sheet'><figcaption>{words}</figcaption>{image}</figure>")
    return "".join(figures)


def part_name(name: str, language: str) -> str:
    """What a reader calls a stage or a block that the weights call "layer3.0": stage 3, block 1."""
    stage, block = place_in_network(name)
    if stage is None:
        return say("why.stem", language) if name == "stem" else name
    key = "why.stage_number" if block is None else "why.block_number"
    return say(key, language, stage=stage, block=block)


def block_words(effects: Sequence[BlockEffect], label: str, language: str) -> str:
    """Two sentences: which block is missed most, and how many are not."""
    whole = effects[0].score
    worst = min(effects, key=lambda effect: effect.score_without)
    return say(
        "why.blocks_found",
        language,
        label=label,
        percent=percent(whole, language),
        name=part_name(worst.name, language),
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
        score = _bar(effect.score_without, html.escape(tenths(effect.score_without, language)))
        name = f"{html.escape(part_name(effect.name, language))} <code>{html.escape(effect.name)}</code>"
        rows.append(f"<tr><th scope='row'>{name}</th>{size}{score}</tr>")
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

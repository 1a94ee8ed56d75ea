"""Many files of one visitor -> an answer for each picture in them, a few at a time so that others come in between."""

from __future__ import annotations

import asyncio
import base64
import html
import io
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from resnet_hub.classifier import Prediction
from resnet_hub.demo.inference import Inference
from resnet_hub.demo.open_model import OpenModel
from resnet_hub.demo.refusal import Refusal, refusal_of
from resnet_hub.demo.wording import csv_text, percent
from resnet_hub.demo.words import say
from resnet_hub.picture_archive import ArchiveLimits, FailedPicture, NamedPicture, pictures_in

TOGETHER = 8
"""Pictures of one visitor that are under way at the same time."""
SHOWN = 200
"""Pictures in the gallery at most."""
THUMBNAIL = 112
"""Sides of a picture in the gallery at most, in pixels."""


@dataclass(frozen=True)
class SortedPicture:
    """One picture and what it was taken for, or why it was not."""

    name: str
    """The file; a stranger's text."""
    predictions: Sequence[Prediction] = ()
    """The best classes, best first; none where there is a problem."""
    problem: str | None = None
    """One sentence."""
    thumbnail: bytes = b""
    """The picture that the network saw, small, as a JPEG file."""


async def sorted_pictures(
    inference: Inference, model: OpenModel, files: Sequence[tuple[str, Path]], top_k: int, language: str
) -> AsyncIterator[list[SortedPicture]]:
    """All pictures so far, again after every few, in the order of the files.

    Args:
        inference: Whose limits hold.
        model: The network that answers.
        files: Names and places of pictures and zips.
        top_k: Classes of each answer.
        language: That of the problems.
    """
    settings = inference.settings
    limits = ArchiveLimits(pictures=settings.max_pictures, picture_bytes=settings.max_file_mb * 1_000_000)
    found = pictures_in(files, limits)
    answers: list[SortedPicture] = []

    while batch := await inference.aside(_first, found, TOGETHER):
        answers += await asyncio.gather(*(_sorted(inference, model, one, top_k, language) for one in batch))
        yield list(answers)


def _first(found: Iterator[NamedPicture | FailedPicture], count: int) -> list[NamedPicture | FailedPicture]:
    """The next few of an iterator; none at its end."""
    return list(islice(found, count))


async def _sorted(
    inference: Inference, model: OpenModel, found: NamedPicture | FailedPicture, top_k: int, language: str
) -> SortedPicture:
    if isinstance(found, FailedPicture):
        return SortedPicture(found.name, problem=refusal_of(Refusal(found.reason), language).sentence)
    try:
        answer = await inference.answer(model, found.data, top_k, found.name)
    except Exception as error:
        return SortedPicture(found.name, problem=refusal_of(error, language).sentence)
    small = await inference.aside(_thumbnail, answer.classification.seen)
    return SortedPicture(found.name, answer.classification.predictions, thumbnail=small)


def _thumbnail(picture: Image.Image) -> bytes:
    small = picture.convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    return file.getvalue()


def table_rows(pictures: Sequence[SortedPicture]) -> list[list[str]]:
    """File, class, score and second class of each picture that was classified."""
    return [
        [one.name, one.predictions[0].label, f"{one.predictions[0].score:.6f}", _second(one)]
        for one in pictures
        if one.problem is None
    ]


def _second(one: SortedPicture) -> str:
    return one.predictions[1].label if len(one.predictions) > 1 else ""


def downloads(pictures: Sequence[SortedPicture], language: str) -> str:
    """HTML: links that hold the answers themselves, as CSV and as JSON."""
    rows: list[tuple[object, ...]] = []
    for one in pictures:
        best = one.predictions[0] if one.predictions else None
        rows.append(
            (one.name, best.label if best else "", f"{best.score:.9f}" if best else "", _second(one), one.problem or "")
        )
    table = csv_text(("file", "class", "score", "second_class", "problem"), rows)
    values = json.dumps([as_json(one) for one in pictures], ensure_ascii=False)
    links = (("csv", "text/csv", table), ("json", "application/json", values))
    return " ".join(
        f"<a class='download' download='answers.{kind}' href='data:{mime};charset=utf-8,{html.escape(quote(text))}'>"
        f"{html.escape(say(f'batch.{kind}', language))}</a>"
        for kind, mime, text in links
    )


def as_json(one: SortedPicture) -> dict[str, object]:
    """The answer to one picture, for programs."""
    ranked = [{"label": best.label, "index": best.index, "score": best.score} for best in one.predictions]
    return {"name": one.name, "predictions": ranked, "problem": one.problem}


def failures(pictures: Sequence[SortedPicture], language: str) -> str:
    """HTML: the files that failed, by name, with their reasons; empty where none did."""
    lines = "".join(
        f"<li><b>{html.escape(one.name)}</b>: {html.escape(one.problem)}</li>" for one in pictures if one.problem
    )
    return f"<h3>{html.escape(say('batch.failed', language))}</h3><ul class='failed'>{lines}</ul>" if lines else ""


def gallery(pictures: Sequence[SortedPicture], language: str) -> str:
    """HTML: the pictures by predicted class, the largest class first and open."""
    classes: defaultdict[str, list[SortedPicture]] = defaultdict(list)
    good = [one for one in pictures if one.problem is None]
    for one in good[:SHOWN]:
        classes[one.predictions[0].label].append(one)
    if not classes:
        return ""
    ordered = sorted(classes.items(), key=lambda row: -len(row[1]))
    groups = "".join(_group(name, members, language, index == 0) for index, (name, members) in enumerate(ordered))
    rest = f"<p class='quiet'>{say('batch.shown', language, count=SHOWN)}</p>" if len(good) > SHOWN else ""
    return f"<h3>{html.escape(say('batch.gallery', language))}</h3>{groups}{rest}"


def _group(name: str, members: Sequence[SortedPicture], language: str, is_open: bool) -> str:
    figures = "".join(
        f"<figure><img alt='{html.escape(one.name)}' src='data:image/jpeg;base64,"
        f"{base64.b64encode(one.thumbnail).decode()}'><figcaption>{html.escape(one.name)} "
        f"{percent(one.predictions[0].score, language)}</figcaption></figure>"
        for one in members
    )
    summary = f"<summary>{html.escape(name)} ({len(members)})</summary>"
    return f"<details{' open' if is_open else ''}>{summary}<div class='gallery'>{figures}</div></details>"

"""What the page says, in English and in simplified Chinese: `words/*.toml`, a file for each part of the page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from resnet_hub.errors import LANGUAGES

FOLDER = Path(__file__).with_name("words")
# A place to be filled, with the spaces around it; and what Chinese writes without a space to its neighbors.
PLACE = re.compile(r"( ?)\{(\w+)\}( ?)")
CHARACTER = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


@cache
def all_words() -> Mapping[str, Mapping[str, str]]:
    """Every text by its key, "part.name", in each language. A text without one of them is a mistake of ours."""
    words = {}
    for file in sorted(FOLDER.glob("*.toml")):
        for name, texts in tomllib.loads(file.read_text("utf-8")).items():
            if set(texts) != set(LANGUAGES):
                raise KeyError(f"{file.name}: {name} is in {sorted(texts)}, expected {LANGUAGES}")
            words[f"{file.stem}.{name}"] = texts
    return words


def label(key: str) -> Any:
    """A text that the browser puts into its own language: for labels, headings and all that stands still.

    Its `str` may stand inside of HTML, in attributes too. The headers of tables are not among what gradio translates;
    `say` them in an event.
    """
    all_words()[key]  # a key that is nowhere fails here, and not in a visitor's browser
    return gr.I18n()(key)


def own_label(page: gr.Blocks, texts: Mapping[str, str]) -> Any:
    """As `label`, for a text that only this page has, in each language."""
    if not hasattr(page, "own_words"):
        page.own_words = {}
    key = f"own.{len(page.own_words)}"
    page.own_words[key] = texts
    return gr.I18n()(key)


def translations(own: Mapping[str, Mapping[str, str]] | None = None) -> gr.I18n:
    """All texts, and those that a page has of its `own`, for `launch(i18n=...)`."""
    words = {**all_words(), **(own or {})}
    by_language = {language: {key: texts[language] for key, texts in words.items()} for language in LANGUAGES}
    return gr.I18n(**by_language, zh=by_language["zh-CN"])


def say(key: str, language: str, **values: object) -> str:
    """The text in this language, with its {places} filled: for what an event answers."""
    text = all_words()[key][language]
    return (text if language == LANGUAGES[0] else _closed_up(text, values)).format(**values)


def _closed_up(text: str, values: Mapping[str, object]) -> str:
    """The text without the spaces between its characters and those that fill its {places}: Chinese has none there."""

    def beside(place: re.Match[str]) -> str:
        before, name, after = place.groups()
        value, outside = str(values[name]), (text[max(0, place.start() - 1) : place.start()], text[place.end() :])
        first = "" if CHARACTER.match(value) and CHARACTER.match(outside[0]) else before
        last = "" if CHARACTER.match(value[-1:]) and CHARACTER.match(outside[1]) else after
        return f"{first}{{{name}}}{last}"

    return PLACE.sub(beside, text)


def language_of(request: gr.Request | None) -> str:
    """The language of `LANGUAGES` that the browser behind a request prefers; English for programs."""
    preferred = request.headers.get("accept-language", "") if request is not None and request.request else ""
    for choice in preferred.split(","):
        tag = choice.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-CN"
        if tag:
            return "en"
    return LANGUAGES[0]

"""What the page says in each language, as its script takes it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("words.toml")


@cache
def page_words() -> Mapping[str, Mapping[str, str]]:
    """Every text by its key, in each language."""
    return tomllib.loads(FILE.read_text("utf-8"))


def in_each_language(key: str, **values: object) -> dict[str, str]:
    """A text with its {places} filled, by language."""
    return {language: text.format(**values) for language, text in page_words()[key].items()}

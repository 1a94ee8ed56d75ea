"""Errors on their way to a visitor: a sentence of ours in a toast, everything else in the log."""

from __future__ import annotations

import functools
import html
import inspect
import logging
import re
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from resnet_hub.demo.text.words import LANGUAGES, language_of
from resnet_hub.errors import ResNetHubError

log = logging.getLogger(__name__)

Event = TypeVar("Event", bound=Callable[..., Any])
PATTERNS = Path(__file__).with_name("refusals.toml")
FAULT = "Something went wrong on the server; the page lives on, please try again."


class Refusal(gr.Error):  # type: ignore[misc]  # gradio has no types
    """A sentence for a visitor; where nothing else shows it, gradio does, in a toast."""

    def __init__(self, sentence: str) -> None:
        ended = sentence if is_chinese(sentence) else sentence.rstrip(".") + "."
        self.sentence = ended[:1].upper() + ended[1:]
        # Toasts are HTML, and the names of files and classes in a sentence are a stranger's text.
        super().__init__(html.escape(self.sentence, quote=False), print_exception=False)


def refusal_of(error: Exception, language: str = LANGUAGES[0]) -> Refusal:
    """What a visitor reads of an error: its own sentence where it was made for people, else that there was a fault."""
    if isinstance(error, Refusal):
        refusal = error
    elif isinstance(error, ResNetHubError):
        refusal = Refusal(str(error))
    else:
        log.error("an event of the page failed", exc_info=error)
        refusal = Refusal(FAULT)
    return Refusal(translated(refusal.sentence, language))


def is_chinese(sentence: str) -> bool:
    """Whether it is a translation already; names of files and classes say nothing of that, only how it ends."""
    return sentence.endswith("。")


def translated(sentence: str, language: str) -> str:
    """A sentence of refusal in this language."""
    if language == LANGUAGES[0] or is_chinese(sentence):
        return sentence
    for pattern, texts in _patterns():
        if found := pattern.fullmatch(sentence):
            return texts[language].format(**found.groupdict())
    return sentence


@cache
def _patterns() -> list[tuple[re.Pattern[str], Mapping[str, str]]]:
    """What refusals look like, with their translations; what fits everything is the last."""
    rows = list(tomllib.loads(PATTERNS.read_text("utf-8")).values())
    return [(re.compile(row["pattern"], re.DOTALL), row) for row in (*rows[1:], rows[0])]


def with_refusals(function: Event) -> Event:
    """`function`, plain or async or an async generator, as an event: whatever it raises, a visitor reads a sentence."""
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def streamed(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            try:
                async for part in function(*arguments, **named):
                    yield part
            except Exception as error:
                raise refusal_of(error, _language(arguments, named)) from error

        return streamed  # type: ignore[return-value]

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            try:
                return await function(*arguments, **named)
            except Exception as error:
                raise refusal_of(error, _language(arguments, named)) from error

        return awaited  # type: ignore[return-value]

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except Exception as error:
            raise refusal_of(error, _language(arguments, named)) from error

    return guarded  # type: ignore[return-value]


def _language(arguments: Sequence[Any], named: Mapping[str, Any]) -> str:
    """The language of the visitor behind an event, where it asked gradio for the request."""
    requests = (value for value in (*arguments, *named.values()) if isinstance(value, gr.Request))
    return language_of(next(requests, None))

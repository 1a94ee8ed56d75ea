"""Errors on their way to a visitor: a sentence of ours in a toast, everything else in the log."""

from __future__ import annotations

import functools
import html
import inspect
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import gradio as gr

from resnet_hub.errors import ResNetHubError

log = logging.getLogger(__name__)

Event = TypeVar("Event", bound=Callable[..., Any])
FAULT = "Something went wrong on the server; the page lives on, please try again."


class Refusal(gr.Error):  # type: ignore[misc]  # gradio has no types
    """A sentence for a visitor; where nothing else shows it, gradio does, in a toast."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence[:1].upper() + sentence[1:].rstrip(".") + "."
        # Toasts are HTML, and the names of files and classes in a sentence are a stranger's text.
        super().__init__(html.escape(self.sentence, quote=False), print_exception=False)


def refusal_of(error: Exception) -> Refusal:
    """What a visitor reads of an error: its own sentence where it was made for people, else that there was a fault."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, ResNetHubError):
        return Refusal(str(error))
    log.error("an event of the page failed", exc_info=error)
    return Refusal(FAULT)


def with_refusals(function: Event) -> Event:
    """`function`, plain or async or an async generator, as an event: whatever it raises, a visitor reads a sentence."""
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def streamed(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            try:
                async for part in function(*arguments, **named):
                    yield part
            except Exception as error:
                raise refusal_of(error) from error

        return streamed  # type: ignore[return-value]

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            try:
                return await function(*arguments, **named)
            except Exception as error:
                raise refusal_of(error) from error

        return awaited  # type: ignore[return-value]

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except Exception as error:
            raise refusal_of(error) from error

    return guarded  # type: ignore[return-value]

"""Errors on their way to a visitor: a sentence of ours in a toast, everything else in the log."""

from __future__ import annotations

import functools
import html
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gradio as gr

from resnet_hub.errors import ResNetHubError

log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Refusal(gr.Error):  # type: ignore[misc]  # gradio has no types
    """A sentence for a visitor; where nothing else shows it, gradio does, in a toast."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence[:1].upper() + sentence[1:].rstrip(".") + "."
        # Toasts are HTML, and the names of files and classes in a sentence are a stranger's text.
        super().__init__(html.escape(self.sentence, quote=False), print_exception=False)


def with_refusals(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """`function` for use as an event: whatever it raises, a visitor reads one sentence and no server path."""

    @functools.wraps(function)
    def guarded(*arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        try:
            return function(*arguments, **named)
        except gr.Error:
            raise
        except ResNetHubError as error:
            raise Refusal(str(error)) from error
        except Exception as error:
            log.exception("an event of the page failed")
            raise Refusal("Something went wrong on the server; the page lives on, please try again.") from error

    return guarded

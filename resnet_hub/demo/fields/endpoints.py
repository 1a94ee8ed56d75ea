"""API endpoints for programs: an endpoint is a function behind hidden fields."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, get_type_hints

import gradio as gr
from gradio_client.utils import python_type_to_json_schema

from resnet_hub.demo.overrides import describe_in_api
from resnet_hub.demo.text import sentence_of

AT_ONCE = 32
"""Events of one kind that run concurrently; further ones wait in the queue.

While some of them are at the network, others are decoded and the next batch gathers: fewer, and it would be idle.
"""


def endpoint(
    function: Callable[..., Any],
    name: str,
    inputs: Sequence[gr.components.Component],
    *,
    at_once: int | None = None,
    queue: str | None = None,
) -> None:
    """Offers an async function to programs under /name; its docstring and its types are the documentation.

    Args:
        function: Takes what the inputs' fields hold, unprocessed; returns JSON of the type that it declares.
        name: What programs call it.
        inputs: Hidden fields; their labels and defaults stand in the documentation.
        at_once: Calls that run concurrently.
        queue: The name of the queue that it shares; one of its own where absent.
    """
    answer = gr.JSON(visible=False, label="Answer")
    schema = python_type_to_json_schema(get_type_hints(function)["return"])
    describe_in_api(answer, schema)

    @functools.wraps(function)
    async def answered(*arguments: Any, **named: Any) -> Any:
        try:
            return await function(*arguments, **named)
        except Exception as error:
            # Plain text, for no toast shows it.
            raise gr.Error(sentence_of(error), print_exception=False) from error

    answered.__doc__ = flat_docstring(function)
    gr.Button(visible=False).click(
        answered,
        list(inputs),
        answer,
        preprocess=False,
        api_name=name,
        concurrency_limit=AT_ONCE if at_once is None else at_once,
        concurrency_id=queue or name,
    )


def flat_docstring(function: Callable[..., Any]) -> str:
    """The docstring with one line for each argument and one for the return value; gradio parses it by lines."""
    head, returns, tail = (inspect.getdoc(function) or "").partition("\nReturns:\n")
    return re.sub(r"\n {8,}(?=\S)", " ", head) + (f"{returns}    {' '.join(tail.split())}" if returns else "")

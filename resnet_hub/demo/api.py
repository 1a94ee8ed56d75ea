"""Names that programs call: an endpoint beside the tabs, with inputs and an answer of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_type_hints

import gradio as gr
from gradio_client.utils import python_type_to_json_schema

from resnet_hub.demo.refusal import with_refusals

AT_ONCE = 24
"""Events that are worked on at the same time; further ones wait in gradio's queue."""


def endpoint(
    function: Callable[..., Any],
    name: str,
    inputs: Sequence[gr.components.Component],
    *,
    at_once: int = AT_ONCE,
    queue: str | None = None,
) -> None:
    """Offers an async function to programs under /name; its docstring and its types are the documentation.

    Args:
        function: Takes what the inputs' fields hold, unprocessed; returns JSON of the type that it declares.
        name: What programs call it.
        inputs: Fields nobody sees, made in a hidden row; their labels and defaults stand in the documentation.
        at_once: Calls that are worked on at the same time.
        queue: The name of the queue that it shares; one of its own where absent.
    """
    answer = gr.JSON(visible=False, label="Answer")
    schema = python_type_to_json_schema(get_type_hints(function)["return"])
    answer.api_info = lambda: schema
    gr.Button(visible=False).click(
        with_refusals(function),
        list(inputs),
        answer,
        preprocess=False,
        api_name=name,
        concurrency_limit=at_once,
        concurrency_id=queue or name,
    )

"""What the documentation of the API says of a field, in place of what gradio says of the field's kind.

Bends `Component.api_info`, `example_payload` and `example_inputs`, because a subclass of a component, the usual way,
makes gradio write a stub file beside its source, and its own schemas are either of any JSON or full of references.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import gradio as gr


def describe_in_api(
    field: gr.components.Component, schema: Mapping[str, Any] | None = None, example: object = None
) -> None:
    """Documents what a field holds, for programs and for agents.

    Args:
        field: A field of an endpoint.
        schema: The JSON schema of its value; gradio's where absent.
        example: Its value in the snippets on the page of the API; gradio's where absent.
    """
    if schema is not None:
        field.api_info = lambda: schema
    if example is not None:
        field.example_payload = field.example_inputs = lambda: deepcopy(example)

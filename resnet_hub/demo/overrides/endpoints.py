"""Names that programs call: endpoints beside the tabs, and a sentence for whatever is sent to them by mistake."""

from __future__ import annotations

import functools
import inspect
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, get_type_hints

import gradio as gr
from fastapi import Request
from fastapi.responses import JSONResponse
from gradio.exceptions import InvalidPathError
from gradio.route_utils import FnIndexInferError
from gradio_client.utils import is_http_url_like, python_type_to_json_schema

from resnet_hub.demo.text import PageError, language_of, refusal_of, sentence_of
from resnet_hub.errors import ResNetHubError

log = logging.getLogger(__name__)

AT_ONCE = 32
"""Events of one kind that are worked on at the same time; further ones wait in line.

While some of them are at the network, others are decoded and the next batch gathers: fewer, and it would be idle.
"""
UPLOAD = "/gradio_api/upload"
NAMED = "/gradio_api/call/v2/"
"""Where programs send their values by name, which gradio looks up before any code of ours runs."""


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
        inputs: Fields nobody sees, made in a hidden row; their labels and defaults stand in the documentation.
        at_once: Calls that are worked on at the same time.
        queue: The name of the queue that it shares; one of its own where absent.
    """
    answer = gr.JSON(visible=False, label="Answer")
    schema = python_type_to_json_schema(get_type_hints(function)["return"])
    answer.api_info = lambda: schema

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
    """The docstring with one line for each argument and one for what comes back; gradio reads it by lines."""
    head, returns, tail = (inspect.getdoc(function) or "").partition("\nReturns:\n")
    return re.sub(r"\n {8,}(?=\S)", " ", head) + (f"{returns}    {' '.join(tail.split())}" if returns else "")


def refuse_what_no_field_holds(page: gr.Blocks) -> None:
    """Keeps what no field can hold from all events of the page, in sentences; gradio answers programs with none."""
    take, process = page.preprocess_data, page.process_api
    visitor: ContextVar[gr.Request | None] = ContextVar("visitor", default=None)

    async def process_for(*given: Any, request: Any = None, **named: Any) -> Any:
        visitor.set(request if isinstance(request, gr.Request) else None)
        return await process(*given, request=request, **named)

    def refused(event: Any, error: ResNetHubError) -> gr.Error:
        """In the visitor's language where a tab asked, for programs in English."""
        return refusal_of(error, language_of(visitor.get() if event.api_visibility == "private" else None))

    async def take_or_refuse(event: Any, inputs: list[Any], *rest: Any, **named: Any) -> Any:
        try:
            _check_count(event, len(inputs))
            _refuse_addresses(event.inputs, inputs)
            return await take(event, inputs, *rest, **named)
        except gr.Error:
            raise
        except ResNetHubError as error:
            raise refused(event, error) from error
        except InvalidPathError as error:
            raise refused(event, PageError("intake.gone")) from error
        except Exception as error:
            log.debug("/%s was sent what it cannot take", event.api_name, exc_info=error)
            raise refused(event, PageError("page.upload_first", route=UPLOAD)) from error

    page.preprocess_data, page.process_api = take_or_refuse, process_for


def _check_count(event: Any, count: int) -> None:
    """Raises: PageError where an event was sent more or fewer values than it has fields."""
    names = [str(field.label) for field in event.inputs]
    if count != len(names):
        raise PageError(
            "page.values", endpoint=event.api_name, expected=len(names), names=", ".join(names), count=count
        )


def _refuse_addresses(fields: Sequence[Any], values: Sequence[Any]) -> None:
    """Raises: PageError where a file's path is an address; gradio fetches it, in any field, without our limits."""
    for field, value in zip(fields, values, strict=True):
        if getattr(field, "takes_addresses", False):
            continue
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Mapping):
                if is_http_url_like(part.get("path")):
                    raise PageError("page.one_address")
                waiting += part.values()
            elif isinstance(part, list):
                waiting += part


def refusals_of_requests(page: gr.Blocks) -> dict[str, Any]:
    """Options for FastAPI: requests that no endpoint can take get a sentence, where gradio knows none."""

    def no_endpoint(_request: Request, _error: Exception) -> JSONResponse:
        names = ", ".join(page.get_api_info()["named_endpoints"])
        return JSONResponse({"detail": f"There is no such endpoint; there are {names}."}, 404)

    def wrong_names(request: Request, error: Exception) -> JSONResponse:
        endpoints = page.get_api_info()["named_endpoints"]
        if not request.url.path.startswith(NAMED):
            raise error
        name = "/" + request.url.path.removeprefix(NAMED).strip("/")
        if name not in endpoints:
            return no_endpoint(request, error)
        names = ", ".join(parameter["parameter_name"] for parameter in endpoints[name]["parameters"])
        return JSONResponse({"detail": f"{name} takes these values by name: {names}."}, 400)

    return {"exception_handlers": {FnIndexInferError: no_endpoint, KeyError: wrong_names, TypeError: wrong_names}}

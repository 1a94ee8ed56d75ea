"""What programs send by mistake: a sentence for each, where gradio has none.

Bends `Blocks.preprocess_data` and `Blocks.process_api`, because gradio has no place to look at the values of an event
before it takes them, and what it raises there reaches a program without a word. `FnIndexInferError` is the only sign
that an endpoint is not there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import gradio as gr
from fastapi import Request
from fastapi.responses import JSONResponse
from gradio.exceptions import InvalidPathError
from gradio.route_utils import FnIndexInferError
from gradio_client.utils import is_http_url_like

from resnet_hub.demo.overrides.file_cache import takes_addresses
from resnet_hub.demo.text import PageError, language_of, refusal_of
from resnet_hub.errors import ResNetHubError

log = logging.getLogger(__name__)

UPLOAD = "/gradio_api/upload"
NAMED = "/gradio_api/call/v2/"
"""Where programs send their values by name, which gradio looks up before any code of ours runs."""


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
        if takes_addresses(field):
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
    """Options for FastAPI: exception handlers that answer requests no endpoint can take, where gradio has none."""

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

"""/health: whether the page answers, for whatever watches it; no network is run for it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from resnet_hub.demo.serving.model_pool import Shelf

PATH = "/health"
PATIENCE_SECONDS = 5.0
"""How long the thread of the networks may be busy with what it has; a batch takes less."""


def health_route(shelf: Shelf) -> Route:
    """GET /health: JSON with the status, the page's network and the one that is missing.

    The status is "ok", "stand-in" while another network stands in for the wanted one, or, with 503, "stuck" when the
    networks are busy for longer than any batch takes.
    """

    async def health(_request: Request) -> JSONResponse:
        shelf.look_again()
        is_free = await shelf.is_free(PATIENCE_SECONDS)
        status = "stuck" if not is_free else "stand-in" if shelf.missing else "ok"
        content = {"status": status, "model": shelf.own.name, "missing": shelf.missing}
        return JSONResponse(content, 200 if is_free else 503, headers={"Cache-Control": "no-store"})

    return Route(PATH, health)

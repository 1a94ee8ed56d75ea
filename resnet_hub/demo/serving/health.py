"""/health: a health check for monitoring; it runs no network."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from resnet_hub.demo.serving.networks import ModelPool

PATH = "/health"
PATIENCE_SECONDS = 5.0
"""How long the thread of the networks may be busy with what it has; a batch takes less."""


def health_route(pool: ModelPool) -> Route:
    """GET /health: JSON with the status, the page's network and the one that is missing.

    The status is "ok", "stand-in" while another network stands in for the wanted one, or, with 503, "stuck" when the
    networks are busy for longer than any batch takes.
    """

    async def health(_request: Request) -> JSONResponse:
        pool.look_again()
        is_free = await pool.is_free(PATIENCE_SECONDS)
        status = "stuck" if not is_free else "stand-in" if pool.missing else "ok"
        content = {"status": status, "model": pool.own.name, "missing": pool.missing}
        return JSONResponse(content, 200 if is_free else 503, headers={"Cache-Control": "no-store"})

    return Route(PATH, health)

"""A Hub on 127.0.0.1 that the real huggingface_hub, datasets, timm and transformers clients talk to by HF_ENDPOINT.

The server only: what the Hub remembers stands in state.py, its routes in the *_routes.py and uploads.py, what can go
wrong in faults.py. LFS transfers, no Xet.
"""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from typing import Any
from urllib.parse import unquote

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from . import (
    discussion_routes,
    file_routes,
    listing_routes,
    repository_routes,
    routes,
    space_routes,
    uploads,
)
from .faults import answer_with
from .repository import RefusalError, Repository
from .state import HubState

ROUTES = (
    listing_routes,
    space_routes,
    repository_routes,
    discussion_routes,
    routes,
    uploads,
    file_routes,
)


async def refuse(_request: Request, refusal: RefusalError) -> Response:
    if refusal.code == "EntryNotFound":
        return PlainTextResponse(refusal.message, refusal.status, refusal.headers)
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


async def refuse_unknown(request: Request, error: HTTPException) -> Response:
    """No such route: mostly an id without a namespace, which is a repository that nobody has."""
    hub: HubState = request.app.state.hub
    api = re.match(r"/api/(models|datasets|spaces)/([^/]+(?:/[^/]+)?)", request.url.path)
    missing = hub.lookup(api[1], api[2]) is None if api else "/resolve/" in request.url.path
    if missing:
        known = request.headers.get("authorization")
        message = "Repository not found" if known else "Invalid username or password."
        return await refuse(request, RefusalError(404 if known else 401, message, "RepoNotFound"))
    return await refuse(request, RefusalError(error.status_code, f"Cannot {request.method} {request.url.path}"))


class Entrance:
    """Notes and numbers each request, lets faults happen, and keeps %2F in a path apart from the slashes around it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.numbers = itertools.count(1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raw_path = scope["raw_path"].decode("ascii")
        hub: HubState = self.app.state.hub
        hub.requests.append((scope["method"], raw_path))
        fault = hub.fault_for(scope["method"], raw_path)
        scope = {**scope, "path": unquote(re.sub("%2f", "%252F", raw_path, flags=re.IGNORECASE))}
        if fault:
            await answer_with(fault, self.numbered, scope, receive, send)
        else:
            await self.numbered(scope, receive, send)

    async def numbered(self, scope: Any, receive: Any, send: Any) -> None:
        number = f"Root=1-{next(self.numbers):08x}".encode()

        async def send_numbered(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"x-request-id", number)]}
            await send(message)

        await self.app(scope, receive, send_numbered)


class FakeHub:
    """A running Hub: `with FakeHub() as hub: hub.url, hub.token, hub.state`. It ends with the block."""

    account = "alice"

    def __init__(self) -> None:
        self._app = FastAPI(openapi_url=None)
        for module in ROUTES:
            self._app.include_router(module.routes)
        self._app.add_exception_handler(RefusalError, refuse)
        self._app.add_exception_handler(HTTPException, refuse_unknown)
        self.reset()
        # With the protocol named, asyncio sends answers at once; otherwise each would wait 40 ms for the client's ACK.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            Entrance(self._app), log_level="warning", ws="none", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def reset(self) -> None:
        """Forgets everything but the address, and gives the account a new token."""
        self.state = self._app.state.hub = HubState()
        self.token = self.state.add_account(self.account)

    def __enter__(self) -> FakeHub:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def repository(self, repo_id: str, kind: str = "models") -> Repository:
        return self.state.repositories[kind, repo_id]

"""What can go wrong between the fake Hub and a client: each fault, and how its answer is spoilt on the wire."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from fastapi import Response


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of this method and path pattern, after `skip` that go well.

    With `status` the request is not carried out. Without, it is, and its answer comes late (`delay`), in part
    (`cut`) or altered (`corrupt`). With `drop` the connection is closed before the request is looked at.
    """

    method: str
    path: str
    status: int = 0
    message: str = "injected"
    code: str = ""
    times: int = 10**6
    retry_after: int | None = None
    """Seconds, for Retry-After and the Hub's own RateLimit headers."""
    delay: float = 0.0
    """Seconds before the answer starts."""
    cut: int | None = None
    """Bytes of the body that arrive before the connection is closed; Content-Length tells the whole. 0: no answer."""
    corrupt: bool = False
    """One bit of the body is another, its length and its ETag the same."""
    drop: bool = False
    skip: int = 0

    def meets(self, method: str, path: str) -> bool:
        """Whether it strikes now; counts the request."""
        if self.times <= 0 or method != self.method or not fnmatch(path, self.path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    @property
    def answer(self) -> Response:
        headers = {"X-Error-Message": self.message, "X-Error-Code": self.code}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
            headers["RateLimit"] = f'"api";r=0;t={self.retry_after}'
            headers["RateLimit-Policy"] = '"fixed window";"api";q=500;w=300'
        return Response(self.message, self.status, headers)


async def hang_up(send: Any, receive: Any) -> None:
    """Closes the connection, what was sent so far first."""
    send.__self__.transport.close()  # ASGI has no word for it; uvicorn's `send` belongs to the connection
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer_with(fault: Fault, app: Any, scope: Any, receive: Any, send: Any) -> None:
    """Lets `app` answer, and spoils the answer as the fault says."""
    if fault.drop:
        return await hang_up(send, receive)
    if fault.status:
        app = fault.answer
    messages: list[dict] = []

    async def keep(message: dict) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    await asyncio.sleep(fault.delay)
    body = b"".join(message.get("body", b"") for message in messages)
    if fault.corrupt and body:
        body = body[:-1] + bytes([body[-1] ^ 1])
    if fault.cut == 0:
        return await hang_up(send, receive)
    await send(messages[0])
    if fault.cut is None or fault.cut >= len(body):
        return await send({"type": "http.response.body", "body": body})
    await send({"type": "http.response.body", "body": body[: fault.cut], "more_body": True})
    await hang_up(send, receive)

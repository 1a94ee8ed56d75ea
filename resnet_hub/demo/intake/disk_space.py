"""Keeps uploads from filling the disk: below a reserve of free space they are refused."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from tempfile import gettempdir

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from resnet_hub.demo.text import PageError, language_of, sentence_of

log = logging.getLogger(__name__)

RESERVE_BYTES = 500_000_000
"""What stays free on the disk of uploads, for the page itself and all else that runs there."""
ROUTE = "/upload"
INSUFFICIENT_STORAGE = 507


def check_disk(coming: int = 0) -> None:
    """Raises: PageError where so many more bytes would leave less than the reserve free."""
    folder = Path(get_upload_folder())
    free = shutil.disk_usage(folder if folder.is_dir() else gettempdir()).free
    if free - coming < RESERVE_BYTES:
        log.warning("an upload of %s bytes was refused: the disk of %s has %s bytes left", coming, folder, free)
        raise PageError("intake.disk_full")


class RoomForUploads:
    """ASGI middleware in front of the page that answers uploads with 507 and a sentence while there is no room."""

    def __init__(self, app: ASGIApp) -> None:
        """In front of `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it before its body is read."""
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith(ROUTE):
            request = Request(scope)
            length = request.headers.get("content-length", "0")
            try:
                check_disk(int(length) if length.isascii() and length.isdigit() else 0)
            except PageError as error:
                sentence = sentence_of(error, language_of(gr.Request(request)))
                await PlainTextResponse(sentence, INSUFFICIENT_STORAGE)(scope, receive, send)
                return
        await self.app(scope, receive, send)

"""A style sheet that is there at the first paint, so that nothing moves when gradio's scripts bring the rest.

Stands in front of gradio's application and writes into its HTML, because what `launch(css=, head=)` adds is only there
once a browser has run the page; `</head>` is what it looks for.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = b"</head>"
BOLD = "./static/fonts/IBMPlexSans/IBMPlexSans-Bold.woff2"
"""The heading's letters, which the theme's style sheet asks for; others come later and are as wide."""


class FirstPaint:
    """ASGI middleware that puts the theme, the heading's font and a style sheet into the head of every HTML page."""

    def __init__(self, app: ASGIApp, page: gr.Blocks, style: Path) -> None:
        """In front of `app`, which serves `page`; `style` is a file of ours."""
        self.app, self.page = app, page
        self.style = f"<style>{style.read_text('utf-8')}</style>"

    def head(self) -> bytes:
        """What is added; the theme by the address under which gradio's scripts ask for it too."""
        theme = f'<link rel="stylesheet" href="./theme.css?v={self.page.theme_hash}">'
        font = f'<link rel="preload" href="{BOLD}" as="font" type="font/woff2" crossorigin>'
        return f"{theme}{font}{self.style}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and its answer back."""
        start: Message | None = None

        async def styled(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message  # its length is known with the body
            elif start is None:
                await send(message)
            else:
                first, start = start, None
                body = message.get("body", b"")
                if HEAD in body:
                    added = self.head()
                    message = {**message, "body": body.replace(HEAD, added + HEAD, 1)}
                    first = {**first, "headers": _longer(first["headers"], len(added))}
                await send(first)
                await send(message)

        await self.app(scope, receive, styled if scope["type"] == "http" else send)


def _is_page(message: MutableMapping[str, Any]) -> bool:
    return any(name.lower() == b"content-type" and b"text/html" in value for name, value in message["headers"])


def _longer(headers: list[tuple[bytes, bytes]], by: int) -> list[tuple[bytes, bytes]]:
    """The headers of an answer that is so many bytes longer."""
    return [
        (name, str(int(value) + by).encode() if name.lower() == b"content-length" else value) for name, value in headers
    ]

"""The stream on which a visitor's answers come: none is lost when it ends, and none stays open with nothing to come.

Bends `window.fetch` in the browser and two of gradio's routes, because the server ends the stream after a last answer
and the browser learns of it later. What a visitor asks for in between would be answered on a stream that is over, and
appear with the next thing that is asked for; and a browser that hears of an answer before it knows its number opens a
stream on which nothing comes, for as long as the page is open.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import fastapi
import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JOIN, STREAM = "/queue/join", "/queue/data"
HEADER = "x-answer-stream"
OVER = "over"
"""The header's value where the event came when the visitor's stream, if there ever was one, had ended."""
TOLD = "resnet_hub.answer_stream"
"""Where the scope of a request says so."""
MOST_WAIT_MS = 5000
"""How long a browser waits at most until it knows that its stream is over, in milliseconds."""
CLOSE = b'data: {"msg":"close_stream"}\n\n'

# In the browser. Gradio aborts the request of a stream as soon as it knows that the stream is over.
WAIT_FOR_THE_END = f"""() => {{
const fetched = window.fetch;
let over = Promise.resolve();
window.fetch = async (...given) => {{
  const path = new URL(given[0].url ?? given[0], location).pathname;
  if (path.endsWith('{STREAM}') && given[0].signal)
    over = new Promise(known => given[0].signal.addEventListener('abort', known));
  const response = await fetched(...given);
  if (path.endsWith('{JOIN}') && response.headers.get('{HEADER}') === '{OVER}')
    await Promise.race([over, new Promise(done => setTimeout(done, {MOST_WAIT_MS}))]);
  return response;
}} }}"""


def lose_no_answer(page: gr.Blocks) -> None:
    """Lets each browser wait for the end of a stream that is over; called inside of the page, before other events."""
    page.load(None, js=WAIT_FOR_THE_END, api_visibility="private")


def note_the_end(queue: Any, session_hash: str | None, request: fastapi.Request) -> None:
    """Notes, before an event is taken into the queue, whether its visitor's stream is over by now."""
    told = request.scope.get(TOLD)
    if told is not None:
        told["over"] = not queue.pending_event_ids_session.get(session_hash)


class AnswerStream:
    """Middleware: tells the browser which of its events came when its stream was over, and ends streams of nothing."""

    def __init__(self, app: ASGIApp, page: gr.Blocks) -> None:
        """In front of the app of a page, which need not be launched yet."""
        self._app, self._page = app, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope.get("path", "")
        if path.endswith(JOIN):
            await self._join(scope, receive, send)
        elif path.endswith(STREAM) and self._has_nothing_to_come(scope):
            await Response(CLOSE, media_type="text/event-stream")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        told: dict[str, bool] = {}

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and told.get("over"):
                MutableHeaders(scope=message)[HEADER] = OVER
            await send(message)

        await self._app({**scope, TOLD: told}, receive, sent)

    def _has_nothing_to_come(self, scope: Scope) -> bool:
        """Whether a visitor, whom the queue knows, is owed no answer."""
        queue = self._page._queue
        (visitor,) = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash") or [""]
        messages = queue.pending_messages_per_session.get(visitor)
        return messages is not None and messages.empty() and not queue.pending_event_ids_session.get(visitor)

"""The queue in which visitors wait: gradio's, with a sentence for when it is full, and which forgets those who left.

Bends `Blocks._queue` and what is inside `Queue`, because gradio has no way to choose the class, counts events for which
there is room as waiting, computes on for visitors who left, and keeps something of every event for ever.
"""

from __future__ import annotations

from typing import Any

import fastapi
import gradio as gr
from gradio.queueing import Queue
from gradio.server_messages import ProcessCompletedMessage

from resnet_hub.demo.text import language_of, say

RETRY_SECONDS = 5
"""Retry-After in seconds for those who found no place."""
PLACES = 256
"""Events of all kinds that run concurrently; gradio's 40 would let one kind take the places of all."""
REMEMBERED = 4000
"""Visitors of whom the queue knows that all is answered, before it forgets them."""
LOOK_SECONDS = 0.005
"""Polling interval of the queue in seconds. Gradio polls every millisecond, idle or not, which costs more."""
PROGRESS_SECONDS = 0.05
"""Polling interval for progress to report, in seconds; gradio polls every ten milliseconds."""


def use_page_queue(page: gr.Blocks, max_waiting: int) -> None:
    """Gives a page that is built, and not launched, a queue in which `max_waiting` events may wait."""
    page.queue()
    page._queue = PageQueue(page, max_waiting)


class PageQueue(Queue):  # type: ignore[misc]  # gradio has no types
    """Gradio's queue; nothing in it grows with the number of events that ever were."""

    def __init__(self, page: gr.Blocks, max_waiting: int) -> None:
        """The queue of a page; gradio's own limit, `max_size`, would count those too for which there is room."""
        super().__init__(
            live_updates=True,
            concurrency_count=PLACES,
            update_intervals=1,
            max_size=None,
            blocks=page,
        )
        self.max_waiting = max_waiting
        self.sleep_when_free, self.progress_update_sleep_when_free = LOOK_SECONDS, PROGRESS_SECONDS
        self.ANALYTICS_MAX_EVENTS = 1

    async def push(self, body: Any, request: fastapi.Request, username: str | None) -> Any:
        """Takes an event into the queue. Raises: HTTPException with a sentence where it is full."""
        self._forget_the_answered()
        if self._waiting() >= self.max_waiting:
            sentence = say("page.full", language_of(gr.Request(request)), waiting=self.max_waiting)
            raise fastapi.HTTPException(503, sentence, {"Retry-After": str(RETRY_SECONDS)})
        return await super().push(body, request, username)

    async def clean_events(self, *, session_hash: str | None = None, event_id: str | None = None) -> None:
        """Forgets a visitor who left, who waits no more and for whom nothing more is computed."""
        await super().clean_events(session_hash=session_hash, event_id=event_id)
        left = {event._id for job in self.active_jobs if job for event in job if not event.alive}
        for task in list(self._asyncio_tasks):
            # Gradio names the task of an event "session_function<gradio-sep>event".
            if task.get_name().rpartition("<gradio-sep>")[2] in left:
                task.cancel()

    async def end_waiting(self, session_hash: str | None, function: int | None) -> None:
        """Takes a visitor's events of one function, by its number, out of the queue, and tells the browser so."""
        waiting = [event for kind in self.event_queue_per_concurrency_id.values() for event in kind.queue]
        for event in waiting:
            if event.session_hash == session_hash and event.fn._id == function:
                await self.remove_from_queue(event._id)
                self.send_message(event, ProcessCompletedMessage(output={}, success=True))

    def compute_analytics_summary(self, records: Any) -> dict[str, Any]:
        """Nothing: gradio would sum up, after each answer, the last 10,000 of them for a page that is never shown."""
        return self.cached_event_analytics_summary

    def _waiting(self) -> int:
        """Events for which there is no room yet."""
        kinds = self.event_queue_per_concurrency_id.values()
        rooms = (PLACES if kind.concurrency_limit is None else kind.concurrency_limit for kind in kinds)
        return sum(
            max(0, len(kind.queue) + kind.current_concurrency - room) for kind, room in zip(kinds, rooms, strict=True)
        )

    def _forget_the_answered(self) -> None:
        """Gradio keeps a set for each visitor, and each request of a program counts as one, for ever."""
        if len(self.pending_event_ids_session) > REMEMBERED:
            for session in list(self.pending_event_ids_session):
                pending = self.pending_event_ids_session[session]
                if not pending or session not in self.pending_messages_per_session:
                    del self.pending_event_ids_session[session]

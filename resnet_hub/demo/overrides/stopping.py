"""How a visitor's run is begun and stopped, so that no press is lost in between.

Not by gradio's `cancels`: the browser then names the run to `/cancel`, which ends whatever run of the same button the
visitor has by then, and counts the run as there until all of it is answered, so that a press meanwhile begins nothing.
Leans on gradio's browser part asking the listeners of one press in their order, and on `then` and `failure` coming when
it has forgotten the run; and on what a visitor waits with in the queue, see `PageQueue.end_waiting`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any, TypeVar

import gradio as gr

Part = TypeVar("Part")
# In the browser: whether the button that begins a run can be pressed.
OFF = "() => ({__type__: 'update', interactive: false})"
ON = "() => ({__type__: 'update', interactive: true})"


class Stops:
    """The runs of one button, of which each visitor has one at a time and can stop it."""

    def __init__(self, page: gr.Blocks) -> None:
        """Nobody's run; those that wait do so in the page's queue."""
        self._page = page
        self._number: int | None = None
        self._stops: dict[str | None, asyncio.Event] = {}

    def begin_on(
        self, button: gr.Button, function: Callable[..., Any], inputs: Any, outputs: Any, **event: Any
    ) -> None:
        """Begins a run at a press of the button, which cannot be pressed again until the browser knows that it is over.

        Args:
            button: What is pressed.
            function: Gives what `parts` gives.
            inputs: Its inputs.
            outputs: What it fills.
            event: All else that gradio takes of an event.
        """
        button.click(None, None, button, js=OFF, api_visibility="private")
        run = button.click(function, inputs, outputs, api_visibility="private", **event)
        self._number = run["id"]
        for over in (run.then, run.failure):
            over(None, None, button, js=ON, api_visibility="private")

    async def stop(self, visitor: str | None) -> bool:
        """Ends the visitor's run; whether there was one that has begun, which then says so itself."""
        await self._page._queue.end_waiting(visitor, self._number)
        stop = self._stops.get(visitor)
        if stop is not None:
            stop.set()
        return stop is not None

    async def parts(
        self, visitor: str | None, run: AsyncGenerator[Part, None], last: Part | None = None
    ) -> AsyncGenerator[Part, None]:
        """What comes of the visitor's run until it ends or is stopped; then it is closed.

        Args:
            visitor: Whose run it is.
            run: What it gives, none of which is None.
            last: What comes at the end of a run that was stopped.
        """
        stop = self._stops[visitor] = asyncio.Event()
        stopped: asyncio.Task[Any] = asyncio.create_task(stop.wait())
        try:
            async with aclosing(run):
                while (part := await _unless(stopped, run)) is not None:
                    yield part
            if stop.is_set() and last is not None:
                yield last
        finally:
            stopped.cancel()
            if self._stops.get(visitor) is stop:
                del self._stops[visitor]


async def _unless(stopped: asyncio.Task[Any], run: AsyncGenerator[Part, None]) -> Part | None:
    """The next part of a run; None at its end, and where it is stopped before."""
    coming: asyncio.Future[Any] = asyncio.ensure_future(anext(run, None))
    try:
        await asyncio.wait({coming, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stopped.done():
            return None
        part: Part | None = coming.result()
        return part
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError):
            await coming

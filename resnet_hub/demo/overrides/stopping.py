"""How a visitor's run is stopped, whatever the browser still knows of it.

Leans on `cancels`, whose event makes the browser name the run that is to end: gradio then takes it out of the queue, or
cancels its task. Both are needed here, and neither is enough: see `Stops`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any, TypeVar

Part = TypeVar("Part")


class Stops:
    """The runs of visitors, each of whom can stop the latest.

    Besides gradio's `cancels`, which takes a run out of the queue too, but relies on the browser to name it: a run that
    begins before the answers about the last one are there is not known, and would go on to its end.
    """

    def __init__(self) -> None:
        """Nobody's run."""
        self._stops: dict[str | None, asyncio.Event] = {}

    def stop(self, visitor: str | None) -> None:
        """Ends the visitor's run, if there is one. To be called on the event loop of the runs."""
        if (stop := self._stops.get(visitor)) is not None:
            stop.set()

    async def parts(
        self, visitor: str | None, run: AsyncGenerator[Part, None], last: Part
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
            if stop.is_set():
                yield last
        finally:
            stopped.cancel()
            if self._stops.get(visitor) is stop:
                del self._stops[visitor]


def cancel_on(
    listener: Callable[..., Any], run: Any, function: Callable[..., Any] | None = None, outputs: Any = None
) -> None:
    """Cancels a run when something happens in the browser, and calls a function beside the queue.

    Args:
        listener: What happens, such as `button.click`.
        run: The event that began the run.
        function: Called with the request where it asks for it; nothing but the run's end where absent.
        outputs: What the function fills.
    """
    listener(function, None, outputs, cancels=[run], queue=False, api_visibility="private")


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

"""Runs of visitors: each can stop the latest of their own, and nobody else's."""

import asyncio

import pytest

from resnet_hub.demo.overrides.stopping import Stops


class Page:
    """As much of a page as is asked when a run is stopped; nothing waits in its queue."""

    def __init__(self):
        self._queue = self

    async def end_waiting(self, _visitor, _function):
        pass


async def endless(closed):
    try:
        yield 1
        yield 2
        await asyncio.Event().wait()
    finally:
        closed.append(True)


async def collected(run):
    return [part async for part in run]


def test_a_run_that_nobody_stops_comes_whole():
    async def short():
        yield 1
        yield 2

    assert asyncio.run(collected(Stops(Page()).parts("alice", short(), "stopped"))) == [1, 2]


def test_a_run_that_is_stopped_ends_with_what_came_and_is_closed():
    async def stopping():
        stops, closed = Stops(Page()), []
        run = asyncio.create_task(collected(stops.parts("alice", endless(closed), "stopped")))
        await asyncio.sleep(0.01)
        assert not await stops.stop("bob")
        await asyncio.sleep(0.01)
        assert not run.done()
        assert await stops.stop("alice")
        return await run, closed

    assert asyncio.run(stopping()) == ([1, 2, "stopped"], [True])


def test_the_end_of_an_older_run_leaves_the_later_one_to_be_stopped():
    async def stopping():
        stops, older, later = Stops(Page()), [], []
        first = asyncio.create_task(collected(stops.parts("alice", endless(older), "stopped")))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(collected(stops.parts("alice", endless(later), "stopped")))
        await asyncio.sleep(0.01)
        first.cancel()  # as gradio does
        await asyncio.wait({first})
        assert older
        assert not later
        await stops.stop("alice")
        await asyncio.wait_for(second, 1)
        return later

    assert asyncio.run(stopping()) == [True]


def test_what_fails_in_a_run_fails_outside_of_it():
    async def failing():
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(collected(Stops(Page()).parts("alice", failing(), "stopped")))

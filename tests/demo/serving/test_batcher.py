"""Images of many visitors in one batch: who goes together, who gets which answer, who may spoil it for others."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from resnet_hub.demo.serving.batcher import Batcher

BAD = 255


class Network:
    """Answers an image with its first pixel; keeps the sizes of its batches; runs when `go` is set."""

    def __init__(self):
        self.batches, self.go, self.busy = [], threading.Event(), threading.Event()
        self.go.set()

    def __call__(self, pixels):
        self.busy.set()
        assert self.go.wait(60)
        self.batches.append(pixels[:, 0, 0, 0].tolist())
        if (pixels == BAD).any():
            raise ValueError("a bad picture")
        return pixels[:, 0, 0, :1].float()


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def answers(network):
    """Runs `visitors`, an async function of a batcher of 4 at most, and returns what it returns."""

    def run(visitors):
        with ThreadPoolExecutor(1) as pool:
            return asyncio.run(visitors(Batcher(network, pool, 4)))

    return run


def image(number):
    return torch.full((3, 2, 2), number, dtype=torch.uint8)


def ask(batcher, number):
    return asyncio.ensure_future(batcher.scores(image(number)))


async def until_busy(network):
    """Until a batch is at the network, which waits for `go`."""
    while not network.busy.is_set():
        await asyncio.sleep(0.001)


async def behind_one(network, batcher, numbers):
    """Visitors who come while the network is busy with image 0."""
    network.go.clear()
    first = ask(batcher, 0)
    await until_busy(network)
    later = [ask(batcher, number) for number in numbers]
    await asyncio.sleep(0)
    return first, later


async def the_others(network, *waiting):
    network.go.set()
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_a_lone_image_goes_at_once(network, answers):
    assert answers(lambda batcher: batcher.scores(image(7))).tolist() == [7.0]
    assert network.batches == [[7]]


def test_all_who_wait_go_together_in_the_order_they_came(network, answers):
    async def visitors(batcher):
        first, later = await behind_one(network, batcher, (3, 1, 2))
        return [row.item() for row in await the_others(network, first, *later)]

    assert answers(visitors) == [0, 3, 1, 2]
    assert network.batches == [[0], [3, 1, 2]]


def test_no_batch_is_larger_than_allowed(network, answers):
    async def visitors(batcher):
        first, later = await behind_one(network, batcher, range(1, 10))
        return [row.item() for row in await the_others(network, first, *later)]

    assert answers(visitors) == list(range(10))
    assert network.batches == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9]]


def test_a_bad_image_spoils_nobody_else_s_answer(network, answers):
    async def visitors(batcher):
        first, later = await behind_one(network, batcher, (1, BAD, 2))
        return await the_others(network, first, *later)

    _, one, bad, two = answers(visitors)
    assert (one.item(), two.item()) == (1, 2)
    assert str(bad) == "a bad picture"


def test_who_gives_up_leaves_the_line(network, answers):
    async def visitors(batcher):
        first, later = await behind_one(network, batcher, (1, 2, 3))
        later[1].cancel()
        return await the_others(network, first, *later)

    _, one, gone, three = answers(visitors)
    assert (one.item(), three.item()) == (1, 3)
    assert isinstance(gone, asyncio.CancelledError)
    assert network.batches == [[0], [1, 3]]


def test_the_places_of_those_who_gave_up_go_to_others(network, answers):
    async def visitors(batcher):
        first, later = await behind_one(network, batcher, range(1, 8))
        for gone in later[:3]:
            gone.cancel()
        return await the_others(network, first, *later)

    answers(visitors)
    assert network.batches == [[0], [4, 5, 6, 7]]


def test_who_gives_up_while_the_network_is_at_it_does_not_stop_the_others(network, answers):
    async def visitors(batcher):
        first, later = await behind_one(network, batcher, (1,))
        first.cancel()
        return await the_others(network, first, *later)

    gone, one = answers(visitors)
    assert isinstance(gone, asyncio.CancelledError)
    assert one.item() == 1


def test_the_next_visitor_after_an_error_is_answered(network, answers):
    async def visitors(batcher):
        with pytest.raises(ValueError, match="bad picture"):
            await batcher.scores(image(BAD))
        return await batcher.scores(image(5))

    assert answers(visitors).item() == 5


def test_batchers_that_share_a_thread_take_turns(network):
    async def visitors(pool):
        first, second = Batcher(network, pool, 4), Batcher(network, pool, 4)
        waiting = [ask(first, 1), ask(second, 2), ask(first, 3)]
        return [row.item() for row in await asyncio.gather(*waiting)]

    with ThreadPoolExecutor(1) as pool:
        assert asyncio.run(visitors(pool)) == [1, 2, 3]
    assert sorted(map(sorted, network.batches)) == [[1, 3], [2]]

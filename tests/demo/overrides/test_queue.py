"""Many programs at one page: who finds no place, waits too long or leaves, and what the others notice of it."""

import asyncio
import json
import threading
import time
from contextlib import asynccontextmanager, contextmanager

import pytest
from browsing import served_page
from color_network import COLORS, LABELS, save_color_network, solid

from benchmarks.visitors import Best, Page, RefusedError, classify, completed, connected, join, upload
from resnet_hub.classifier import ImageClassifier
from resnet_hub.demo.fields import endpoints
from resnet_hub.demo.overrides import queue as page_queue

AT_ONCE = 2


class Gate:
    """A network that answers when it may, and keeps the sizes of its batches."""

    def __init__(self, monkeypatch):
        self.open, self.batches = threading.Event(), []
        self.open.set()
        answer = ImageClassifier.scores_of

        def scores_of(classifier, pixels):
            self.batches.append(len(pixels))
            assert self.open.wait(60)
            return answer(classifier, pixels)

        monkeypatch.setattr(ImageClassifier, "scores_of", scores_of)

    @contextmanager
    def shut(self):
        self.batches.clear()
        self.open.clear()
        yield
        self.open.set()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colors")
    save_color_network(folder)
    return folder


@pytest.fixture
def gate(monkeypatch):
    monkeypatch.setattr(endpoints, "AT_ONCE", AT_ONCE)
    return Gate(monkeypatch)


@pytest.fixture
def serve(gate, checkpoint, tmp_path, monkeypatch):
    """Serves a page that works on two requests at a time; gives how to ask it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))

    @contextmanager
    def served(**settings):
        with served_page(checkpoint, **settings) as chosen:
            yield Page(chosen.port, (1, ""), lambda answer: Best(**_pair(answer["predictions"][0])))

    return served


def _pair(found):
    return {"label": found["label"], "score": found["score"]}


@pytest.fixture
def image(tmp_path):
    solid(COLORS[0]).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@asynccontextmanager
async def visitors(page, image, count):
    """So many visitors who have uploaded an image, each with a connection of its own."""
    async with connected(page.port, count) as connections:
        yield [(connection, await upload(connection, image)) for connection in connections]


async def wait(connection, page, path):
    """Takes a place in the queue and listens for the answer, which does not come yet."""
    stream = await join(connection, page, path)
    await connection.send("GET", stream)


async def until(happened):
    """Until it has happened; fails after a minute."""
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0.005)


def test_who_finds_no_place_reads_a_sentence_and_the_others_are_answered(serve, gate, image):
    async def scene(page):
        async with visitors(page, image, AT_ONCE + 2 + 3) as crowd:
            with gate.shut():
                for connection, path in crowd[:AT_ONCE]:
                    await wait(connection, page, path)
                for connection, path in crowd[AT_ONCE : AT_ONCE + 2]:
                    await wait(connection, page, path)
                refusals = [await refusal(connection, page, path) for connection, path in crowd[AT_ONCE + 2 :]]
            answers = [completed((await connection.answer())[1]) for connection, _ in crowd[: AT_ONCE + 2]]
        return refusals, [answer["predictions"][0]["label"] for answer in answers]

    with serve(max_queue=2) as page:
        refusals, labels = asyncio.run(scene(page))
    sentence = "2 questions are waiting already, and more would wait too long; please ask again in a moment."
    assert refusals == [f"503 {json.dumps({'detail': sentence}, separators=(',', ':'))}"] * 3
    assert labels == [LABELS[0]] * 4


async def refusal(connection, page, path):
    with pytest.raises(RefusedError) as caught:
        await join(connection, page, path)
    return str(caught.value)


def test_who_waits_too_long_reads_a_sentence(serve, gate, image):
    async def scene(page):
        async with connected(page.port, 1) as [connection]:
            with gate.shut(), pytest.raises(RefusedError) as caught:
                await classify(connection, page, image)
            return str(caught.value), await classify(connection, page, image)

    with serve(answer_seconds=1) as page:
        refused, after = asyncio.run(scene(page))
    assert "There was no answer within 1 seconds, because many are waiting; please try again later." in refused
    assert after.label == LABELS[0]


def test_those_who_leave_free_their_places(serve, gate, image):
    async def scene(page):
        async with visitors(page, image, 1) as [(late, path)]:
            with gate.shut():
                async with visitors(page, image, AT_ONCE + 2) as crowd:
                    await wait(crowd[0][0], page, crowd[0][1])
                    await until(lambda: gate.batches)
                    for connection, uploaded in crowd[1:]:
                        await wait(connection, page, uploaded)
                    await asyncio.sleep(0.2)  # the second one is decoded and waits for the network
                async with asyncio.timeout(60):
                    while not await joined(late, page, path):
                        await asyncio.sleep(0.05)
            return completed((await late.answer())[1])

    async def joined(connection, page, path):
        try:
            await wait(connection, page, path)
        except RefusedError:
            return False
        return True

    with serve(max_queue=2) as page:
        answer = asyncio.run(scene(page))
    assert answer["predictions"][0]["label"] == LABELS[0]
    # One image was at the network when they left; nothing was computed for the other three.
    assert gate.batches == [1, 1]


def test_nothing_is_kept_of_answered_requests(serve, image, monkeypatch):
    monkeypatch.setattr(page_queue, "REMEMBERED", 5)
    lines = []
    push = page_queue.PageQueue.push

    async def watched(line, *arguments, **named):
        lines.append(line)
        return await push(line, *arguments, **named)

    monkeypatch.setattr(page_queue.PageQueue, "push", watched)

    async def scene(page):
        async with connected(page.port, 1) as [connection]:
            for _ in range(12):
                await classify(connection, page, image)

    with serve() as page:
        asyncio.run(scene(page))
        line, patience = lines[0], time.monotonic() + 60
        while line.event_ids_to_events and time.monotonic() < patience:  # the last is forgotten after its answer
            time.sleep(0.02)
    assert len(line.pending_event_ids_session) <= 6
    assert len(line.event_analytics) == 1
    assert line.event_ids_to_events == {}

"""Visitors of a Gradio page as a light program sees it: plain HTTP with keep-alive, each with an image of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Self

BOUNDARY = "a-boundary-that-no-image-holds"
PATIENCE = 120
"""Seconds that a visitor waits for one answer at most."""


@dataclass(frozen=True)
class Best:
    """The best class of an answer."""

    label: str
    score: float


class RefusedError(Exception):
    """The page answered, but with an error; the text is what it said."""


@dataclass
class Tally:
    """What one or more visitors met."""

    seconds: list[float] = field(default_factory=list)
    """One for each right answer, from the first byte of the upload to the last of the answer."""
    wrong: list[str] = field(default_factory=list)
    """Answers to another image than the one that was sent."""
    errors: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Counts another tally in."""
        self.seconds += other.seconds
        self.wrong += other.wrong
        self.errors += other.errors


class Connection:
    """One HTTP connection that stays open from request to request."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use `open`."""
        self.port, self._reader, self._writer = port, reader, writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """A connection to a port of this machine."""
        return cls(port, *await asyncio.open_connection("127.0.0.1", port, limit=2**20))

    async def close(self) -> None:
        """Hangs up."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def send(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> None:
        """Sends a request without waiting for the answer."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        await self._writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer, streams to their end."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        if headers.get("transfer-encoding") != "chunked":
            body = await self._reader.readexactly(int(headers["content-length"]))
        else:
            body = b""
            while size := int(await self._reader.readline(), 16):
                body += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readline()
        return int(head[0].split()[1]), body

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
        """The body of a good answer. Raises: RefusedError."""
        await self.send(method, path, body, kind)
        status, answer = await self.answer()
        if status != 200:
            raise RefusedError(f"{status} {answer.decode('utf-8', 'replace')[:300]}")
        return answer


@asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """So many connections, closed with the block."""
    connections = [await Connection.open(port) for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            await connection.close()


@dataclass(frozen=True)
class Page:
    """How one page is asked."""

    port: int
    more: tuple[Any, ...]
    """What /predict takes behind the image."""
    best: Callable[[Any], Best]
    """Its first output -> the best class."""


async def upload(connection: Connection, image: Path) -> str:
    """Where the page keeps the image now."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{image.name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + image.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return json.loads(await connection.ask("POST", "/gradio_api/upload", body, kind))[0]


async def join(connection: Connection, page: Page, path: str) -> str:
    """Takes a place in the queue; the path of the stream that will bring the answer."""
    image = {"path": path, "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [image, *page.more]}).encode()
    event = json.loads(await connection.ask("POST", "/gradio_api/call/predict", body))["event_id"]
    return f"/gradio_api/call/predict/{event}"


def completed(stream: bytes) -> Any:
    """The first output in a stream of events that has ended. Raises: RefusedError."""
    for event in stream.decode().split("\n\n"):
        kind, _, data = event.partition("\ndata: ")
        if kind == "event: complete":
            return json.loads(data)[0]
        if kind == "event: error":
            raise RefusedError(f"event {data[:300]}")
    raise RefusedError("the stream ended without an answer")


async def classify(connection: Connection, page: Page, image: Path) -> Best:
    """Uploads an image and waits for its answer. Raises: RefusedError."""
    stream = await join(connection, page, await upload(connection, image))
    return page.best(completed(await connection.ask("GET", stream)))


async def visit(page: Page, image: Path, expected: Best, until: float, tolerance: float) -> Tally:
    """Asks again and again, as soon as the last answer is there, until the clock shows `until`."""
    tally = Tally()
    connection = await Connection.open(page.port)
    while (started := perf_counter()) < until:
        try:
            found = await asyncio.wait_for(classify(connection, page, image), PATIENCE)
        except (RefusedError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            tally.errors.append(f"{type(error).__name__}: {error}")
            await connection.close()
            connection = await Connection.open(page.port)
            continue
        if found.label == expected.label and abs(found.score - expected.score) <= tolerance:
            tally.seconds.append(perf_counter() - started)
        else:
            tally.wrong.append(f"{image.name}: {found}, expected {expected}")
    await connection.close()
    return tally


async def load(page: Page, expected: dict[Path, Best], seconds: float, tolerance: float) -> Tally:
    """What the visitors met, one for each image, all at once for so many seconds."""
    until = perf_counter() + seconds
    total = Tally()
    for tally in await asyncio.gather(
        *(visit(page, image, best, until, tolerance) for image, best in expected.items())
    ):
        total.add(tally)
    return total


async def alone(page: Page, images: list[Path]) -> dict[Path, Best]:
    """What the page says of each image when nobody else asks."""
    async with connected(page.port, 1) as [connection]:
        return {image: await classify(connection, page, image) for image in images}

"""Hard cases of a page with many visitors: a full line, people who leave, somebody's slow download."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from benchmarks.race import VISITORS, our_page
from benchmarks.servers import serving
from benchmarks.visitors import Page, RefusedError, Tally, alone, classify, completed, connected, join, load, upload

SLOW_SECONDS = 15


async def crowd(model: Path, images: list[Path]) -> None:
    """Prints a line for each hard case."""
    for case in (full_line, leaving, slow_load):
        print(f"- {await case(model, images)}", flush=True)


async def full_line(model: Path, images: list[Path]) -> str:
    """Four times as many visitors at once as there are places."""
    with serving(["app.py", str(model)], {"RESNET_HUB_MODELS": "", "RESNET_HUB_MAX_QUEUE": "8"}) as server:
        page = our_page(server)
        answered, said = await _all_at_once(page, images[0], 4 * VISITORS)
    return f"line of 8, {4 * VISITORS} visitors at once: {answered} answered, {_format_refusals(said)}"


async def leaving(model: Path, images: list[Path]) -> str:
    """The line is filled, all leave, and one more comes."""
    with serving(["app.py", str(model)], {"RESNET_HUB_MODELS": "", "RESNET_HUB_MAX_QUEUE": "64"}) as server:
        page = our_page(server)
        async with connected(page.port, 1) as [late]:
            await classify(late, page, images[0])
            started = time.perf_counter()
            await classify(late, page, images[0])
            usual = time.perf_counter() - started
            async with connected(page.port, 80) as crowd:
                paths = [await upload(connection, images[0]) for connection in crowd]
                streams = [await join(*asked) for asked in zip(crowd, [page] * 80, paths, strict=True)]
                for connection, stream in zip(crowd, streams, strict=True):
                    await connection.send("GET", stream)
            started = time.perf_counter()
            await classify(late, page, images[0])
            after = time.perf_counter() - started
    return (
        f"80 visitors join and leave at once: the next is answered in {1e3 * after:.0f} ms, alone {1e3 * usual:.0f} ms"
    )


async def slow_load(model: Path, images: list[Path]) -> str:
    """Eight visitors at work; one more asks for a network that takes long to come, and asks again when it is there."""
    with TemporaryDirectory() as folder:
        other = Path(shutil.copytree(model, Path(folder) / "slow-to-come"))
        environment = {"RESNET_HUB_MODELS": str(other), "RESNET_HUB_LOAD_SECONDS": str(SLOW_SECONDS // 3)}
        with serving(["-m", "benchmarks.slow_page", str(SLOW_SECONDS), str(model)], environment) as server:
            page = our_page(server)
            expected = await alone(page, images[:8])
            await load(page, expected, 2, 0.1)
            before = await load(page, expected, SLOW_SECONDS, 0.1)
            waiting = asyncio.ensure_future(_all_at_once(our_page(server, other.name), images[0], 1))
            during = await load(page, expected, SLOW_SECONDS + 3, 0.1)
            _, said = await waiting
            later, _ = await _all_at_once(our_page(server, other.name), images[0], 1)
    return (
        f"somebody's network takes {SLOW_SECONDS} s to come, where the page waits {SLOW_SECONDS // 3}: "
        f"{_format_refusals(said)}"
        f", then {later} answered; p95 of 8 others {_p95(before):,.0f} ms before, {_p95(during):,.0f} ms meanwhile, "
        f"{len(during.errors + during.wrong)} errors"
    )


def _p95(tally: Tally) -> float:
    return 1e3 * quantiles(tally.seconds, n=20)[-1]


async def _all_at_once(page: Page, image: Path, count: int) -> tuple[int, list[str]]:
    """How many visitors were answered, and what each of the others read."""
    async with connected(page.port, count) as connections:
        paths = [await upload(connection, image) for connection in connections]

        async def ask(place: int) -> str | None:
            connection = connections[place]
            try:
                stream = await join(connection, page, paths[place])
                completed(await connection.ask("GET", stream))
            except RefusedError as refusal:
                return str(refusal)
            return None

        said = await asyncio.gather(*map(ask, range(count)))
    return said.count(None), [text for text in said if text is not None]


def _format_refusals(said: list[str]) -> str:
    """The others and what they read, each sentence once."""
    return f"{len(said)} read " + "; ".join(sorted({f'"{text}"' for text in said})) if said else "nobody refused"

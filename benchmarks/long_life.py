"""A page after thousands of questions and dozens of networks: what it keeps in memory, open, and on the disk."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.race import our_page
from benchmarks.servers import serving
from benchmarks.visitors import Best, Connection, Page, Tally, alone, classify, connected

AT_A_TIME = 16
OTHERS = ("first-other", "second-other", "third-other")
WARM_UP = 500


async def long_life(model: Path, images: list[Path], requests: int, switches: int) -> None:
    """Prints what the page holds after a warm-up, after many requests, and after many networks came and went."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        for name in OTHERS:
            shutil.copytree(model, folder / name)
        environment = {
            "RESNET_HUB_MODELS": ",".join(str(folder / name) for name in OTHERS),
            "RESNET_HUB_MAX_MODELS": "2",
        }
        server = stack.enter_context(serving(["app.py", str(model)], environment))
        page = our_page(server)
        expected = await alone(page, images)

        def tell(moment: str) -> None:
            memory, files, threads, uploads = server.footprint()
            print(f"| {moment} | {memory:,.0f} | {files} | {threads} | {uploads} |", flush=True)

        print("| after | memory, MB | open files | threads | uploaded files |\n| --- | --- | --- | --- | --- |")
        tally = await _ask(page, expected, WARM_UP)
        await _switch(page, images[0], len(OTHERS))
        tell(f"{WARM_UP} requests and {len(OTHERS)} switches of the network, to warm up")
        for part in range(1, 3):
            tally.add(await _ask(page, expected, requests // 2))
            tell(f"{part * (requests // 2):,} more requests")
        for part in range(1, 3):
            await _switch(page, images[0], switches // 2)
            tell(f"{part * (switches // 2)} more switches")
        print(f"\n{len(tally.seconds):,} right answers, {len(tally.errors)} errors, {len(tally.wrong)} wrong")


async def _ask(page: Page, expected: dict[Path, Best], count: int) -> Tally:
    """So many questions, some at a time, each on the connection of one of a few visitors."""
    questions = iter([image for _ in range(count // len(expected) + 1) for image in expected][:count])
    tally = Tally()

    async def visitor(connection: Connection) -> None:
        for image in questions:
            best = await classify(connection, page, image)
            good = best.label == expected[image].label
            (tally.seconds if good else tally.wrong).append(0.0 if good else f"{image.name}: {best}")

    async with connected(page.port, AT_A_TIME) as connections:
        await asyncio.gather(*map(visitor, connections))
    return tally


async def _switch(page: Page, image: Path, count: int) -> None:
    """Asks one network after the other, of which only one finds room beside the page's own."""
    async with connected(page.port, 1) as [connection]:
        for number in range(count):
            await classify(connection, replace(page, more=(5, OTHERS[number % len(OTHERS)])), image)

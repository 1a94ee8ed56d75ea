"""Throughput and times of our page and of `gr.Interface(pipeline)` in turns, and how near ours is to the limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.servers import REPOSITORY, Server, serving
from benchmarks.visitors import Best, Page, Tally, alone, load

VISITORS = 32
TOLERANCE = 0.03
"""How far a score may lie from the one given alone: bfloat16 rounds differently in batches of another size."""


@dataclass
class Measured:
    """What was measured of one page."""

    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    server: float = 0.0
    """Seconds of the processor that the page used."""
    visitors: float = 0.0
    """Seconds of the processor that all visitors used."""

    @property
    def per_second(self) -> float:
        """Right answers in each second."""
        return len(self.tally.seconds) / self.seconds

    @property
    def cost(self) -> tuple[float, float]:
        """Milliseconds of the processor for each answer: the page's, the visitors'."""
        count = max(1, len(self.tally.seconds))
        return 1e3 * self.server / count, 1e3 * self.visitors / count

    def quantile(self, percent: int) -> float:
        """Milliseconds within which so many percent of the answers came."""
        return 1e3 * quantiles(self.tally.seconds, n=100)[percent - 1]

    async def add(self, server: Server, page: Page, expected: dict[Path, Best], seconds: float) -> None:
        """Adds some seconds of load to it."""
        started, before, mine = time.perf_counter(), server.processor_seconds(), time.process_time()
        self.tally.add(await load(page, expected, seconds, TOLERANCE))
        self.seconds += time.perf_counter() - started
        self.server += server.processor_seconds() - before
        self.visitors += time.process_time() - mine


def our_page(server: Server, model: str = "") -> Page:
    """How our page is asked, for its own network or another."""
    return Page(server.port, (5, model), lambda answer: _best(answer["predictions"][0]))


def _best(found: dict[str, Any]) -> Best:
    return Best(found["label"], found["score"])


def stock_page(server: Server) -> Page:
    """How `gr.Interface` is asked."""
    return Page(server.port, (), lambda answer: Best(answer["label"], answer["confidences"][0]["confidence"]))


async def expected_answers(page: Page, images: list[Path]) -> dict[Path, Best]:
    """One image for each visitor with the answer that it gets alone; no two are of one class."""
    by_label = {best.label: (image, best) for image, best in (await alone(page, images)).items()}
    if len(by_label) < VISITORS:
        raise SystemExit(f"error: {len(by_label)} classes among the images, but {VISITORS} visitors need one each")
    return dict(list(by_label.values())[:VISITORS])


async def race(model: Path, images: list[Path], seconds: float, rounds: int, int8: bool = False) -> None:
    """Prints the table of both pages, their ratios, and what the cores could give.

    Args:
        model: The network of all pages.
        images: What visitors send; int8 is calibrated on their folder.
        seconds: How long each page is under load.
        rounds: Turns that the seconds are cut into.
        int8: Whether our page is measured in int8 as well.
    """
    ours, stock = Measured(), Measured()
    quick = {"RESNET_HUB_PRECISION": "int8", "RESNET_HUB_CALIBRATION": str(images[0].parent)}
    with ExitStack() as stack:
        mine = stack.enter_context(serving(["app.py", str(model)], {"RESNET_HUB_MODELS": ""}))
        theirs = stack.enter_context(serving(["-m", "benchmarks.stock_interface", str(model)], {}, port_behind=True))
        entries = [(ours, mine, our_page(mine)), (stock, theirs, stock_page(theirs))]
        pages = {"resnet_hub": ours, "gr.Interface": stock}
        if int8:
            third = stack.enter_context(serving(["app.py", str(model)], {"RESNET_HUB_MODELS": "", **quick}))
            entries.append((pages.setdefault("resnet_hub, int8", Measured()), third, our_page(third)))
        answers = [await expected_answers(page, images) for _, _, page in entries]
        for turn in range(-1, rounds):  # the round before the first warms up and does not count
            for which in range(len(entries))[:: 1 if turn % 2 else -1]:
                measured, server, page = entries[which]
                with ExitStack() as still:
                    for other in entries[:which] + entries[which + 1 :]:
                        still.enter_context(other[1].held_still())
                    into = measured if turn >= 0 else Measured()
                    await into.add(server, page, answers[which], seconds / rounds if turn >= 0 else 2)
    print_rows(pages)
    for name, page in pages.items():
        if page is not stock:
            print(
                f"\n{name}: throughput {page.per_second / stock.per_second:.1f} times the stock page's (aim: 4), "
                f"p95 1/{stock.quantile(95) / page.quantile(95):.1f} of its (aim: 1/4)"
            )
    print()
    await print_bound(model, images, ours)


def print_rows(pages: dict[str, Measured]) -> None:
    """Prints a line for each page, and what went wrong, if anything did."""
    print("| page | answers/s | median ms | p95 ms | page's core-ms each | visitors' core-ms each | errors | wrong |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, page in pages.items():
        server, visitors = page.cost
        print(
            f"| {name} | {page.per_second:.1f} | {page.quantile(50):,.0f} | {page.quantile(95):,.0f} | {server:.1f} "
            f"| {visitors:.2f} | {len(page.tally.errors)} | {len(page.tally.wrong)} |"
        )
    for page in pages.values():
        for text in (page.tally.errors + page.tally.wrong)[:3]:
            print(text)


async def print_bound(model: Path, images: list[Path], ours: Measured) -> None:
    """Prints what an image costs one core, part by part, and what all cores could answer at that price."""
    network = _core_costs(model, images)
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "benchmarks.bound", "--tiny", folder], cwd=REPOSITORY, check=True)
        tiny = _core_costs(Path(folder), images)
        measured = Measured()
        with serving(["app.py", folder], {"RESNET_HUB_MODELS": ""}) as server:
            page = our_page(server)
            await measured.add(server, page, await alone(page, images[:VISITORS]), 5)
    http = max(0.0, measured.cost[0] - tiny["image"] - tiny["network"])
    visitors = ours.cost[1]
    parts = {"decoding, preprocessing": network["image"], "network": network["network"], "HTTP and gradio": http}
    cores = os.cpu_count() or 1
    bound = 1e3 * cores / (sum(parts.values()) + visitors)
    words = ", ".join(f"{name} {cost:.1f}" for name, cost in parts.items())
    print(f"core-ms for each answer ({network['precision']}): {words}, the visitors themselves {visitors:.1f}")
    print(f"so {cores} cores could answer {bound:.0f}/s; achieved / bound = {ours.per_second / bound:.2f}")


def _core_costs(model: Path, images: list[Path]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.bound", str(model), *map(str, images[:VISITORS])]
    return json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True).stdout)

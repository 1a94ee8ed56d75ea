"""One image, one class: an explanation as it grows, part by part, and the key by which it is known again."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import NamedTuple

from resnet_hub.demo.serving import Answer, Inference
from resnet_hub.errors import ConfigError
from resnet_hub.explain import (
    METHODS,
    PLACEMENTS,
    Agreement,
    BlockEffect,
    CoverEffect,
    HeatMap,
    StageMaps,
    agreement,
    block_effects,
    cover_effect,
    feature_maps,
    heat_map,
    occlusion_places,
)

USUAL_METHOD = "hires-cam"
OCCLUSION = "occlusion"


class Key(NamedTuple):
    """Which explanation a visitor's browser shows; the browser keeps it, so it is a stranger's text."""

    path: str | None = None
    """The image; None where a link asks for a class of an image to come."""
    network: str | None = None
    class_index: int | None = None
    """The class; None until it is known which is the best one."""
    method: str | None = None
    """None while the explanation is still being made."""
    best: int | None = None
    """The best class, where it is known."""
    overlap: float | None = None
    """How well HiResCAM and occlusion agree about this image and class, once both are known."""

    @classmethod
    def read(cls, text: object) -> Key | None:
        """The key of a text; None where it is none."""
        try:
            path, network, index, method, best, overlap = json.loads(str(text))
        except (ValueError, TypeError, RecursionError):
            return None
        kinds = {str: (path, network, method), int: (index, best)}
        if any(not isinstance(one, kind | None) for kind, ones in kinds.items() for one in ones):
            return None
        is_part = isinstance(overlap, float) and math.isfinite(overlap) and 0 <= overlap <= 1
        return cls(path, network, index, method if method in METHODS else None, best, overlap if is_part else None)

    @property
    def text(self) -> str:
        """The key as a text."""
        return json.dumps(self)

    @property
    def chosen(self) -> int | None:
        """The class, where a visitor chose it; None where it is the best one."""
        return None if self.class_index == self.best else self.class_index


@dataclass(frozen=True, eq=False)
class Explanation:
    """What is known of an explanation so far."""

    answer: Answer
    index: int
    """The class."""
    method: str
    agreement: Agreement | None = None
    """Whether HiResCAM and occlusion agree, once both are known and name a place."""
    covered: tuple[int, int] | None = None
    """Places that a running occlusion has covered, and how many there are."""
    seconds_left: float | None = None
    """How long the rest of them will take."""
    found: HeatMap | None = None
    effect: CoverEffect | None = None
    occlusion_seconds: float | None = None
    """How long an occlusion would take, by what covering some places took."""
    stages: list[StageMaps] | None = None
    blocks: list[BlockEffect] | ConfigError | None = None
    """What each block adds, or why there is no such table."""


async def explained(inference: Inference, start: Explanation) -> AsyncIterator[Explanation]:
    """The explanation, again whenever more of it is known: the map first, what it is worth, the stages, the blocks.

    Raises: PageError where a part takes too long, and what the parts raise.
    """
    known, answer = start, start.answer
    classifier = answer.model.classifier
    if known.method == OCCLUSION:
        yield replace(known, covered=(0, occlusion_places(answer.pixels)))
    started = perf_counter()
    async for part in heat_map_in_parts(inference, answer, known.index, known.method):
        if isinstance(part, HeatMap):
            known = replace(known, found=part, covered=None)
        else:
            (done, count), took = part, perf_counter() - started
            known = replace(known, covered=part, seconds_left=took / (done + 1) * (count - done))
        yield known
    known = await judged(inference, known)
    yield known
    known = replace(known, stages=await inference.explained(feature_maps, classifier, answer.pixels))
    yield known
    try:
        blocks = await inference.explained(block_effects, classifier, answer.pixels, known.index)
    except ConfigError as error:  # a network without shortcuts has no such table, and all the rest
        yield replace(known, blocks=error)
    else:
        yield replace(known, blocks=blocks)


async def judged(inference: Inference, known: Explanation) -> Explanation:
    """An explanation with what its map is worth, and with whether the methods agree where that takes one pass more."""
    answer, found = known.answer, known.found
    if found is None:
        return known
    classifier, started = answer.model.classifier, perf_counter()
    effect = await inference.explained(cover_effect, classifier, answer.pixels, found)
    seconds = (perf_counter() - started) / (PLACEMENTS + 2) * occlusion_places(answer.pixels)
    known = replace(known, effect=effect, occlusion_seconds=seconds if effect.covered else None)
    if known.method != OCCLUSION:
        return known
    usual = await inference.explained(heat_map, classifier, answer.pixels, known.index, USUAL_METHOD)
    if found.is_empty or usual.is_empty:  # with what names no place nothing can agree
        return known
    return replace(known, agreement=agreement(usual, found))


async def heat_map_in_parts(
    inference: Inference, answer: Answer, index: int, method: str
) -> AsyncIterator[tuple[int, int] | HeatMap]:
    """How many places have been covered, of how many, after each pass of an occlusion; at last the map.

    Nothing more is computed once nobody waits for the next part.
    """
    gone, passes = threading.Event(), asyncio.Queue[tuple[int, int]]()
    loop = asyncio.get_running_loop()

    def progress(done: int, count: int) -> None:
        loop.call_soon_threadsafe(passes.put_nowait, (done, count))

    classifier = answer.model.classifier
    work = partial(heat_map, classifier, answer.pixels, index, method, give_up=gone.is_set, progress=progress)
    running = asyncio.ensure_future(inference.explained(work))
    try:
        while not running.done():
            told = asyncio.ensure_future(passes.get())
            try:
                await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
                if told.done():
                    yield told.result()
            finally:
                told.cancel()
        yield await running
    finally:
        gone.set()
        running.cancel()

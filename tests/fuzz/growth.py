"""Does the work of a reader grow with the length of its text, or with the square of it?"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

FLOOR = 0.1
"""Processor seconds below which a text of full length has cost too little to be a danger."""
STEP = 8
MOST = 24
"""Times the cost that a text of `STEP` times the length may have: 8 is linear, 64 is quadratic."""


@dataclass(frozen=True)
class Growing:
    """A text of any length: a unit again and again, in which # is its number."""

    head: str
    unit: str
    tail: str

    def of(self, characters: int) -> str:
        """The text with about this many characters."""
        count = characters // max(1, len(self.unit))
        units = (self.unit.replace("#", str(number)) for number in range(count))
        return self.head + ("".join(units) if "#" in self.unit else self.unit * count) + self.tail


def check_growth(read: Callable[[str], object], text: Growing, characters: int) -> None:
    """Raises: AssertionError where the cost grows much faster than the text.

    What is measured is the processor time of this thread, which other programs hardly change. Both have to hold: that
    the text costs a tenth of a second, and that it costs more than it should, in the best of three measurements.
    """
    sizes = [characters // STEP**2, characters // STEP, characters]
    costs = [cost(read, text.of(sizes[0]))]
    for size in sizes[1:]:
        costs.append(cost(read, text.of(size)))
        if costs[-1] < FLOOR or costs[-1] < MOST * costs[-2]:
            continue
        again = [min(cost(read, text.of(length)) for _ in range(3)) for length in (size // STEP, size)]
        grown = min(again[1], costs[-1]) / max(min(again[0], costs[-2]), 1e-4)
        assert grown < MOST, f"{STEP} times the text cost {grown:.0f} times as much: {text}"


def cost(read: Callable[[str], object], text: str) -> float:
    """Processor seconds for one reading."""
    collecting = gc.isenabled()
    gc.disable()
    started = time.thread_time()
    read(text)
    taken = time.thread_time() - started
    if collecting:
        gc.enable()
    return taken
